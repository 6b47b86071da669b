#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab topo inspect: what it says of every interface is what ip says inside the host.
# timeout: 120
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }

cat >"$work/mixed.xml" <<'XML'
<lnstrecipe>
  <network pool4="198.18.0.0/15" pool6="fd12::/48">
    <host id="r" forwarding="yes">
      <interfaces>
        <eth id="left" label="a"><addresses><address value="192.0.2.1/24"/><address value="2001:db8:a::1/64"/></addresses></eth>
        <eth id="right" label="b"/>
      </interfaces>
    </host>
    <host id="h1">
      <interfaces>
        <eth id="1" label="a">
          <params><param name="mtu" value="1400"/><param name="hwaddr" value="02:00:00:00:00:aa"/></params>
          <addresses><address value="192.0.2.2/24"/></addresses>
        </eth>
      </interfaces>
      <routes><route to="default" via="{ip(r,left)}"/></routes>
    </host>
    <host id="h2"><interfaces><eth id="eth0" label="b"/></interfaces></host>
    <host id="h3"><interfaces><eth id="eth0" label="b"/><eth id="bare" label="c"><addresses/></eth></interfaces></host>
  </network>
</lnstrecipe>
XML
netlab topo up "$work/mixed.xml" >"$work/log" 2>&1 || cat "$work/log"

run netlab topo inspect mixed --json
is 'inspect --json succeeds' "$status" 0
json=$out
is 'one object on one line' "$(wc -l <"$work/out")" 1
is 'it names the lab and the recipe' "$(jq -r '"\(.lab) \(.recipe)"' <<<"$json")" "mixed $work/mixed.xml"
is 'all hosts are running' "$(jq -r '[.hosts[] | "\(.id) \(.state)"] | join(", ")' <<<"$json")" 'r running, h1 running, h2 running, h3 running'
is 'the lab is some seconds old' "$(jq -r 'now - .created | . >= -1 and . < 60' <<<"$json")" true

# host, interface, MAC and addresses, as inspect has them and as the kernel has them
said=$(jq -r '.topology.hosts[] as $h | $h.interfaces[] | "\($h.id) \(.name) \(.mac) \(.addresses | sort | join(","))"' <<<"$json")
have=''
for host in r h1 h2 h3; do
	have+=$(netlab exec mixed "$host" -- ip -j addr | jq -r --arg h "$host" '.[] | select(.ifname != "lo")
		| "\($h) \(.ifname) \(.address) \([.addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"] | sort | join(","))"')$'\n'
done
is 'interfaces, MACs and addresses are those of the kernel' "$(sort <<<"$said")" "$(sort <<<"$have" | sed '/^$/d')"
is 'an MTU that was asked for is there' "$(netlab exec mixed h1 -- ip -j link show dev eth1 | jq '.[0].mtu')" 1400
is 'its peers have one end of the veth each' "$(jq -r '.topology.hosts[] | select(.id == "h1") | .interfaces[0].peers[] | "\(.host):\(.iface)"' <<<"$json")" r:left
is 'on a bridge the peers are all others' "$(jq -r '.topology.hosts[] | select(.id == "h2") | [.interfaces[0].peers[] | .host] | sort | join(" ")' <<<"$json")" 'h3 r'
is 'pools of the recipe are used' "$(jq -r '.topology.hosts[] | select(.id == "h2") | .interfaces[0].addresses | join(" ")' <<<"$json" | grep -cE '^198\.1[89]\.[0-9.]+/24 fd12:[0-9a-f:]+/64$')" 1
is 'a static route is there' "$(netlab exec mixed h1 -- ip -j route show default | jq -r '.[0].gateway')" 192.0.2.1
is 'a router forwards' "$(netlab exec mixed r -- cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding | tr '\n' ' ')" '1 1 '
is 'a host does not' "$(netlab exec mixed h1 -- cat /proc/sys/net/ipv4/ip_forward)" 0

run netlab topo inspect mixed
is 'the table' "$status" 0
like 'begins with the lab' "$out" '^lab mixed: 4 of 4 hosts running, up [0-9]+ s, from '
like 'has headings' "$out" $'\nHOST +STATE +INTERFACE +NETWORK +MAC +ADDRESSES +PEERS\n'
like 'a row of an interface' "$out" $'\nh1 +running +eth1 +a +02:00:00:00:00:aa +192\.0\.2\.2/24 +r:left\n'
like 'a second address has its own row' "$out" $'192\.0\.2\.1/24 +h1:1\n +2001:db8:a::1/64\n'
like 'an interface without address and peer' "$out" $'bare +c +[0-9a-f:]+ +- +-$'
is 'no line ends in a blank' "$(grep -c ' $' "$work/out")" 0

is 'without a name the only lab is shown' "$(netlab topo inspect | sed -n '3,$p')" "$(netlab topo inspect mixed | sed -n '3,$p')"
is '--quiet prints host names' "$(netlab topo inspect -q | tr '\n' ' ')" 'r h1 h2 h3 '
pair_recipe "$work/pair.xml"
netlab topo up "$work/pair.xml" >"$work/log"
is 'without a name, of several labs a list' "$(netlab topo inspect -q | tr '\n' ' ')" 'mixed pair '
run netlab topo inspect nosuch
is 'an unknown lab: exit 2' "$status" 2
run netlab topo inspect pari
like 'with the nearest name' "$err" '^error: .*pari.*did you mean "pair"'
run netlab topo inspect mixed pair
is 'two labs: exit 2' "$status" 2

# A host whose first process is killed is stopped, and the lab says so; the others go on.
agent=$(jq -r '.hosts[] | select(.id == "h2") | .pid' <<<"$json")
is 'its process id is the one seen here' "$(nsenter -t "$agent" -u hostname)" h2
kill -9 "$agent"
for ((i = 0; i < 500; i++)); do
	state=$(netlab topo inspect mixed --json | jq -r '.hosts[] | select(.id == "h2") | .state')
	[ "$state" != running ] && break
done
is 'a host that was killed is stopped' "$state" stopped
run netlab exec mixed h2 -- true
is 'a command there: exit 255' "$status" 255
like 'with a clear line' "$err" '^error: host h2 has died$'
is 'the others go on' "$(netlab exec mixed h1 -- uname -n)" h1
like 'the table shows it' "$(netlab topo inspect mixed)" '3 of 4 hosts running.*h2 +stopped'
like 'and the list' "$(netlab topo ls)" 'mixed +4 +3 '
done_testing
