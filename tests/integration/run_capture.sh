#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab run --packet-capture: a file for each interface with all packets of the tasks, read by tcpdump.
# timeout: 120
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
command -v tcpdump >/dev/null || skip 'tcpdump is missing: apt-get install tcpdump'
command -v ping >/dev/null || skip 'ping is missing: apt-get install iputils-ping'

lan_recipe "$work/lan.xml" 3
sed -i 's|</lnstrecipe>|<task><run host="h1" command="ping -4 -q -c 3 -i 0.1 h2"/></task></lnstrecipe>|' "$work/lan.xml"

# packets FILE FILTER: how many packets of a capture match
packets() { tcpdump -nr "$1" "$2" 2>/dev/null | wc -l; }

run netlab run -n cap --packet-capture "$work/caps" "$work/lan.xml"
is 'the verdict is that of the tasks' "$status" 0
is 'one file for each interface' "$(cd "$work/caps" && find . -type f | sort | xargs)" './cap/h1-eth0.pcap ./cap/h2-eth0.pcap ./cap/h3-eth0.pcap'
like 'a note says where they are' "$err" "^note: $work/lan.xml: [0-9]+ packets of 3 interfaces are in $work/caps/cap$"
for host in h1 h2; do
	is "$host: all requests are there" "$(packets "$work/caps/cap/$host-eth0.pcap" 'icmp[icmptype] == icmp-echo')" 3
	is "$host: all replies are there" "$(packets "$work/caps/cap/$host-eth0.pcap" 'icmp[icmptype] == icmp-echoreply')" 3
done
is 'who has no part in it sees none of them' "$(packets "$work/caps/cap/h3-eth0.pcap" icmp)" 0
is 'the files are captures of Ethernet' "$(od -An -tx1 -N 4 "$work/caps/cap/h1-eth0.pcap" | tr -d ' ') $(od -An -tu4 -j 20 -N 4 "$work/caps/cap/h1-eth0.pcap" | tr -d ' ')" 'd4c3b2a1 1'

run netlab run -n cap -p "$work/caps" --json "$work/lan.xml"
is 'once more, over the old files' "$(packets "$work/caps/cap/h1-eth0.pcap" icmp)" 6
is 'with --json the note is an event' "$(jq -r 'select(.event == "note") | .message' "$work/out" | grep -c 'packets of 3 interfaces are in')" 1

"$NETLAB" topo up "$work/lan.xml" -n there >"$work/log"
run netlab run --lab there -p "$work/caps" "$work/lan.xml"
is 'in a lab that is up already' "$status $(packets "$work/caps/there/h2-eth0.pcap" icmp)" '0 6'
is 'and no capture goes on there' "$(netlab exec there h1 -- pgrep -c tcpdump)" 0
netlab topo down there >"$work/log"

sed -i 's|ping -4 -q -c 3|ping -4 -q -c 100|' "$work/lan.xml"
run netlab run -n cap -p "$work/caps" --timeout 1 "$work/lan.xml"
is 'a run that is cut short keeps what there was' "$status $(($(packets "$work/caps/cap/h1-eth0.pcap" icmp) > 2))" '1 1'

# Interfaces of other kinds, and in a further namespace.
cat >"$work/kinds.xml" <<-'XML'
	<lnstrecipe>
	  <network>
	    <host id="h1">
	      <interfaces>
	        <eth id="out" label="n" netns="red"><addresses><address value="10.2.0.1/24"/></addresses></eth>
	        <lo id="l" netns="red"><addresses><address value="10.9.9.9/32"/></addresses></lo>
	        <veth_pair><veth id="v1" netns="red"/><veth id="v2"/></veth_pair>
	      </interfaces>
	    </host>
	    <host id="h2">
	      <interfaces>
	        <eth id="port" label="n"/>
	        <bridge id="br"><slaves><slave id="port"/></slaves><addresses><address value="10.2.0.2/24"/></addresses></bridge>
	      </interfaces>
	    </host>
	  </network>
	  <task>
	    <run host="h1" netns="red" command="ping -q -c 3 -i 0.1 10.2.0.2"/>
	    <run host="h1" netns="red" command="ping -q -c 1 10.9.9.9"/>
	  </task>
	</lnstrecipe>
XML
run netlab run -n kinds -p "$work/caps" "$work/kinds.xml"
is 'interfaces of all kinds are captured' "$status $(cd "$work/caps/kinds" && find . -name '*.pcap' | sort | xargs)" \
	'0 ./h1-red-lo.pcap ./h1-red-out.pcap ./h1-red-veth0.pcap ./h1-veth1.pcap ./h2-port.pcap ./h2-t_br0.pcap'
is 'in the namespace that they are in' "$(packets "$work/caps/kinds/h1-red-out.pcap" icmp) $(packets "$work/caps/kinds/h1-red-lo.pcap" icmp)" '6 2'
is 'a bridge as well as its port' "$(packets "$work/caps/kinds/h2-t_br0.pcap" icmp) $(packets "$work/caps/kinds/h2-port.pcap" icmp)" '6 6'
is 'without a note about any of them' "$(grep -c 'not captured' "$work/err")" 0

# Names with a '-', of which two and two are the same when they are put together.
cat >"$work/names.xml" <<-'XML'
	<lnstrecipe>
	  <network>
	    <host id="a-b"><interfaces><eth id="c" label="n"><addresses><address value="10.3.0.1/24"/></addresses></eth></interfaces></host>
	    <host id="a"><interfaces><eth id="c" netns="b" label="n"><addresses><address value="10.3.0.2/24"/></addresses></eth><eth id="b-c" label="m"/></interfaces></host>
	    <host id="x"><interfaces><eth id="c" label="m"/></interfaces></host>
	  </network>
	  <task><run host="a-b" command="ping -q -c 2 -i 0.1 10.3.0.2"/></task>
	</lnstrecipe>
XML
run netlab run -n names -p "$work/caps" "$work/names.xml"
is 'interfaces whose names come to the same have files of their own' "$status $(cd "$work/caps/names" && find . -name '*.pcap' | sort | xargs)" \
	'0 ./a-b-c.2.pcap ./a-b-c.3.pcap ./a-b-c.pcap ./x-c.pcap'
is 'each with its own packets' "$(for n in '' .2 .3; do packets "$work/caps/names/a-b-c$n.pcap" icmp; done | xargs)" '4 4 0'

run netlab run -p "$work/no/where" "$work/lan.xml"
is 'no folder to make it in: exit 2' "$status" 2
is 'and says so' "$err" "error: --packet-capture: $work/no/where cannot be made: No such file or directory [ENOENT]"
touch "$work/file"
run netlab run -p "$work/file" "$work/lan.xml"
is 'a file in its place: exit 2' "$status" 2
like 'and says so' "$err" "^error: --packet-capture: $work/file: Not a directory \[ENOTDIR\]$"
mkdir "$work/empty"
run env PATH="$work/empty" "$NETLAB" run -p "$work/caps" "$work/lan.xml"
is 'no tcpdump: exit 3' "$status" 3
is 'and the package that has it' "$err" 'error: --packet-capture needs the program tcpdump, which this machine lacks: install the package tcpdump'
is 'no lab is left' "$(netlab topo ls -q)" ''
done_testing
