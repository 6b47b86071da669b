#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The module PktgenTx in a lab, with the packet generator of a kernel that has it; the other host sees what it sends.
# timeout: 60
# vm: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
[ -d /sys/module/pktgen ] && loaded=yes || loaded=no

pair_recipe "$work/pair.xml"
sed -i 's|</lnstrecipe>||' "$work/pair.xml"
cat >>"$work/pair.xml" <<-'XML'
	<task>
	<run host="h2" module="PacketAssert" bg_id="1"><options><option name="interface" value="{devname(h2,eth0)}"/>
	<option name="filter" value="udp dst port 9"/><option name="max" value="100"/></options></run>
	<run host="h1" module="PktgenTx"><options><option name="netdev_name" value="{devname(h1,eth0)}"/>
	<option name="pktgen_option" value="count 100"/><option name="pktgen_option" value="clone_skb 0"/>
	<option name="pktgen_option" value="dst {ip(h2,eth0)}"/><option name="pktgen_option" value="dst_mac {hwaddr(h2,eth0)}"/></options></run>
	<run host="h1" command="ping -q -c 3 -i 0.2 h2"/>
	<intr host="h2" bg_id="1"/>
	<run host="h1" module="PktgenTx"><options><option name="netdev_name" value="{devname(h1,eth0)}"/>
	<option name="pktgen_option" value="nonsense 1"/></options></run>
	</task></lnstrecipe>
XML
run netlab run --json "$work/pair.xml"
ends() { jq -c 'select(.event == "command_end")' <<<"$out"; }
if [ -e /proc/net/pktgen/pgctrl ]; then
	is 'it sends what it should' "$(ends | jq -r 'select(.module == "PktgenTx") | "\(.verdict) \(.data.packets) \(.message)"' | head -n 1 | cut -d , -f 1)" 'pass 100 100 packets'
	is 'the other host sees it' "$(ends | jq -r 'select(.data.packets_received != null) | .verdict')" pass
	like 'what pktgen refuses is told' "$(ends | jq -r 'select(.module == "PktgenTx") | "\(.verdict) \(.message)"' | tail -n 1)" \
		'^fail pktgen failed: [^:]*: "nonsense 1": '
else
	says='pair.xml:10:24: error: module PktgenTx needs the kernel.s module pktgen \(CONFIG_NET_PKTGEN\), which is not there: modprobe pktgen as root, or netlab run --kernel'
	run netlab run "$work/pair.xml"
	is 'a kernel without it: exit 3' "$status" 3
	like 'and why, before anything is built' "$err" "$says"
	run netlab doctor "$work/pair.xml"
	is 'doctor: exit 3' "$status" 3
	like 'doctor says the same' "$out" 'lacks  .*pair.xml:10:24: modules: module PktgenTx needs the kernel.s module pktgen'
	sed -i 's|<task>|<task python="task.py"/><task>|; /<run\|<option\|<intr/d; s|</task></lnst|<run host="h1" command="true"/></task></lnst|' "$work/pair.xml"
	cat >"$work/task.py" <<-'PY'
		from lnst.Controller.Task import ctl
		ctl.get_host("h1").run(ctl.get_module("PktgenTx", {"netdev_name": "x", "pktgen_option": "count 1"}))
	PY
	run netlab run "$work/pair.xml"
	like 'in a Python task, too' "$err$out" 'task.py:2: error: TaskError: .*PktgenTx needs the kernel.s module pktgen'
fi
[ "$loaded" = yes ] || {
	netlab topo down --all >"$work/log" 2>&1
	modprobe -q -r pktgen
}
done_testing
