#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Python tasks change and make interfaces; every change is read back with ip and bridge.
# timeout: 300
# asan: yes
# vm: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"
cd "$work" || exit 4

cat >r.xml <<'XML'
<lnstrecipe>
  <network>
    <host id="h1"><interfaces>
      <eth id="nic" label="net"><addresses><address value="192.168.7.1/24"/></addresses></eth>
      <eth id="two" label="net"><addresses/></eth>
    </interfaces></host>
    <host id="h2"><interfaces><eth id="nic" label="net"><addresses><address value="192.168.7.2/24"/></addresses></eth></interfaces></host>
  </network>
  <task python="t.py"/>
</lnstrecipe>
XML

# The task's own check: what it says with what ip says.
head='from lnst.Controller.Task import ctl
import json
h1, h2 = ctl.get_host("h1"), ctl.get_host("h2")
nic, two = h1.get_interface("nic"), h1.get_interface("two")
def ip(text, host=h1):
    return json.loads(host.run("ip -j -d " + text).out() or "[]")
def link(name, host=h1):
    return ip("link show dev %s" % name, host)[0]
def addrs(name, host=h1):
    return ["%s/%d" % (a["local"], a["prefixlen"]) for a in ip("addr show dev %s" % name, host)[0]["addr_info"] if a["scope"] == "global"]
'

task() {
	{
		printf '%s' "$head"
		cat
	} >t.py
	run "$NETLAB" --json run r.xml
}
printed() { jq -r 'select(.event == "task_output" and .stream == "stdout") | .line' <<<"$out"; }
fault() { jq -r 'select(.event == "error") | "\(.file):\(.line): \(.message)"' <<<"$out"; }

task <<'PY'
nic.set_mtu(1400)
print(link("nic")["mtu"], int(nic.get_mtu()), nic.get_mtu())
nic.set_link_down()
print("UP" in link("nic")["flags"])
nic.set_link_up()
print("UP" in link("nic")["flags"])
before = nic.link_stats()
h1.run("ping -c 2 -i 0.1 %s" % h2.get_ip("nic"))
after = nic.link_stats()
print(after["tx_packets"] - before["tx_packets"] >= 2, after["devname"], after["hwaddr"] == str(nic.get_hwaddr()), nic.link_cpu_ifstat()["rx_bytes"] > 0)
PY
is 'no exception' "$(fault)" ''
is 'an MTU' "$(printed | sed -n 1p)" '1400 1400 1400'
is 'down and up' "$(printed | sed -n 2,3p | tr '\n' ' ')" 'False True '
is 'counters' "$(printed | sed -n 4p)" 'True nic True True'

task <<'PY'
address = nic.get_ip()
nic.set_addresses(["192.168.7.9/24", "fd00:7::9/64"])
print(addrs("nic"), address, nic.get_ip(1), nic.get_prefix(1), nic.get_ips().get_val()[:2])
nic.reset(ip="10.9.0.1/16")
print(addrs("nic"), nic.get_ip(1))
nic.set_addresses("192.168.7.1/24")
print(addrs("nic"), address == "192.168.7.1")
h1.run("ping -c 1 %s" % h2.get_ip("nic"))
nic.add_route("198.51.100.0/24")
print(ip("route show 198.51.100.0/24")[0]["dev"])
nic.del_route("198.51.100.0/24")
nic.enable_multicast()
print(ip("route show 198.51.100.0/24"), ip("route show 224.0.0.0/4")[0]["dev"])
nic.disable_multicast()
print(ip("route show 224.0.0.0/4"))
PY
is 'no exception' "$(fault)" ''
is 'other addresses, which values follow' "$(printed | sed -n 1p)" \
	"['192.168.7.9/24', 'fd00:7::9/64'] 192.168.7.9 fd00:7::9 64 [('192.168.7.9', '24'), ('fd00:7::9', '64')]"
is 'more of them' "$(printed | sed -n 2p | tr -d "[]',")" '192.168.7.9/24 10.9.0.1/16 fd00:7::9/64 fd00:7::9'
is 'the first one again' "$(printed | sed -n 3p)" "['192.168.7.1/24'] True"
is 'routes over an interface' "$(printed | sed -n 4,6p | tr '\n' ' ')" 'nic [] nic [] '
is 'the host is still reached' "$(jq -r 'select(.event == "verdict").failed' <<<"$out")" 0

task <<'PY'
br = h1.create_bridge(if_id="br", ip=["192.0.2.1/24"], options={"stp_state": 0}, slaves=[two])
name = str(br.get_devname())
print(link(name)["linkinfo"]["info_kind"], addrs(name), link("two").get("master") == name, br.get_type(), br.get_driver(), br.get_network())
print(str(br.get_ip()), str(br.get_prefix()), str(br.get_hwaddr()) == link(name)["address"].upper(), h1.get_interface("br") is br)
br.slave_del("two")
print(link("two").get("master"))
br.slave_add("two")
print(link("two").get("master") == name, h1.get_device(name).get_slaves())
two.set_br_learning(on=False, master=True)
two.set_br_flooding(on=False, master=True)
two.set_mcast_flood(False)
two.set_mcast_router(0)
two.set_br_state(3)
port = link("two")["linkinfo"]["info_slave_data"]
print(port["learning"], port["flood"], port["mcast_flood"], port["multicast_router"], port["state"])
br.set_br_mcast_snooping(False)
br.set_br_mcast_querier(True)
br.set_options({"ageing_time": 5000})
data = link(name)["linkinfo"]["info_data"]
print(data["mcast_snooping"], data["mcast_querier"], data["ageing_time"])
two.add_br_fdb("52:54:00:00:00:99", master=True)
found = [e for e in two.get_br_fdbs() if e["hwaddr"] == "52:54:00:00:00:99" and e["vlan_id"] == 0]
two.del_br_fdb("52:54:00:00:00:99", master=True)
print(found, [e for e in two.get_br_fdbs() if e["hwaddr"] == "52:54:00:00:00:99"])
br.destroy()
print(sorted(h1.get_interfaces()), h1.run("ip link show dev %s" % name, expect="fail").passed())
PY
is 'no exception' "$(fault)" ''
is 'a bridge with an address and a port' "$(printed | sed -n 1p)" "bridge ['192.0.2.1/24'] True bridge bridge None"
is 'it is an interface as others' "$(printed | sed -n 2p)" '192.0.2.1 24 True True'
is 'its port leaves' "$(printed | sed -n 3p)" None
is 'and joins' "$(printed | sed -n 4p)" "True ['two']"
is 'what a port does' "$(printed | sed -n 5p)" 'False False False 0 forwarding'
is 'what a bridge does' "$(printed | sed -n 6p)" '0 1 5000'
is 'its table' "$(printed | sed -n 7p)" \
	"[{'hwaddr': '52:54:00:00:00:99', 'vlan_id': 0, 'self': False, 'master': True, 'offload': False, 'extern_learn': False}] []"
is 'it goes' "$(printed | sed -n 8p)" "['nic', 'two'] True"

# --- kinds that a kernel may lack ---

# has KIND ARGUMENTS...: can this kernel make such a link? If not, say so as a skipped test.
has() {
	unshare --net sh -c 'ip link add veth1 type veth peer name veth2 && ip link add probe "$@"' sh "${@:2}" >/dev/null 2>&1 && return
	skipped "$1"
}

skipped() {
	n_tests=$((n_tests + 1))
	echo "ok $n_tests - $1 # SKIP $1 is missing in this kernel"
	return 1
}

# makes TEXT WANT: the task on standard input prints that, without an exception
makes() {
	cat >program
	task <program
	is "$1" "$(fault)$(printed)" "$2"
}

has macvlan link veth1 type macvlan && makes 'a macvlan' "macvlan ['10.8.0.1/24']" <<'PY'
m = h1.create_macvlan(nic, ip="10.8.0.1/24")
print(link(m.get_devname())["linkinfo"]["info_kind"], addrs(m.get_devname()))
PY
has vxlan type vxlan id 1 dstport 4789 && makes 'a VXLAN over which hosts reach each other' "7 True" <<'PY'
v = h1.create_vxlan(7, remote_ip=h2.get_ip("nic"), ip="10.8.2.1/24")
h2.create_vxlan(7, remote_ip=nic.get_ip(), ip="10.8.2.2/24")
print(link(v.get_devname())["linkinfo"]["info_data"]["id"], h1.run("ping -c 1 10.8.2.2").passed())
PY
has vlan link veth1 type vlan id 10 && makes 'a VLAN over which hosts reach each other' "10 True" <<'PY'
v = h1.create_vlan(nic, 10, ip=["10.8.1.1/24"])
h2.create_vlan(h2.get_interface("nic"), 10, ip="10.8.1.2/24")
print(link(v.get_devname())["linkinfo"]["info_data"]["id"], h1.run("ping -c 1 %s" % "10.8.1.2").passed())
PY
has bond type bond && makes 'a bond, its options and its port' "active-backup 100 True" <<'PY'
b = h1.create_bond(options={"mode": "active-backup", "miimon": 100}, slaves=[two])
data = link(b.get_devname())["linkinfo"]["info_data"]
print(data["mode"], data["miimon"], link("two").get("master") == str(b.get_devname()))
PY
has gre type gre local 127.0.0.1 remote 127.0.0.2 && makes 'a GRE tunnel' "0.0.0.7 True" <<'PY'
g = h1.create_gre(key=7, local_ip=nic.get_ip(), remote_ip=h2.get_ip("nic"), ip="10.8.3.1/24")
h2.create_gre(key=7, local_ip=h2.get_ip("nic"), remote_ip=nic.get_ip(), ip="10.8.3.2/24")
print(link(g.get_devname())["linkinfo"]["info_data"]["ikey"], h1.run("ping -c 1 10.8.3.2").passed())
PY
has ipip type ipip local 127.0.0.1 remote 127.0.0.2 && makes 'an IP in IP tunnel' "True" <<'PY'
h1.create_ipip(local_ip=nic.get_ip(), remote_ip=h2.get_ip("nic"), ip="10.8.4.1/24")
h2.create_ipip(local_ip=h2.get_ip("nic"), remote_ip=nic.get_ip(), ip="10.8.4.2/24")
print(h1.run("ping -c 1 10.8.4.2").passed())
PY
has dummy type dummy && makes 'a dummy' "['10.8.5.1/24'] dummy" <<'PY'
d = h1.create_dummy(ip="10.8.5.1/24")
print(addrs(d.get_devname()), d.get_driver())
PY
has team type team && command -v teamd >/dev/null && makes 'a team with a port' "True" <<'PY'
t = h1.create_team(config='{"runner": {"name": "roundrobin"}}', slaves=[two])
print(link("two").get("master") == str(t.get_devname()))
PY
has vlan_filtering type bridge vlan_filtering 1 && makes 'VLANs of a port' \
	"[{'vlan_id': 10, 'pvid': True, 'untagged': True}] []" <<'PY'
h1.create_bridge(options={"vlan_filtering": 1}, slaves=[two])
two.add_br_vlan(10, pvid=True, untagged=True)
print([v for v in two.get_br_vlans() if v["vlan_id"] == 10], end=" ")
two.del_br_vlan(10)
print([v for v in two.get_br_vlans() if v["vlan_id"] == 10])
PY
if unshare --net tc qdisc add dev lo root netem delay 1ms 2>/dev/null; then
	makes 'netem, and none again' 'netem True True' <<'PY'
nic.set_netem({"delay": {"time": "50ms"}})
q = json.loads(h1.run("tc -j qdisc show dev nic").out())[0]
print(q["kind"], h1.run("ping -c 2 -i 0.2 %s" % h2.get_ip("nic")).out().find("time=") > 0, end=" ")
nic.unset_netem()
print("netem" not in h1.run("tc qdisc show dev nic").out())
PY
else
	skipped netem
fi

# error TEXT MESSAGE: the program on standard input ends with it
error() {
	cat >program
	task <program
	is "$1" "$(jq -r 'select(.event == "error").message' <<<"$out")" "$2"
}
error 'an MTU out of range' 'TaskError: host h1: interface nic: mtu 10: it must be from 68 to 65535' <<<'nic.set_mtu(10)'
error 'no address' 'TaskError: host h1: interface nic: "x" is not an address' <<<'nic.set_addresses("x")'
error 'an id twice' 'TaskError: host h1: interface id "nic" is used already, in line 4' <<<'h1.create_bridge(if_id="nic")'
error 'a VXLAN goes somewhere' 'TaskError: Either group_ip or remote_ip must be specified.' <<<'h1.create_vxlan(7)'
error 'one key at a time' 'TaskError: ikey is overspecified' <<<'h1.create_gre(key=1, ikey=2)'
error 'no such address of a new one' 'TaskError: host h1: interface bridge0 has no address 5; it has 0' <<<'b = h1.create_bridge(); b.set_link_down(); str(b.get_ip(5))'
error 'no other namespace' 'TaskError: host h1: interface nic cannot change its namespace; the recipe says where it is' <<<'nic.reset(netns="x")'

# What is only a port of Open vSwitch is no interface that a task could ask; in user space, so that any kernel does.
sed 's|</interfaces></host>$|<ovs_bridge id="br"><options><option name="datapath_type" value="netdev"/></options>\
	<slaves><slave id="nic"/></slaves><tunnel id="t" type="vxlan"><options><option name="option:remote_ip" value="192.168.8.9"/></options></tunnel>\
	</ovs_bridge></interfaces></host>|' r.xml >ovs.xml
cat >t.py <<'PY'
from lnst.Controller.Task import ctl
h2 = ctl.get_host("h2")
print(sorted(h2.get_interfaces()), sorted(h2.get_configuration()["interfaces"]))
PY
run "$NETLAB" --json run ovs.xml
is 'a tunnel of Open vSwitch is no interface' "$(printed)$(fault)" "['br', 'nic'] ['br', 'nic']"

done_testing
