#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Without privileges: the same labs where user namespaces are allowed, one clear line where they are not.
# timeout: 120
# vm: yes
"""netlab as user 65534, which owns nothing here but two folders below NETLAB_TMP."""

import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.environ["NETLAB_TOP"] + "/tests/lib")
from labtest import DEADLINE, NETLAB, PAIR, TMP, TOP, Audit, check, done, private_run, said, skip  # noqa: E402

NOBODY = 65534
HOME = f"{TMP}/rootless"
RUN = f"{HOME}/run"
FILES = f"/var/tmp/netlab-rootless-{os.getpid()}"
FORBIDDEN = re.compile(r"error: not root, and (user namespaces are used up or forbidden|this machine does not allow user "
                       r"namespaces): run as root, or .*sysctl (user|kernel)\.\w+.* \[E(PERM|NOSPC)\]\n")


def command(*args):
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--", *args]


def user(*args, **options):
    """Run netlab as that user."""
    env = {"PATH": os.environ["PATH"], "HOME": HOME, "XDG_RUNTIME_DIR": RUN, "NETLAB_TMP": TMP}
    options = {"stdin": subprocess.DEVNULL, "timeout": DEADLINE, "env": env, **options}
    return subprocess.run(command(NETLAB, *args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, **options)


def in_host(host, script):
    return user("exec", "rootless", host, "--", "sh", "-c", script)


def need_user_namespaces():
    result = subprocess.run(command("unshare", "--user", "--map-root-user", "--net", "--mount", "true"),
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode:
        skip(f"needs user namespaces for unprivileged users: {result.stdout.strip()}")


def test_run():
    result = user("run", f"{TOP}/recipes/ping.xml")
    check(result.returncode == 0, "netlab run recipes/ping.xml passes", said(result))
    result = user("run", f"{TOP}/recipes/router.xml", f"{TOP}/recipes/lan3.xml")
    check(result.returncode == 0, "so do a router and a bridge", said(result))


def test_lab(recipe):
    result = user("topo", "up", "-n", "rootless", recipe)
    check(result.returncode == 0, "topo up", said(result))
    check(os.path.exists(f"{RUN}/netlab/rootless/control"), "the run directory is in XDG_RUNTIME_DIR")
    listed = json.loads(user("topo", "ls", "--json").stdout)
    check(listed["lab"] == "rootless" and os.stat(f"/proc/{listed['pid']}").st_uid in (0, NOBODY),
          "topo ls shows it, with its keeper", listed)
    with open(f"/proc/{listed['pid']}/status", encoding="utf-8") as status:
        check(f"Uid:\t{NOBODY}" in status.read(), "the keeper is that user's on the machine")
    # The lab of one user is nobody else's: root looks into /run/netlab.
    result = subprocess.run([NETLAB, "topo", "ls", "-q"], stdout=subprocess.PIPE, text=True, check=False)
    check(result.stdout == "", "another user does not see it", result.stdout)
    result = in_host("h1", "id -u; uname -n; ping -c 1 -W 5 h2 >/dev/null && echo reached")
    check(result.stdout == "0\nh1\nreached\n", "a host has a root, a name, and reaches the other", said(result))
    result = in_host("h1", "ip link add br0 type bridge && ip addr add 192.0.2.1/24 dev br0 && ip link set br0 up && "
                           "echo 1 >/proc/sys/net/ipv4/ip_forward && cat /proc/sys/net/ipv4/ip_forward")
    check(result.stdout == "1\n", "its root administers its network", said(result))
    result = in_host("h1", "touch /dev/shm/x /tmp/x /run/x && : </dev/null && : </dev/urandom && head -c 1 /dev/zero "
                           "| wc -c; stat -f -c %T /; ls /tmp /run/x")
    check(result.stdout == "1\noverlayfs\n/run/x\n\n/tmp:\nx\n" or result.stdout.startswith("1\noverlayfs\n"),
          "it has files and devices of its own", said(result))
    result = in_host("h1", "script -qec tty /dev/null </dev/null")
    check("/dev/pts/0" in result.stdout, "and terminals", said(result))
    for attempt in (": >/proc/sysrq-trigger", ": >/proc/sys/kernel/core_pattern", ": >/sys/power/state",
                    "mount -t tmpfs x /mnt", "mknod /tmp/b b 7 0", "mount -o remount,rw /proc", "cat /proc/1/environ"):
        result = in_host("h1", attempt)
        check(result.returncode and result.stderr, f"refused, as for a host of root: {attempt}", said(result))
    with open("/etc/passwd", encoding="utf-8") as file:
        check(in_host("h1", "cat /etc/passwd").stdout == file.read(), "it sees the machine's files")
    result = in_host("h1", "cat /home/file; echo host >/home/file; rm -r /home/dir; mkdir /root/new; cat /home/file")
    check(result.stdout == "machine\nhost\n" and not result.stderr, "it changes its copy of its user's", said(result))
    with open(f"{FILES}/file", encoding="utf-8") as file:
        check(file.read() == "machine\n" and os.path.exists(f"{FILES}/dir"), "the machine's stay as they are")
    check(in_host("h2", "cat /home/file; ls /home").stdout == "machine\ndir\nfile\n", "and so do the other host's")
    result = in_host("h1", "cat /etc/hostname; grep -c h2 /etc/hosts")
    check(result.stdout and int(result.stdout) >= 1 and "No such file" in result.stderr, "/etc has the lab's names",
          said(result))
    result = user("topo", "down", "rootless")
    check(result.returncode == 0, "topo down", said(result))
    check(os.listdir(RUN) == [], "its run directory is gone", os.listdir(RUN))


def without_user_namespaces(*args):
    """Run netlab as that user in a user namespace whose limit of further ones is 0."""
    inside = ("echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --reuid=1 --regid=1 --clear-groups "
              "--inh-caps=-all --bounding-set=-all -- \"$@\"")
    # The inner shell is executed once its user is mapped, and so has the namespace's privileges.
    outside = 'read -r _ && exec sh -c "$0" sh "$@" </dev/null'
    env = {"PATH": os.environ["PATH"], "HOME": HOME, "XDG_RUNTIME_DIR": RUN}
    with subprocess.Popen(["unshare", "--user", "sh", "-c", outside, inside, NETLAB, *args], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as child:
        end = time.monotonic() + DEADLINE
        while os.readlink(f"/proc/{child.pid}/ns/user") == os.readlink("/proc/self/ns/user"):
            if time.monotonic() > end:
                child.kill()
        for file in ("uid_map", "gid_map"):
            with open(f"/proc/{child.pid}/{file}", "w", encoding="ascii") as out:
                out.write(f"0 0 1\n1 {NOBODY} 1\n")
        stdout, stderr = child.communicate("\n", timeout=DEADLINE)
    return subprocess.CompletedProcess(args, child.returncode, stdout, stderr)


def test_forbidden(recipe):
    for args in (("topo", "up", recipe), ("run", recipe), ("--json", "topo", "up", recipe)):
        result = without_user_namespaces(*args)
        name = f"without user namespaces netlab {' '.join(a for a in args if a != recipe)}"
        if not check(result.returncode == 3, f"{name}: exit 3", said(result)):
            continue
        if "--json" in args:
            event = json.loads(result.stdout.splitlines()[-1])
            check(event["event"] == "error" and FORBIDDEN.match(f"error: {event['message']}\n"), f"{name}: says why",
                  said(result))
        else:
            errors = [line + "\n" for line in result.stderr.splitlines() if "error: " in line]
            check(len(errors) == 1 and FORBIDDEN.search(errors[0]), f"{name}: says why and what to do", said(result))
    check(os.listdir(RUN) == [], "nothing was begun", os.listdir(RUN))


def main():
    private_run()
    need_user_namespaces()
    scratch = os.path.dirname(TMP)
    mode = os.stat(scratch).st_mode & 0o7777
    os.chmod(scratch, mode | 0o711)
    os.makedirs(RUN)
    os.makedirs(f"{FILES}/dir")
    with open(f"{FILES}/file", "w", encoding="utf-8") as file:
        file.write("machine\n")
    for folder in (HOME, RUN, FILES, f"{FILES}/dir"):
        os.chown(folder, NOBODY, NOBODY)
        os.chmod(folder, 0o700)
    os.chown(f"{FILES}/file", NOBODY, NOBODY)
    recipe = f"{HOME}/pair.xml"
    with open(recipe, "w", encoding="utf-8") as file:
        file.write(PAIR.replace("<network>", "<network>\n"))
    os.chmod(recipe, 0o644)
    audit = Audit()
    # Only what belongs to the user, with all folders above it up to a file system's or the root's, can be changed in a host.
    subprocess.run(["mount", "--bind", FILES, "/home"], check=True)
    try:
        test_run()
        test_lab(recipe)
        test_forbidden(recipe)
    finally:
        user("topo", "down", "--all")
        subprocess.run(["umount", "/home"], check=False)
        os.chmod(scratch, mode)
        subprocess.run(["rm", "-rf", FILES], check=False)
    audit.check("nothing is left")
    done()


main()
