#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# The n-th netlink request, mount or clone of topo up fails, for every n: a clear error, and nothing is left.
# timeout: 300
# build: debug
# asan: yes
"""NETLAB_FAULT=KIND:N, in debug and sanitizer builds, lets one request fail (netlab/base/fault.h).

The lab has a veth, a bridge with three ports and a router with routes, so all kinds of operations but the link
between the bridges of a big network; that one has a lab of its own, of which only the beginning is tried.
"""

import os
import re
import sys

sys.path.insert(0, os.environ["NETLAB_TOP"] + "/tests/lib")
from labtest import TMP, Audit, check, done, in_host, netlab, private_run, said, skip  # noqa: E402

RECIPE = """<lnstrecipe><network>
<host id="left">
 <interfaces><eth id="west" label="west"/><eth id="lan" label="lan"/></interfaces>
 <routes><route to="default" via="{ip(router,west)}"/><route to="default" via="{ip(router,west,1)}"/></routes>
</host>
<host id="router" forwarding="yes">
 <interfaces><eth id="west" label="west"/><eth id="east" label="east"/><eth id="lan" label="lan"/></interfaces>
</host>
<host id="right">
 <interfaces><eth id="east" label="east"/><eth id="lan" label="lan"/></interfaces>
 <routes><route to="{ip(left,west)}/32" via="{ip(router,east)}"/></routes>
</host>
</network></lnstrecipe>
"""
# What is about to be made; the path where that is a file system for all hosts.
OBJECT = re.compile(r'^(\S+\.xml:\d+:\d+: )?error: (.*: )?(host (left|router|right): |link \S+:\S+ (- \S+:\S+|to network "\w+"): '
                    r'|bridge of network "\w+": |(\w*mount\w*|\w+_tree|\w+_root) \S+: |clone3: )')
PER_KIND_MAX = 1000


def big_recipe():
    """Two bridges and a link between them."""
    hosts = "".join(f'<host id="b{i}"><interfaces>' + "".join(f'<eth id="e{j}" label="big"/>' for j in range(205)) +
                    "</interfaces></host>" for i in range(5))
    return f"<lnstrecipe><network>{hosts}</network></lnstrecipe>"


def up(recipe, fault):
    return netlab("topo", "up", "-n", "fault", recipe, env={**os.environ, "NETLAB_FAULT": fault})


def judge(fault, result):
    """What is wrong with a refusal, as text; empty when nothing is."""
    lines = result.stderr.splitlines()
    if result.returncode not in (3, 4):
        return f"{fault}: not exit 3 or 4: {said(result)}"
    if len(lines) != 1 or result.stdout:
        return f"{fault}: not one line: {said(result)}"
    if "injected fault" not in lines[0]:
        return f"{fault}: another error: {lines[0]}"
    if not OBJECT.match(lines[0]):
        return f"{fault}: the object is not named: {lines[0]}"
    if os.path.exists("/run/netlab"):
        return f"{fault}: there is still /run/netlab: {os.listdir('/run/netlab')}"
    return ""


def every(kind, recipe, least):
    """Let each one fail until the lab comes up."""
    audit = Audit()
    problems, kinds = [], set()
    for n in range(1, PER_KIND_MAX):
        result = up(recipe, f"{kind}:{n}")
        if result.returncode == 0:
            break
        problem = judge(f"{kind}:{n}", result)
        if problem:
            problems.append(problem)
            netlab("topo", "down", "--all")
        place = re.search(r"error: (?:host \w+: )?(\w+)", result.stderr)
        kinds.add(place.group(1) if place else "?")
    check(result.returncode == 0 and n > least, f"{kind}: the lab comes up when none is left to fail",
          f"n = {n}\n{said(result)}")
    print(f"# {kind}: {n - 1} that fail; the messages begin with: {' '.join(sorted(kinds))}")
    check(not problems, f"{kind}: each failure gives one clear line and exit 3 or 4", "\n".join(problems[:10]))
    alive = in_host("fault", "left", "ping", "-4", "-c", "1", "-W", "5", "right")
    check(alive.returncode == 0, f"{kind}: the lab that came up works", said(alive))
    down = netlab("topo", "down", "fault")
    check(down.returncode == 0, f"{kind}: it goes down", said(down))
    audit.check(f"{kind}: nothing is left")


def big(recipe):
    """The first requests make two bridges, the link between them, and the first port."""
    audit = Audit()
    problems, seen = [], ""
    for n in range(1, 7):
        result = up(recipe, f"netlink:{n}")
        seen += result.stderr
        problem = judge(f"netlink:{n}", result)
        if problem:
            problems.append(problem)
            netlab("topo", "down", "--all")
    check(not problems, "a big network: each failure gives one clear line", "\n".join(problems))
    check(seen.count('bridge of network "big"') == 4 and 'link b0:e0 to network "big"' in seen,
          "a big network: bridges, the link between them, and ports", seen)
    audit.check("a big network: nothing is left")


def main():
    private_run()
    recipes = {}
    for name, text in (("small", RECIPE), ("big", big_recipe())):
        recipes[name] = f"{TMP}/fault-{name}.xml"
        with open(recipes[name], "w", encoding="utf-8") as file:
            file.write(text)
    wrong = up(recipes["small"], "nothing")
    if wrong.returncode == 0:
        netlab("topo", "down", "--all")
        skip("needs programs that let requests fail (BUILD=debug)")
    check(wrong.returncode == 2 and "expected netlink:N" in wrong.stderr, "a wrong NETLAB_FAULT is refused", said(wrong))
    every("netlink", recipes["small"], 20)
    every("mount", recipes["small"], 20)
    every("clone", recipes["small"], 4)
    big(recipes["big"])
    done()


main()
