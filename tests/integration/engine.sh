#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab engine: links, bridges, addresses, routes and forwarding are what the recipe says, read back with ip; and they work at once.
# timeout: 600
# vm: yes
# asan: yes
# shellcheck disable=SC2016 # texts in single quotes are for the shells of the hosts
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
up() { netlab topo up "$@" >"$work/log" 2>&1 || cat "$work/log"; }
down() { netlab topo down "$@" >"$work/log" 2>&1 || cat "$work/log"; }
for tool in ip jq ping nsenter; do
	command -v $tool >/dev/null || skip "$tool is missing: apt-get install iproute2 jq iputils-ping util-linux"
done
# The programs with sanitizers do the same, slower; so does an emulated machine.
rounds=100 big=300
case $NETLAB_BUILD in *asan*) rounds=20 big=60 ;; esac
[ "$SLOW" -eq 1 ] || { rounds=4 big=24; }
machine=$(ip -j link | jq -c '[.[].ifname]')

# link LAB HOST DEV FIELD: of one interface, by ip
link() { netlab exec "$1" "$2" -- ip -j -d link show dev "$3" | jq -r ".[0].$4"; }

# switch LAB ARGUMENT...: ip in the namespace of the lab's bridges
switch() {
	nsenter -t "$(netlab topo ls --json | jq -r "select(.lab == \"$1\").pid")" -n ip -j -d "${@:2}"
}

# host NAME FORWARDING ROUTES LABEL...: a host with an interface for each label
host() {
	local label n=0
	echo "<host id=\"$1\" forwarding=\"$2\"><interfaces>"
	for label in "${@:4}"; do
		echo "<eth id=\"eth$n\" label=\"$label\"/>"
		n=$((n + 1))
	done
	echo "</interfaces>$3</host>"
}

# recipe FILE: of hosts on standard input
recipe() { { echo '<lnstrecipe><network>' && cat && echo '</network></lnstrecipe>'; } >"$1"; }

# --- two ports: a veth ---

pair_recipe "$work/pair.xml"
up "$work/pair.xml"
for host in h1 h2; do
	is "$host: a two-port network is a veth" "$(link pair $host eth0 linkinfo.info_kind)" veth
	is "$host: it is up" "$(link pair $host eth0 'flags | contains(["UP", "LOWER_UP"])')" true
	is "$host: it is no port of a bridge" "$(link pair $host eth0 master)" null
	is "$host: its other end is in another namespace" "$(link pair $host eth0 'link_netnsid != null')" true
	is "$host: there is lo, up, and nothing else" \
		"$(netlab exec pair $host -- ip -j link | jq -c '[.[] | select(.flags | contains(["UP"])) | .ifname]')" '["lo","eth0"]'
done
is 'the other end is the interface of the other host' "$(link pair h1 eth0 link_index) $(link pair h2 eth0 link_index)" \
	"$(link pair h2 eth0 ifindex) $(link pair h1 eth0 ifindex)"
is 'the two ends have different indices' "$(($(link pair h1 eth0 ifindex) != $(link pair h2 eth0 ifindex)))" 1
is 'no bridge was made' "$(switch pair link show type bridge | jq '[.[] | select(.ifname)] | length')" 0
is 'the machine has no interface more' "$(ip -j link | jq -c '[.[].ifname]')" "$machine"
is 'a host knows the others by name' "$(netlab exec pair h1 -- ping -q -c 1 -W 20 h2 | grep -c ' 0% packet loss')" 1
down pair

# In a namespace of its own, since before 6.15 the machine's interfaces could be in the way.
run unshare --net sh -c '
	ip link add taken index 16 type veth peer name too index 17
	"$1" topo up "$2" && "$1" exec pair h1 -- ping -q -c 1 -W 20 h2 && "$1" topo down pair' sh "$NETLAB" "$work/pair.xml"
is 'interfaces of the machine with the same indices are not in the way' "$status" 0

# --- three ports: a bridge ---

lan_recipe "$work/lan.xml" 3
up "$work/lan.xml"
is 'a three-port network is one bridge' "$(switch lan link show type bridge | jq -c '[.[] | .linkinfo.info_kind]')" '["bridge"]'
is 'without spanning tree, delay or snooping' "$(switch lan link show type bridge |
	jq -c '.[0].linkinfo.info_data | [.stp_state, .forward_delay, .mcast_snooping]')" '[0,0,0]'
is 'that is up' "$(switch lan link show type bridge | jq '.[0].flags | contains(["UP", "LOWER_UP"])')" true
bridge=$(switch lan link show type bridge | jq -r '.[0].ifname')
is 'with three ports' "$(switch lan link show master "$bridge" | jq length)" 3
is 'all forwarding' "$(switch lan link show master "$bridge" | jq -c '[.[].linkinfo.info_slave_data.state] | unique')" '["forwarding"]'
is 'each port is a veth to one of the hosts' \
	"$(switch lan link show master "$bridge" | jq -c '[.[] | select(.linkinfo.info_kind == "veth" and .link_netnsid != null)] | length')" 3
is 'the ends of each have different indices' "$(for h in h1 h2 h3; do echo $(($(link lan $h eth0 ifindex) == $(link lan $h eth0 link_index))); done | tr '\n' ' ')" '0 0 0 '
is 'the bridge has no addresses, nor have its ports' "$(switch lan addr show scope global | jq -c '[.[] | select(.ifname | test("^(br|p)[0-9]")) | .addr_info[]]')" '[]'
is 'not even link-local ones' "$(switch lan addr show scope link | jq -c '[.[] | select(.ifname | test("^(br|p)[0-9]")) | .addr_info[]]')" '[]'
is 'the machine has no interface more' "$(ip -j link | jq -c '[.[].ifname]')" "$machine"
is 'all hosts reach all others' "$(for a in h1 h2 h3; do for b in h1 h2 h3; do netlab exec lan $a -- ping -q -c 1 -W 20 $b; done; done | grep -c ' 0% packet loss')" 9
down lan

# --- as it was said ---

cat >"$work/mixed.xml" <<'XML'
<lnstrecipe>
  <network>
    <host id="r" forwarding="yes">
      <interfaces>
        <eth id="left" label="a"><addresses><address value="192.0.2.1/24"/><address value="2001:db8:a::1/64"/></addresses></eth>
        <eth id="right" label="b"><addresses><address value="198.51.100.1/25"/><address value="2001:db8:b::1/64"/></addresses></eth>
        <eth id="spare" label="c"><addresses/></eth>
      </interfaces>
    </host>
    <host id="h1">
      <interfaces>
        <eth id="1" label="a">
          <params><param name="mtu" value="1400"/><param name="hwaddr" value="02:00:00:00:00:aa"/></params>
          <addresses><address value="192.0.2.2/24"/><address value="192.0.2.3/32"/><address value="2001:db8:a::2/64"/></addresses>
        </eth>
      </interfaces>
      <routes><route to="default" via="{ip(r,left)}"/><route to="2001:db8:b::/64" via="{ip(r,left,1)}"/></routes>
    </host>
    <host id="h2">
      <interfaces>
        <eth id="eth0" label="b"><addresses><address value="198.51.100.2/25"/><address value="2001:db8:b::2/64"/></addresses></eth>
        <eth id="x" label="d"/>
      </interfaces>
      <routes><route to="192.0.2.0/24" via="198.51.100.1"/><route to="default" via="2001:db8:b::1"/></routes>
    </host>
    <host id="h3"><interfaces><eth id="eth0" label="b"/><eth id="y" label="d"/><eth id="z" label="d"/></interfaces></host>
  </network>
</lnstrecipe>
XML

# What every host has, in words that do not change from lab to lab.
snapshot() {
	local host
	for host in $(netlab topo inspect -q "$1"); do
		netlab exec "$1" "$host" -- sh -c 'ip -j link; ip -j addr; ip -j route; ip -j -6 route; cat /etc/hosts; uname -n' |
			jq -cR --arg h "$host" '. as $line | try (fromjson | map(del(.stats, .link_netnsid, .. | .valid_life_time?, .preferred_life_time?)
				| if .addr_info then .addr_info |= map(select(.scope != "link")) else . end) | tojson) catch $line | "\($h) \(.)"'
	done
}

up "$work/mixed.xml"
# The route of a link-local address appears with the address, which is still being checked for duplicates.
routes() { netlab exec mixed "$1" -- ip -j "$2" route | jq -rc '[.[] | select(.dst != "fe80::/64") | "\(.dst) \(.gateway // "-") \(.dev)"] | join(", ")'; }
inside=$(netlab topo inspect mixed --json | jq -r '.topology.hosts[] as $h | $h.interfaces[] | "\($h.id) \(.name) \(.mac) \(.mtu) \(.addresses | join(","))"')
found=$(for host in r h1 h2 h3; do
	netlab exec mixed $host -- ip -j addr | jq -r --arg h $host '.[] | select(.ifname != "lo")
		| "\($h) \(.ifname) \(.address) \(.mtu) \([.addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"] | join(","))"'
done)
is 'names, MACs, MTUs and addresses, in their order, are those of inspect' "$found" "$inside"
planned=$(netlab topo plan "$work/mixed.xml" | sed -nE 's/^config +([^ ]+) +lo *(.*)  \[undo.*/\1 \2/; s/ +(route .*|forwarding)$//; t print; d; :print p')
configured=$(for host in r h1 h2 h3; do
	netlab exec mixed $host -- ip -j addr | jq -r --arg h $host '[.[] | select(.ifname != "lo") | .ifname as $i
		| [$i, (.addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)")] | join(" ")] | [$h] + . | join("  ")'
done)
is 'and those of the plan' "$(tr -s ' ' <<<"$configured" | sort)" "$(tr -s ' ' <<<"$planned" | sort)"
like 'what was asked for is there' "$found" 'h1 eth1 02:00:00:00:00:aa 1400 192.0.2.2/24,192.0.2.3/32,2001:db8:a::2/64'
is 'IPv4 addresses have the broadcast address of their subnet' "$(netlab exec mixed h2 -- ip -j -4 addr show dev eth0 | jq -r '.[0].addr_info[0].broadcast')" 198.51.100.127
is 'an interface without addresses has none' "$(netlab exec mixed r -- ip -j addr show dev spare scope global | jq -c '[.[].addr_info[]?]')" '[]'
is 'routes of h1, IPv4' "$(routes h1 -4)" 'default 192.0.2.1 eth1, 192.0.2.0/24 - eth1'
is 'routes of h1, IPv6' "$(routes h1 -6)" '2001:db8:a::/64 - eth1, 2001:db8:b::/64 2001:db8:a::1 eth1'
is 'routes of h2, IPv4' "$(netlab exec mixed h2 -- ip -j -4 route show dev eth0 | jq -rc '[.[] | "\(.dst) \(.gateway // "-")"] | join(", ")')" '192.0.2.0/24 198.51.100.1, 198.51.100.0/25 -'
is 'routes of h2, IPv6' "$(netlab exec mixed h2 -- ip -j -6 route show default | jq -rc '[.[] | "\(.dst) \(.gateway)"] | join(", ")')" 'default 2001:db8:b::1'
is 'forwarding is on in the router, and only there' \
	"$(for host in r h1 h2 h3; do netlab exec mixed $host -- cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding; done | tr '\n' ' ')" '1 1 0 0 0 0 0 0 '
for target in 198.51.100.2 2001:db8:b::2; do
	is "h1 reaches $target through the router" "$(netlab exec mixed h1 -- ping -q -c 1 -W 20 $target | grep -c ' 0% packet loss')" 1
	like 'with one hop between' "$(netlab exec mixed h1 -- ping -n -c 1 -W 20 -t 1 $target)" 'From (192.0.2.1|2001:db8:a::1).*(Time to live exceeded|Hop limit)'
done
is 'a host has two ports of one bridge' "$(netlab exec mixed h3 -- ip -j link show type veth | jq -c '[.[].ifname]')" '["eth0","y","z"]'
first=$(snapshot mixed)
down mixed
up "$work/mixed.xml" -n again
is 'a second lab of the recipe is the same' "$(snapshot again)" "$first"
down again

# --- large frames ---

sed 's#<eth id="eth0" label="net"/>#<eth id="eth0" label="net"><params><param name="mtu" value="9000"/></params></eth>#' \
	"$work/pair.xml" >"$work/jumbo.xml"
sed 's#<eth id="eth0" label="lan"/>#<eth id="eth0" label="lan"><params><param name="mtu" value="9000"/></params></eth>#' \
	"$work/lan.xml" >"$work/jumbolan.xml"
for lab in jumbo jumbolan; do
	up "$work/$lab.xml"
	is "$lab: IPv4 packets of 9000 bytes pass whole" "$(netlab exec $lab h1 -- ping -4 -q -c 1 -W 20 -M 'do' -s 8972 h2 | grep -c ' 0% packet loss')" 1
	is "$lab: IPv6 packets too" "$(netlab exec $lab h1 -- ping -6 -q -c 1 -W 20 -M 'do' -s 8952 h2 | grep -c ' 0% packet loss')" 1
	is "$lab: those of 9001 do not" "$(netlab exec $lab h1 -- ping -4 -q -c 1 -W 1 -M 'do' -s 8973 h2 2>&1 | grep -c ' 0% packet loss')" 0
	down $lab
done

# --- at once ---

# Nothing is waited for between up and the ping; one packet, and it must not be lost.
cat >"$work/at_once" <<'SH'
ping -4 -n -q -c 1 -W 20 "$1" >/run/ping 2>&1 || cat /run/ping
ping -6 -n -q -c 1 -W 20 "$1" >/run/ping 2>&1 || cat /run/ping
ip -6 -o addr show scope global tentative
SH
lost='' n=0
while [ $n -lt $rounds ]; do
	n=$((n + 1))
	up "$work/pair.xml" -n "once$n"
	said=$(netlab exec "once$n" h1 -- sh -c "$(cat "$work/at_once")" sh h2 2>&1) || said+=" exit $?"
	[ -z "$said" ] || lost+="lab $n: $said"$'\n'
	down "once$n"
done
is "in $rounds new labs of two hosts the first ping is answered, IPv4 and IPv6" "$lost" ''
lost=''
for ((n = 1; n <= rounds / 5; n++)); do
	up "$work/lan.xml" -n "once$n"
	said=$(netlab exec "once$n" h3 -- sh -c "$(cat "$work/at_once")" sh h1 2>&1) || said+=" exit $?"
	[ -z "$said" ] || lost+="lab $n: $said"$'\n'
	down "once$n"
done
is "in $((rounds / 5)) new labs with a bridge as well" "$lost" ''

# --- a router in the middle, at once ---

{
	host h1 no '<routes><route to="default" via="{ip(r,eth0)}"/><route to="default" via="{ip(r,eth0,1)}"/></routes>' a
	host r yes '' a b
	host h2 no '<routes><route to="default" via="{ip(r,eth1)}"/><route to="default" via="{ip(r,eth1,1)}"/></routes>' b
} | recipe "$work/routed.xml"
lost=''
for ((n = 1; n <= rounds / 5; n++)); do
	up "$work/routed.xml" -n "once$n"
	said=$(netlab exec "once$n" h1 -- sh -c "$(cat "$work/at_once")" sh h2 2>&1) || said+=" exit $?"
	[ -z "$said" ] || lost+="lab $n: $said"$'\n'
	down "once$n"
done
is "in $((rounds / 5)) new labs with a router as well" "$lost" ''

# --- many ---

lan_recipe "$work/big.xml" $big
up "$work/big.xml"
is "a star of $big hosts: all run" "$(netlab topo ls --json | jq .running)" "$big"
netlab topo inspect big --json | jq -r '.topology.hosts[] | .id as $h | .interfaces[] | "\($h) \(.name) \(.mac) \(.addresses | join(","))"' >"$work/want"
netlab exec --all big --json -- ip -j -d addr show dev eth0 >"$work/all"
jq -r '.host as $h | .stdout | fromjson | .[0] | "\($h) \(.ifname) \(.address) \([.addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"] | join(","))"' \
	"$work/all" >"$work/got"
is 'each has its own MAC and addresses' "$(diff <(sort "$work/want") <(sort "$work/got"))" ''
is 'no two have the same' "$(jq -r '.stdout | fromjson | .[0].address' "$work/all" | sort | uniq -d)" ''
is 'the ends of each link have different indices' "$(jq -r '.stdout | fromjson | .[0] | select(.ifindex == .link_index) | .ifindex' "$work/all")" ''
is 'the bridge has a port for each' "$(switch big link show type veth | jq '[.[] | select(.master != null)] | length')" "$big"
is 'the first reaches the last' "$(netlab exec big h1 -- ping -q -c 1 -W 20 "h$big" | grep -c ' 0% packet loss')" 1
# Neighbours of all namespaces share one table of 1024 entries a family. In that of IPv6 each host has two multicast groups already,
# and each pair that speaks takes two more: 300 pairs at once would overflow it now and then. Hence IPv4, and every third host.
is 'every third reaches the first' "$(netlab exec --all big -- sh -c '
	n=$(uname -n) && [ $((${n#h} % 3)) -ne 0 ] || ping -4 -q -c 1 -W 5 h1 >/run/ping || { uname -n; cat /run/ping; }' 2>&1)" ''
down big

for ((i = 1; i <= 40; i++)); do host "h$i" no '' "n$i" "n$((i % 40 + 1))"; done | recipe "$work/ring.xml"
up "$work/ring.xml"
is 'a ring of 40: the ends of each link have different indices' \
	"$(netlab exec --all ring --json -- ip -j link | jq -c '.stdout | fromjson | .[] | select(.ifname != "lo" and .link_netnsid != null and .ifindex == .link_index)')" ''
is 'and no bridge is in it' "$(switch ring link show type bridge | jq length)" 0
is 'neighbours reach each other' "$(netlab exec --all ring -- sh -c '
	n=$(uname -n) && n=${n#h} && ping -q -c 1 -W 5 "h$((n % 40 + 1))-eth0" >/run/ping || { uname -n; cat /run/ping; }' 2>&1)" ''
down ring

# --- what the kernel refuses ---

{
	host h1 no '<routes><route to="203.0.113.0/24" via="10.0.0.255"/></routes>' net
	host h2 no '' net
} | recipe "$work/small.xml"
run netlab topo up "$work/small.xml"
is 'a route that the kernel does not take: not up' "$((status != 0))" 1
like 'with the place, the host, the route and the kernel'"'"'s words' "$err" \
	"small.xml:[0-9]+:[0-9]+: error: host h1: route to 203.0.113.0/24 via 10.0.0.255: .*\(kernel: .*\) \[EINVAL\]"
is 'in one line' "$(wc -l <<<"$err")" 1
is 'and nothing is left' "$(netlab topo ls -q)" ''
is 'the machine has no interface more' "$(ip -j link | jq -c '[.[].ifname]')" "$machine"
done_testing
