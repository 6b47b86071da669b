#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# The page of netlab run --html: balanced, self-contained, everything escaped, nothing drawn over something else.
# timeout: 120
# asan: yes
"""Pages are read with html.parser, the drawings as the rectangles that they are made of."""
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.environ["NETLAB_TOP"] + "/tests/lib")
from labtest import NETLAB, TMP, check, done, private_run  # noqa: E402

VOID = {"meta", "input", "br", "img", "link", "hr"}
LINKS = {"src", "href", "srcset", "action", "data", "poster", "xlink:href", "formaction"}
HOSTILE = "</script><img src=x onerror=alert(1)> \"quotes\" 'and' & &amp; ]]> --> \u7f51\u7edc"


def is_(what, got, want):
    check(got == want, what, f"got:  {got!r}\nwant: {want!r}")


class Page(html.parser.HTMLParser):
    """Elements with their attributes and texts; what is wrong with the page."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.stack, self.wrong, self.elements, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        if self.stack:
            self.wrong.append(f"not closed: {self.stack}")

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.elements.append((tag, attrs, tuple(c for _, c in self.stack)))
        if tag not in VOID:
            self.stack.append((tag, attrs.get("class", "")))
        for name, value in attrs.items():
            if name.startswith("on"):
                self.wrong.append(f"handler {name} in {tag}")
            if name in LINKS and not value.startswith("#"):
                self.wrong.append(f"{tag} {name}={value}")
            if name == "style" and re.search(r"url|expression|[<>;]{2}", value):
                self.wrong.append(f"style {value}")

    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1][0] != tag:
            self.wrong.append(f"</{tag}> in {self.stack[-3:]}")
        else:
            self.stack.pop()

    def handle_data(self, data):
        self.texts.append((self.stack[-1] if self.stack else ("", ""), data))

    def all(self, tag, class_=None):
        return [a for t, a, _ in self.elements if t == tag and (class_ is None or class_ in a.get("class", "").split())]

    def text_of(self, class_):
        return [d for (_, c), d in self.texts if class_ in c.split()]


def boxes(page, nth=0):
    """Rectangles of hosts, and of the labels of networks and interfaces, in the n-th drawing."""
    hosts, labels = [], []
    seen = 0
    for tag, attrs, parents in page.elements:
        seen += tag == "svg"
        if seen != 1 + nth or tag != "rect" or "netns" in attrs.get("class", ""):
            continue
        x, y, w, h = (float(attrs[k]) for k in ("x", "y", "width", "height"))
        (hosts if attrs.get("class") == "box" else labels).append((x, y, x + w, y + h))
    return hosts, labels


def overlap(rects):
    return [(a, b) for i, a in enumerate(rects) for b in rects[i + 1:]
            if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]]


def host(name, ifaces, more=""):
    eths = "".join(f'<eth id="{i}" label="{quote(label)}"/>' for i, label in ifaces)
    return f'<host id="{name}"{more}><interfaces>{eths}</interfaces></host>'


def quote(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def run(work, recipes, name="page"):
    paths = []
    for file, hosts, tasks in recipes:
        paths.append(os.path.join(work, file))
        with open(paths[-1], "w", encoding="utf-8") as f:
            f.write(f"<recipe><network>{''.join(hosts)}</network>{tasks}</recipe>")
    out = os.path.join(work, name + ".html")
    ended = subprocess.run([NETLAB, "run", "--json", "--html", out, *paths], stdout=subprocess.PIPE, check=False)
    with open(out, encoding="utf-8") as f:
        return ended.returncode, Page(f.read())


def test_hostile(work):
    tasks = f"""<task label="{quote(HOSTILE)}">
        <run host="h2" desc="{quote(HOSTILE)}" command="printf '%s\\033[31m\\001\\377\\n' '{quote(HOSTILE.replace("'", ""))}'; exit 1"/>
        <run host="h1" command="sleep 60" bg_id="s"/>
        <run host="h1" module="Custom"><options><option name="{quote('<b>')}" value="{quote(HOSTILE)}"/></options></run>
        <kill host="h1" bg_id="s"/><ctl_wait seconds="0.01"/>
        </task>"""
    hosts = [host("h1", [("eth0", HOSTILE), ("1", "b")]), host("h2", [("eth0", HOSTILE), ("1", "b")])]
    code, page = run(work, [("hostile.xml", hosts, tasks)], "hostile")
    is_("hostile text: exit 1", code, 1)
    is_("hostile text: the page is right in itself", page.wrong, [])
    is_("hostile text: it makes no element", page.all("img"), [])
    is_("hostile text: one script, ours", len(page.all("script")), 1)
    is_("hostile text: the task's label", any(HOSTILE in d for _, d in page.texts), True)
    is_("hostile text: the network's label", HOSTILE[:20] in "".join(page.text_of("mid")), True)
    output = "".join(d for (t, _), d in page.texts if t == "pre")
    is_("hostile text: the output", HOSTILE.replace("'", "") + "^[[31m^A\ufffd" in output, True)
    is_("a failed command is unfolded", ["open" in a for a in page.all("details", "cmd")], [True, False, False, False, False])
    is_("bars: five, one of them in the background, one ends it",
        [len(page.all("a", c)) for c in ("bar", "bg", "end")], [5, 1, 1])
    ids = {a["id"] for _, a, _ in page.elements if "id" in a}
    is_("every link leads somewhere", [a["href"] for a in page.all("a") if a["href"][1:] not in ids], [])
    is_("no id is there twice", len(ids), len([1 for _, a, _ in page.elements if "id" in a]))


def test_plots(work):
    tasks = """<task><run host="h1" module="IcmpPing"><options><option name="addr" value="{ip(h2,eth0)}"/>
        <option name="count" value="5"/><option name="interval" value="0.01"/></options></run>
        <run host="h1" module="Custom"><options><option name="a" value="1"/></options></run></task>"""
    code, page = run(work, [("plot.xml", [host("h1", [("eth0", "n")]), host("h2", [("eth0", "n")])], tasks)], "plot")
    is_("plots: exit 0", code, 0)
    is_("plots: the page is right in itself", page.wrong, [])
    is_("one plot", len(page.all("figure", "plot")), 1)
    curves = page.all("path", "curve")
    is_("with five points", [len(re.findall("[ML]", c["d"])) for c in curves], [5])
    is_("all passed: nothing to filter", page.all("input"), [])


def said(page):
    """What the drawings say of each interface: {name: [kind, netem, addresses ...]}."""
    out, name = {}, None
    for (tag, class_), text in page.texts:
        if tag == "text" and class_ == "if":
            name = text
            out.setdefault(name, [])
        elif tag == "text" and class_ in ("kind", "netem", "addr") and name:
            out[name].append(text)
        elif tag == "text":
            name = None
    return out


def test_devices(work):
    h1 = """<host id="h1"><interfaces><eth id="eth0" label="n"/><eth id="eth1" label="m"/>
        <bridge id="br0"><slaves><slave id="eth0"/><slave id="eth1"><options><option name="cost" value="7"/></options></slave></slaves></bridge>
        <veth_pair><veth id="v0"/><veth id="v1" netns="blue"/></veth_pair></interfaces></host>"""
    code, page = run(work, [("devices.xml", [h1, host("h2", [("eth0", "n"), ("eth1", "m")])], "")], "devices")
    is_("devices: exit 0, a page that is right", (code, page.wrong), (0, []))
    is_("devices: a bridge, its ports below it", (len(page.all("path", "branch")), said(page)["t_br0"][0]), (4, "bridge"))
    is_("devices: what a bridge knows of a port", "cost 7" in said(page)["eth1"], True)
    is_("devices: the other end of a pair", said(page)["veth0"][0], "veth to veth1")
    is_("devices: a namespace is a box in its host", ("netns blue" in page.text_of("kind"), len(page.all("rect", "netns"))), (True, 2))
    is_("devices: one drawing for a desktop, one for a telephone",
        [len(page.all("div", c)) for c in ("wide", "narrow")], [1, 1])


def test_match(work):
    """Which machines of a pool the hosts are, and why."""
    recipe = os.path.join(work, "match.xml")
    with open(recipe, "w", encoding="utf-8") as f:
        f.write("""<recipe><network>
            <host id="h1"><params><param name="role" value="client"/><param name="memory" value="256M"/></params><interfaces>
            <eth id="a" label="n"><params><param name="driver" value="igb"/></params></eth></interfaces></host>
            <host id="h2"><interfaces><eth id="a" label="n"/></interfaces></host></network><task><run host="h1" command="true"/></task></recipe>""")
    out = os.path.join(work, "match.html")
    pool = os.path.join(os.environ["NETLAB_TOP"], "recipes/pool")
    ended = subprocess.run([NETLAB, "run", "--json", "--html", out, "--pool", pool, recipe], stdout=subprocess.PIPE, check=False)
    with open(out, encoding="utf-8") as f:
        page = Page(f.read())
    is_("match: exit 0, a page that is right", (ended.returncode, page.wrong), (0, []))
    is_("match: the table is unfolded", ["open" in a for a in page.all("details", "match")], [True])
    cells = [text for (tag, _), text in page.texts if tag in ("td", "span")]
    first = cells.index("h1")
    is_("match: the machine of a host, and why", cells[first:first + 4], ["h1", "small", "role = client", "memory = 256MiB"])
    nic = cells.index("NIC 2")
    is_("match: the NIC of an interface, and why", cells[nic - 2:nic + 3], ["h1", "a", "NIC 2", "driver = igb", "n = B"])
    is_("match: the drawing says it, too", page.text_of("kind")[:2], ["machine small", "256 MiB, 0.5 CPUs"])
    hosts = [json.loads(line) for line in ended.stdout.splitlines()]
    hosts = [e for e in hosts if e["event"] == "match"][0]["hosts"]
    is_("match: the event has the params", (hosts[0]["params"], hosts[0]["interfaces"][0]["params"], hosts[1]["params"]),
        ({"role": "client", "memory": "256MiB"}, {"driver": "igb"}, {}))
    is_("match: and the label of the recipe", hosts[0]["interfaces"][0]["label"], "n")


def test_several(work):
    good = [host("h1", [("eth0", "n")]), host("h2", [("eth0", "n")])]
    task = '<task><run host="h1" command="true"/></task>'
    bad = '<task quit_on_fail="yes"><run host="h1" command="false"/></task>' + task
    code, page = run(work, [("a.xml", good, task), ("b.xml", good, bad), ("c.xml", good, '<task><run hots=""/></task>'),
                            ("d.xml", good, "")], "several")
    is_("several recipes: exit 2", code, 2)
    is_("several recipes: the page is right in itself", page.wrong, [])
    is_("a section for each", [a["class"] for a in page.all("section")],
        ["recipe pass", "recipe fail", "recipe fail", "recipe pass"])
    is_("a line for each in the list", len(page.all("span", "name")), 4)
    why = page.text_of("why")
    is_("why they failed", [why[0], "unknown attribute hots" in why[1]], ["1 of 1 command failed, 1 task not run", True])
    is_("those that failed can be chosen", [a.get("type") for a in page.all("input")], ["checkbox"])


def test_layout(work):
    ring = [host(f"h{i}", [("left", f"link{i}"), ("right", f"link{(i + 1) % 20}")]) for i in range(20)]
    lan = [host(f"h{i}", [("eth0", "lan")]) for i in range(40)]
    mesh = [host(f"h{i}", [(f"p{k}", f"n{min(i, k)}-{max(i, k)}") for k in range(9) if k != i]) for i in range(9)]
    star = [host("hub", [(f"p{k}", f"a-network-with-a-long-name-{k}") for k in range(11)])] + [
        host(f"s{k}", [("eth0", f"a-network-with-a-long-name-{k}")]) for k in range(12)]
    long = [host("a-host-with-a-very-long-name-that-does-not-end-" + "x" * 10, [("eth0", "n" * 100)]),
            host("h", [("eth0", "n" * 100), ("eth1", "\u7f51" * 50), ("eth2", "m")])]
    for name, hosts in (("ring", ring), ("lan", lan), ("mesh", mesh), ("star", star), ("long", long), ("one", lan[:1])):
        code, page = run(work, [(name + ".xml", hosts, "")], name)
        is_(f"{name}: exit 0, a page that is right", (code, page.wrong), (0, []))
        for nth, svg in enumerate(page.all("svg", "topo")):
            rects, labels = boxes(page, nth)
            width, height = float(svg["width"]), float(svg["height"])
            what = f"{name}, drawing {nth + 1}"
            is_(f"{what}: every host is drawn", len(rects), len(hosts))
            is_(f"{what}: hosts do not overlap", overlap(rects), [])
            is_(f"{what}: labels do not overlap", overlap(labels), [])
            is_(f"{what}: all is inside the drawing",
                [r for r in rects + labels if r[0] < 0 or r[1] < 0 or r[2] > width + 1 or r[3] > height + 1], [])


def main():
    private_run()
    with tempfile.TemporaryDirectory(dir=TMP) as work:
        test_hostile(work)
        test_plots(work)
        test_devices(work)
        test_match(work)
        test_several(work)
        test_layout(work)
    done()


main()
