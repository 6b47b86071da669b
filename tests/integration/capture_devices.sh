#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab run --packet-capture on interfaces of other kinds: bond, vlan, Open vSwitch. Those that need what this kernel or machine lacks are named,
# and run in the virtual machine.
# timeout: 300
# vm: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

cd "$NETLAB_TOP" || exit 4
command -v tcpdump >/dev/null || skip 'tcpdump is missing: apt-get install tcpdump'
missing=()

# packets FILE FILTER: how many packets of a capture match
packets() { tcpdump -nr "$work/caps/$1" "$2" 2>/dev/null | wc -l; }

# capture KIND: run the recipe of that kind; fails where something is missing
capture() {
	run "$NETLAB" run -n "$1" -p "$work/caps" "recipes/devices/$1.xml"
	if [ "$status" -eq 3 ]; then
		missing+=("$1: ${err##*error: }")
		return 1
	fi
	is "$1: the recipe passes" "$status" 0
	is "$1: nothing is left uncaptured" "$(grep -c 'not captured' <<<"$err")" 0
}

# some TEXT FILE FILTER: at least one packet
some() {
	if [ "$(packets "$2" "$3")" -gt 0 ]; then ok "$1"; else not_ok "$1" "$(tcpdump -nr "$work/caps/$2" 2>&1 | head -n 5)"; fi
}

if capture vlan; then
	some 'vlan: on the interface itself without its tag' vlan/h1-eth1.10_0.pcap 'icmp and not vlan'
	some 'vlan: below it with its tag' vlan/h1-eth1.pcap 'vlan 10 and icmp'
fi
if capture bond; then
	some 'bond: the bond' bond/h1-t_bond0.pcap icmp
	some 'bond: its first link' bond/h1-eth1.pcap icmp
	some 'bond: and the second, when the first was lost' bond/h1-eth2.pcap icmp
	some 'bond: the bridge at the other end' bond/sw-t_br0.pcap icmp
fi
if capture ovs; then
	some 'Open vSwitch: a port' ovs/sw-eth1.pcap icmp
	some 'Open vSwitch: an internal port' ovs/sw-inside.pcap icmp
	is 'Open vSwitch: nothing comes from another VLAN' "$(packets ovs/h3-eth1.pcap 'icmp and src host 192.168.10.1')" 0
fi
echo "1..$n_tests"
[ "$n_failed" -eq 0 ] || exit 1
[ ${#missing[@]} -eq 0 ] || skip "$(printf '%s; ' "${missing[@]//$'\n'/ }")"
