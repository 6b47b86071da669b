#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Link kinds, qdiscs and tables made by netlab/nl, each with its options, read back with ip, bridge, tc and wg; in namespaces of their own.
# What this machine's kernel lacks is skipped here and done in the virtual machine.
# timeout: 300
# vm: yes
. "$NETLAB_TOP/tests/lib/cli.sh"

tool=$NETLAB_BUILD/tests/lib/linktool
if [ -z "${KINDS_INSIDE:-}" ]; then
	KINDS_INSIDE=1 exec unshare --net --mount --propagation private "$0" "$@"
fi
mount -t sysfs sysfs /sys
ip link set lo up
probed=$("$tool" probe) || exit 1

# has WORDS: can this kernel make it? If not, say so as a skipped test.
has() {
	grep -q "^$1: yes" <<<"$probed" && return
	n_tests=$((n_tests + 1))
	echo "ok $n_tests - $1 # SKIP $1 is missing: $(sed -nE "s/^${1//[()]/.}: no \((.*)\)/\1/p" <<<"$probed")"
	return 1
}

# shows TEXT COMMAND: the command's output, on one line with single blanks, has TEXT
shows() {
	local text=$1 got
	shift
	got=$("$@" 2>&1 | tr -s ' \n\t' ' ')
	case $got in
	*"$text"*) ok "${*: -1}: $text" ;;
	*) not_ok "${*: -1}: $text" "$got" ;;
	esac
}

# works TEXT COMMAND...: it ends well and says nothing
works() {
	local text=$1 got
	shift
	if got=$("$@" 2>&1); then
		ok "$text"
	else
		not_ok "$text" "$got"
	fi
}

# refused TEXT COMMAND...: it fails with this error
refused() {
	local text=$1 got
	shift
	if got=$("$@" 2>&1); then
		not_ok "refused: $text" "no error"
	elif [[ $got == *"$text"* ]]; then
		ok "refused: $text"
	else
		not_ok "refused: $text" "$got"
	fi
}

# made KIND NAME LOWER OPTION=VALUE... -- TEXT...: a link whose details show each TEXT
made() {
	local kind=$1 name=$2 options=() text
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	has "link kind $kind" || return 0
	works "make a $kind" "$tool" add "${options[@]}"
	for text; do
		shows "$text" ip -d link show "$name"
	done
	ip link del "$name" 2>/dev/null
}

ip link add low type veth peer name far
ip link set low up
ip link set far up
ip addr add 10.0.0.1/24 dev low
ip -6 addr add fd00::1/64 dev low nodad

key128=00112233445566778899aabbccddeeff

made dummy d0 - hwaddr=52:54:00:00:00:01 -- dummy 52:54:00:00:00:01
made ifb i0 - -- ifb
made bridge b0 - stp_state=1 forward_delay=400 hello_time=150 max_age=1000 ageing_time=20000 priority=4096 \
	group_fwd_mask=8 multicast_snooping=0 mcast_querier=1 mcast_query_interval=6000 hash_max=1024 no_linklocal_learn=1 \
	group_addr=01:80:c2:00:00:04 nf_call_iptables=1 -- \
	'forward_delay 400 hello_time 150 max_age 1000 ageing_time 20000 stp_state 1 priority 4096' 'group_fwd_mask 0x8' \
	'mcast_snooping 0' 'no_linklocal_learn 1' 'mcast_querier 1' 'mcast_hash_max 1024' 'mcast_query_interval 6000' \
	'group_address 01:80:c2:00:00:04' 'nf_call_iptables 1'
made bond o0 - mode=active-backup miimon=100 updelay=200 downdelay=300 primary=low primary_reselect=failure fail_over_mac=active \
	num_grat_arp=3 resend_igmp=2 all_slaves_active=1 min_links=1 -- \
	'mode active-backup miimon 100 updelay 200 downdelay 300' 'primary_reselect failure fail_over_mac active' \
	'resend_igmp 2 num_grat_arp 3 all_slaves_active 1 min_links 1'
made bond o1 - mode=4 lacp_rate=fast ad_select=bandwidth xmit_hash_policy=layer3+4 ad_actor_sys_prio=100 ad_user_port_key=7 \
	ad_actor_system=52:54:00:00:00:02 miimon=50 -- \
	'mode 802.3ad' 'lacp_rate fast ad_select bandwidth' 'xmit_hash_policy layer3+4' 'ad_actor_sys_prio 100 ad_user_port_key 7' \
	'ad_actor_system 52:54:00:00:00:02'
made bond o2 - mode=active-backup arp_interval=100 arp_ip_target=+10.0.0.7,10.0.0.8 arp_ip_target=10.0.0.9 arp_validate=all \
	arp_all_targets=all -- 'arp_interval 100' 'arp_ip_target 10.0.0.7,10.0.0.8,10.0.0.9' 'arp_validate all arp_all_targets all'
made bond o3 - mode=balance-rr packets_per_slave=5 lp_interval=3 -- 'packets_per_slave 5' 'lp_interval 3'
made team e0 - -- team
made vlan v10 low vlan_tci=10 -- 'v10@low' 'vlan protocol 802.1Q id 10'
made vlan v11 low id=11 protocol=802.1ad reorder_hdr=off loose_binding=on egress_qos_map='1:2 3:4' ingress_qos_map=5:6 -- \
	'vlan protocol 802.1ad id 11' 'LOOSE_BINDING' 'ingress-qos-map { 5:6 }' 'egress-qos-map { 1:2 3:4 }'
made macvlan m0 low mode=bridge hwaddr=52:54:00:00:00:03 -- 'macvlan mode bridge' 52:54:00:00:00:03
made macvlan m1 low mode=passthru nopromisc=1 -- 'macvlan mode passthru nopromisc'
made ipvlan p0 low mode=l3s flags=private -- 'ipvlan mode l3s private'
made vxlan x0 low id=100 group_ip=239.1.1.1 local_ip=10.0.0.1 ttl=5 tos=16 dstport=4789 learning=no ageing=100 maxaddress=7 srcport=1000-2000 -- \
	'vxlan id 100 group 239.1.1.1 local 10.0.0.1 dev low srcport 1000 2000 dstport 4789 nolearning' 'tos 0x10 ttl 5' 'ageing 100 maxaddr 7'
made vxlan x1 - id=101 remote_ip=fd00::2 extra='ttl 9 proxy udp6zerocsumtx' -- \
	'vxlan id 101 remote fd00::2' 'dstport 8472' 'proxy' 'ttl 9' 'udp6zerocsumtx'
made geneve n0 - id=200 remote_ip=10.0.0.2 ttl=7 tos=8 dstport=7000 df=set -- 'geneve id 200 remote 10.0.0.2 ttl 7 tos 0x8 df set dstport 7000'
made gre g0 low local_ip=10.0.0.1 remote_ip=10.0.0.2 ttl=64 tos=inherit ikey=1 okey=0.0.0.2 seq=yes icsum=true ocsum=yes -- \
	'gre remote 10.0.0.2 local 10.0.0.1 dev low ttl 64 tos inherit' 'ikey 0.0.0.1 okey 0.0.0.2 iseq oseq icsum ocsum'
made gre g1 - local_ip=10.0.0.1 remote_ip=10.0.0.3 key=5 -- 'ikey 0.0.0.5 okey 0.0.0.5'
made ip6gre g6 - local_ip=fd00::1 remote_ip=fd00::2 key=9 flowlabel=5 tos=4 -- \
	'ip6gre remote fd00::2 local fd00::1 hoplimit 64 encaplimit 4 tclass 0x04 flowlabel 0x00005' 'ikey 0.0.0.9 okey 0.0.0.9'
made ipip t0 low local_ip=10.0.0.1 remote_ip=10.0.0.2 ttl=30 -- 'ipip' 'remote 10.0.0.2 local 10.0.0.1 dev low ttl 30'
made sit t1 - local_ip=10.0.0.1 remote_ip=10.0.0.4 mode=any -- 'sit any remote 10.0.0.4 local 10.0.0.1'
made vti w0 - local=10.0.0.1 remote=10.0.0.5 key=11 -- 'vti remote 10.0.0.5 local 10.0.0.1' 'ikey 0.0.0.11 okey 0.0.0.11'
made vti6 w6 - local=fd00::1 remote=fd00::5 key=12 dev=low -- 'vti6 remote fd00::5 local fd00::1 dev low' 'ikey 0.0.0.12 okey 0.0.0.12'
made vrf r0 - table=100 -- 'vrf table 100'
made tun u0 - user=0 -- 'tun type tun pi off vnet_hdr off persist on user root'
made tap u1 - pi=yes vnet_hdr=yes -- 'tun type tap pi on vnet_hdr on persist on'

if has 'link kind macsec'; then
	works 'make a macsec with keys' "$tool" add macsec s0 low port=7 encrypt=on replay=on window=32 validate=strict \
		"tx_sa=sa=0 key=$key128 id=01 pn=100" "rx_sa=address=52:54:00:00:00:09 port=2 sa=1 key=$key128" \
		"rx_sa=address=52:54:00:00:00:09 port=2 sa=2 key=$key128 active=no"
	shows 'validate strict' ip -d link show s0
	shows 'encrypt on' ip -d link show s0
	shows 'replay on window 32' ip -d link show s0
	shows '0: PN 100, state on, key 01000000000000000000000000000000' ip macsec show s0
	shows 'RXSC: 5254000000090002, state on' ip macsec show s0
	shows '1: PN 1, state on' ip macsec show s0
	shows '2: PN 1, state off' ip macsec show s0
	ip link del s0
fi

private=yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=
public=xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
if has 'link kind wireguard'; then
	works 'make a wireguard with a peer' "$tool" add wireguard wg0 - private_key=$private listen_port=51820 fwmark=7 \
		"peer=public_key=$public endpoint=[fd00::2]:51821 allowed_ips=10.9.0.0/16,fd09::/64 keepalive=25 preshared_key=$private"
	shows "$private" wg show wg0 private-key
	shows 51820 wg show wg0 listen-port
	shows 0x7 wg show wg0 fwmark
	shows "$public [fd00::2]:51821" wg show wg0 endpoints
	shows '10.9.0.0/16 fd09::/64' wg show wg0 allowed-ips
	shows "$public 25" wg show wg0 persistent-keepalive
	shows "$private" wg show wg0 preshared-keys
	ip link del wg0
fi

# Changes of links that are there, and of ports.
ip link add bri type bridge
ip link set bri up
ip link set far master bri
works 'change a bridge' "$tool" set bridge bri ageing_time=12300
shows 'ageing_time 12300' ip -d link show bri
works 'change a port of a bridge' "$tool" port bridge far learning=off cost=77 hairpin_mode=on isolated=on
shows 'cost 77 hairpin on' ip -d link show far
shows 'learning off' ip -d link show far
shows 'isolated on' ip -d link show far
refused 'no option lerning for a port of bridge; did you mean learning?' "$tool" port bridge far lerning=off
shows 'port=bridge' "$tool" get far
works 'add an entry to the forwarding table' "$tool" fdb far 52:54:00:00:00:77 master
shows '52:54:00:00:00:77 master bri static' bridge fdb show dev far
works 'remove it' "$tool" nofdb far 52:54:00:00:00:77 master
refused 'ENOENT' "$tool" nofdb far 52:54:00:00:00:77 master
works 'add a multicast entry' "$tool" mdb bri far 239.1.2.3
shows 'dev bri port far grp 239.1.2.3 permanent' bridge mdb show
works 'remove it' "$tool" nomdb bri far 239.1.2.3
if has 'VLAN filtering of bridges'; then
	works 'switch filtering on' "$tool" set bridge bri vlan_filtering=1 default_pvid=5
	works 'put a port into VLANs' "$tool" vlan far 10-12
	works 'and into one more' "$tool" vlan far 20 pvid untagged
	works 'the bridge itself, too' "$tool" vlan bri 10 self
	shows '20 PVID Egress Untagged' bridge vlan show dev far
	shows '10 11 12 20' bridge vlan show dev far
	shows '10' bridge vlan show dev bri
	works 'take it out' "$tool" novlan far 10-11
	shows '5 Egress Untagged 12 20' bridge vlan show dev far
fi
if has 'link kind bond'; then
	"$tool" add bond bond9 - mode=active-backup primary=far
	ip link set far nomaster
	ip link set far down
	ip link set far master bond9
	shows 'primary far' ip -d link show bond9
	works 'set what needs ports' "$tool" set bond bond9 active_slave=far
	works 'and a port of a bond' "$tool" port bond far queue_id=2
	shows 'queue_id 2' ip -d link show far
	works 'change the interval' "$tool" set bond bond9 miimon=77
	shows 'miimon 77' ip -d link show bond9
	refused 'option queue_id' "$tool" port bond far queue_id=99999
	ip link del bond9
	ip link set far up
fi

# Addresses, neighbours, routes.
works 'a neighbour' "$tool" neigh low 10.0.0.50 52:54:00:00:00:50
shows '10.0.0.50 lladdr 52:54:00:00:00:50 PERMANENT' ip neigh show dev low
works 'and away with it' "$tool" noneigh low 10.0.0.50
works 'a route over two hops' "$tool" route 10.50.0.0/16 10.0.0.2@low 10.0.0.3@low
shows 'nexthop via 10.0.0.2 dev low weight 1 nexthop via 10.0.0.3 dev low weight 1' ip route show 10.50.0.0/16
works 'and away with it' "$tool" noroute 10.50.0.0/16
works 'a route to what is on the link' "$tool" route 10.51.0.0/16 none@low
shows '10.51.0.0/16 dev low proto static scope link' ip route show
works 'an IPv6 route' "$tool" route fd50::/64 fd00::9@low
shows 'via fd00::9 dev low proto static' ip -6 route show fd50::/64
refused 'ESRCH' "$tool" noroute 10.52.0.0/16
ip addr add 10.0.0.11/24 dev low
shows '10.0.0.1/24' "$tool" addrs
works 'all addresses off a link' "$tool" flush low
is 'no address is left' "$(ip -4 -o addr show dev low)$(ip -6 -o addr show dev low scope global)" ''
shows 'fe80::' ip -6 addr show dev low

# Many links: the list has several parts.
for i in $(seq 300); do echo "link add many$i type veth peer name more$i"; done | ip -batch -
is 'a list of 600 links is whole' "$("$tool" addrs | grep -c '^many\|^more')" 600

# as_tc TEXT ARGUMENTS...: our qdisc is the one that tc makes from its own words
as_tc() {
	local words=$1 ours theirs
	shift
	# shellcheck disable=SC2086 # words
	tc qdisc add dev many1 root netem $words || not_ok "tc: $words"
	theirs=$(tc qdisc show dev many1 | sed 's/qdisc netem [0-9a-f]*: //')
	tc qdisc del dev many1 root
	works "netem $words" "$tool" netem many1 "$@"
	ours=$(tc qdisc show dev many1 | sed 's/qdisc netem [0-9a-f]*: //')
	is "as tc: $words" "$ours" "$theirs"
	works 'it can be taken away' "$tool" netem many1
}

if has 'network emulation (netem)'; then
	works 'netem with everything' "$tool" netem low delay/time=10ms delay/jitter=1ms delay/correlation=25% delay/distribution=normal \
		loss/percent=5 loss/correlation=10% duplication/percent=0.5% corrupt/percent=1 \
		reordering/percent=20 reordering/correlation=50 reordering/gap_distance=3
	shows 'delay 10ms 1ms 25% loss 5% 10% duplicate 0.5% reorder 20% 50% corrupt 1% gap 3' tc qdisc show dev low
	works 'it can be changed' "$tool" netem low delay/time=2ms rate/rate=10mbit limit/packets=50
	shows 'limit 50 delay 2ms rate 10Mbit' tc qdisc show dev low
	works 'and taken away' "$tool" netem low
	shows 'qdisc noqueue' tc qdisc show dev low
	as_tc 'delay 10ms 1500us 33% distribution pareto loss 1.7% 3% duplicate 0.3% 7% corrupt 2.5% 1%' delay/time=10ms delay/jitter=1500 \
		delay/correlation=33 delay/distribution=pareto loss/percent=1.7 loss/correlation=3% duplication/percent=0.3 \
		duplication/correlation=7 corrupt/percent=2.5% corrupt/correlation=1
	as_tc 'delay 500us reorder 25% 50%' delay/time=500us reordering/percent=25 reordering/correlation=50
	as_tc 'delay 1s 2ms reorder 100% gap 5' delay/time=1s delay/jitter=2ms reordering/percent=100 reordering/gap_distance=5
	as_tc 'delay 3 rate 123kbit limit 7' delay/time=3 rate/rate=123kbit limit/packets=7
	as_tc 'rate 50gbit' rate/rate=50gbit
	for d in uniform normal paretonormal; do
		works "distribution $d" "$tool" netem many1 delay/time=1ms delay/jitter=100us delay/distribution=$d
	done
fi
# Modules that are loaded by now have put links of their own into new namespaces.
is 'what the kernel has is found out again' "$("$tool" probe)" "$probed"
done_testing
