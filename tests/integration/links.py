#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Interfaces and routes of a running lab: made, changed and taken away by requests to its keeper; read back with ip.
# timeout: 120
# asan: yes
import json
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.environ["NETLAB_TOP"], "tests", "lib"))
from labtest import TMP, check, done, in_host, netlab, private_run, said  # noqa: E402

private_run()
RECIPE = os.path.join(TMP, f"links-{os.getpid()}.xml")
LAN = """<lnstrecipe><network>
<host id="h1"><interfaces><eth id="eth0" label="lan"/><eth id="pair" label="pair"/>
<bridge id="br" netns="blue"/></interfaces></host>
<host id="h2"><interfaces><eth id="eth0" label="lan"/><eth id="pair" label="pair"/></interfaces></host>
<host id="h3"><interfaces><eth id="eth0" label="lan"/></interfaces></host>
</network></lnstrecipe>
"""


class Keeper:
    """A client that speaks the RPC by hand: docs/rpc.md."""

    def __init__(self, lab):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(60)
        self.sock.connect(f"/run/netlab/{lab}/control")
        self.id = 0

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def call(self, method, **params):
        self.id += 1
        body = json.dumps({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params}).encode()
        self.sock.sendall(struct.pack(">I", len(body) + 1) + b"J" + body)
        while True:
            size, kind = struct.unpack(">Ic", self.read(5))
            answer = json.loads(self.read(size - 1))
            if kind == b"J" and answer.get("id") == self.id:
                return answer

    def good(self, method, **params):
        answer = self.call(method, **params)
        return answer["result"] if check("result" in answer, f"{method} {params.get('id', params.get('to', ''))}",
                                         answer) else {}

    def bad(self, text, words, method, **params):
        answer = self.call(method, **params)
        message = answer.get("error", {}).get("message", "")
        check(words in message, text, answer)


def ip(host, *args, netns=None):
    where = ["--netns", netns] if netns else []
    result = netlab("exec", *where, "links", host, "--", "ip", "-j", "-d", *args)
    return json.loads(result.stdout) if result.returncode == 0 and result.stdout else []


def addrs(host, dev, netns=None):
    found = ip(host, "addr", "show", "dev", dev, netns=netns)
    return [f"{a['local']}/{a['prefixlen']}" for a in found[0]["addr_info"] if a.get("scope") != "link"] if found else None


with open(RECIPE, "w", encoding="utf-8") as file:
    file.write(LAN)
up = netlab("topo", "up", "-n", "links", RECIPE)
if not check(up.returncode == 0, "a lab comes up", said(up)):
    done()
k = Keeper("links")

# --- how it is ---

eth0 = k.good("link.get", host="h1", id="eth0")
check(eth0.get("name") == "eth0" and eth0.get("kind") == "eth" and eth0.get("up") and eth0.get("carrier"),
      "an eth is up, with a carrier", eth0)
check(eth0.get("addresses", [])[:2] == ["10.0.0.1/24", "fd00:6e65:746c::1/64"], "its addresses in the recipe's order", eth0)
check(eth0.get("mac") == "52:54:01:00:00:01" and eth0.get("mtu") == 1500, "its address and MTU", eth0)
check(eth0.get("ifindex") == ip("h1", "link", "show", "dev", "eth0")[0]["ifindex"], "its index is that of ip", eth0)
check(eth0.get("stats", {}).get("tx_packets", -1) >= 0, "its counters", eth0)
check(k.good("link.get", host="h1", id="br").get("netns") == "blue", "the namespace of an interface", "")
k.bad("an unknown interface is named with the nearest", 'did you mean eth0?', "link.get", host="h1", id="eht0")
k.bad("an unknown host is named", 'no host "h9"', "link.get", host="h9", id="eth0")
k.bad("a stray member is refused", 'no member "x"', "link.get", host="h1", id="eth0", x=1)

# --- made ---

mv = k.good("link.add", host="h1", id="mv", kind="macvlan", slaves=[{"id": "eth0"}], mac="52:54:00:aa:00:01", mtu=1400,
            addresses=["10.0.0.77/24", "fd00:6e65:746c::77/64"])
check(mv.get("name") == "t_macvlan0" and mv.get("mac") == "52:54:00:aa:00:01" and mv.get("mtu") == 1400,
      "a macvlan has the name, address and MTU that it should", mv)
found = ip("h1", "link", "show", "dev", "t_macvlan0")
check(bool(found) and found[0]["linkinfo"]["info_kind"] == "macvlan" and "UP" in found[0]["flags"], "ip sees it, up", found)
check(addrs("h1", "t_macvlan0") == ["10.0.0.77/24", "fd00:6e65:746c::77/64"], "with its addresses", addrs("h1", "t_macvlan0"))
ping = in_host("links", "h2", "ping", "-c", "1", "-W", "5", "10.0.0.77")
check(ping.returncode == 0, "and it is reached", said(ping))
blue = k.good("link.add", host="h1", id="mvb", kind="macvlan", slaves=[{"id": "eth0"}], netns="blue", name="inblue",
              addresses=["10.0.0.78/24"])
check(blue.get("netns") == "blue" and bool(ip("h1", "link", "show", "dev", "inblue", netns="blue")),
      "one can be born in another namespace", blue)
ping = in_host("links", "h2", "ping", "-c", "1", "-W", "5", "10.0.0.78")
check(ping.returncode == 0, "and is reached there", said(ping))
eth1 = k.good("link.add", host="h2", id="more", kind="eth", network="lan", addresses=["10.0.0.99/24"])
ping = in_host("links", "h3", "ping", "-c", "1", "-W", "5", "10.0.0.99")
check(ping.returncode == 0 and eth1.get("name") == "more", "an eth joins a network with a bridge", said(ping))

k.bad("a taken id is refused", "is used already", "link.add", host="h1", id="mv", kind="bridge")
k.bad("a network of two has no room", "a third one needs a network with a bridge", "link.add", host="h1", id="x", kind="eth",
      network="pair")
k.bad("an unknown kind is named with the nearest", "did you mean macvlan?", "link.add", host="h1", id="x", kind="macvlam")
k.bad("an unknown option is named with the nearest", "did you mean mode?", "link.add", host="h1", id="x", kind="macvlan",
      slaves=[{"id": "eth0"}], options=[["mod", "bridge"]])
k.bad("an unknown namespace is named", 'no network namespace "red"', "link.add", host="h1", id="x", kind="bridge", netns="red")
k.bad("a slave must be there", "slave nosuch is no interface", "link.add", host="h1", id="x", kind="macvlan", slaves=[{"id": "nosuch"}])
k.bad("what the kernel refuses says which it was", "host h1: macvlan x: ", "link.add", host="h1", id="x", kind="macvlan", slaves=[{"id": "mvb"}, ],
      mtu=60000)
check(k.call("link.get", host="h1", id="x").get("error", {}).get("message", "").startswith("host h1 has no interface"),
      "and leaves nothing", "")
check(not ip("h1", "link", "show", "dev", "t_br0"), "also in the kernel", "")

# --- changed ---

changed = k.good("link.set", host="h1", id="mv", mtu=1300, mac="52:54:00:aa:00:02", up=False)
check(changed.get("mtu") == 1300 and changed.get("mac") == "52:54:00:aa:00:02" and not changed.get("up"),
      "MTU, address and state are changed", changed)
changed = k.good("link.set", host="h1", id="mv", up=True, flush_addresses=True, add_addresses=["10.0.0.80/24"])
check(addrs("h1", "t_macvlan0") == ["10.0.0.80/24"] and "10.0.0.80/24" in changed.get("addresses", []),
      "addresses are exchanged", changed)
changed = k.good("link.set", host="h1", id="mv", del_addresses=["10.0.0.80/24"])
check(addrs("h1", "t_macvlan0") == [], "and taken away", changed)
br = k.good("link.add", host="h3", id="br", kind="bridge", addresses=["10.9.0.1/24"])
k.good("link.set", host="h3", id="eth0", master="br", flush_addresses=True)
check(ip("h3", "link", "show", "dev", "eth0")[0].get("master") == br.get("name"), "an eth becomes a port", "")
check(k.good("link.get", host="h3", id="eth0").get("master") == "br", "which link.get tells", "")
k.good("link.set", host="h3", id="eth0", port_options=[["learning", "no"]])
check(ip("h3", "link", "show", "dev", "eth0")[0]["linkinfo"]["info_slave_data"]["learning"] is False, "with options of its own", "")
k.good("link.set", host="h3", id="br", options=[["stp_state", "1"]])
check(ip("h3", "link", "show", "dev", br["name"])[0]["linkinfo"]["info_data"]["stp_state"] == 1, "and the bridge with others", "")
k.good("link.set", host="h3", id="eth0", master=None)
check("master" not in ip("h3", "link", "show", "dev", "eth0")[0], "and is free again", "")
k.bad("a bad MTU is named", "mtu 10", "link.set", host="h1", id="mv", mtu=10)
k.bad("a bad address is named", '"x" is not an address', "link.set", host="h1", id="mv", add_addresses=["x"])
k.bad("a master in another namespace is refused", "is in another network namespace", "link.set", host="h1", id="mv", master="br")

# --- routes ---

k.good("route.add", host="h1", to="192.0.2.0/24", via="10.0.0.2")
check(any(r["dst"] == "192.0.2.0/24" and r.get("gateway") == "10.0.0.2" for r in ip("h1", "route")), "a route is there", ip("h1", "route"))
k.good("route.add", host="h1", to="2001:db8::/32", dev="eth0")
check(any(r["dst"] == "2001:db8::/32" for r in ip("h1", "-6", "route")), "one without a gateway", ip("h1", "-6", "route"))
k.bad("a second one is refused", "File exists", "route.add", host="h1", to="192.0.2.0/24", via="10.0.0.2")
k.good("route.del", host="h1", to="192.0.2.0/24", via="10.0.0.2")
check(not any(r["dst"] == "192.0.2.0/24" for r in ip("h1", "route")), "a route is gone", ip("h1", "route"))
k.bad("a gateway out of reach is refused", "route:", "route.add", host="h1", to="192.0.2.0/24", via="203.0.113.1")

# --- taken away ---

k.good("link.del", host="h1", id="mv")
check(not ip("h1", "link", "show", "dev", "t_macvlan0"), "a link is gone", "")
k.bad("also for the keeper", 'has no interface "mv"', "link.get", host="h1", id="mv")
again = k.good("link.add", host="h1", id="mv", kind="macvlan", slaves=[{"id": "eth0"}])
check(again.get("name") == "t_macvlan0", "its id and name can be used again", again)
inspect = json.loads(netlab("topo", "inspect", "links", "--json").stdout)
ids = [i["id"] for h in inspect["topology"]["hosts"] if h["id"] == "h1" for i in h["interfaces"]]
check(ids == ["eth0", "pair", "br", "mvb", "mv"], "inspect knows what is there now", ids)
k.bad("the loopback of nobody cannot go", "has no interface", "link.del", host="h1", id="lo")
down = netlab("topo", "down", "links")
check(down.returncode == 0, "the lab goes down", said(down))
os.unlink(RECIPE)
done()
