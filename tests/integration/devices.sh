#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Interfaces that hosts make themselves, and further network namespaces: made by recipes, read back with ip, with traffic through them.
# What this kernel lacks is tested in tests/vm.
# timeout: 200
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
in_host() { netlab exec devices "$1" -- "${@:2}"; }
in_blue() { netlab exec --netns blue devices h1 -- "$@"; }
link() { in_host "$1" ip -j -d link show dev "$2" | jq -r ".[0] | $3"; }
pings() {
	run netlab exec devices "$1" -- ping -c 1 -W 10 "$2"
	is "$3" "$status" 0
}

recipe=$work/devices.xml
cat >"$recipe" <<'XML'
<lnstrecipe>
  <define><alias name="vni" value="42"/></define>
  <network>
    <host id="h1">
      <interfaces>
        <eth id="1" label="a"/>
        <eth id="2" label="b"/>
        <eth id="3" label="c"><addresses><address value="10.70.0.1/24"/></addresses></eth>
        <eth id="4" label="d" netns="blue"><options><option name="mtu" value="1400"/></options></eth>
        <bridge id="br">
          <options><option name="ageing_time" value="1000"/></options>
          <slaves><slave id="1"><options><option name="cost" value="77"/></options></slave></slaves>
          <addresses><address>10.71.0.1/24</address><address>fd00:71::1/64</address></addresses>
        </bridge>
        <macvlan id="mv">
          <options><option name="hwaddr" value="52:54:00:11:22:33"/><option name="mtu" value="1300"/></options>
          <slaves><slave id="2"/></slaves>
          <addresses><address>10.72.0.1/24</address></addresses>
        </macvlan>
        <macvlan id="mvb" netns="blue">
          <slaves><slave id="2"/></slaves>
          <addresses><address>10.72.0.9/24</address></addresses>
        </macvlan>
        <vxlan id="vx">
          <options><option name="id" value="{$vni}"/><option name="remote_ip" value="{ip(h2,3)}"/></options>
          <slaves><slave id="3"/></slaves>
          <addresses><address>10.73.0.1/24</address></addresses>
        </vxlan>
        <veth_pair>
          <veth id="in"><addresses><address>10.74.0.1/24</address></addresses></veth>
          <veth id="out" netns="blue"><addresses><address>10.74.0.2/24</address></addresses></veth>
        </veth_pair>
        <tun id="tun"><addresses><address>10.75.0.1/24</address></addresses></tun>
        <tap id="tap" netns="blue"><options><option name="hwaddr" value="52:54:00:44:55:66"/></options></tap>
        <lo id="lo"><addresses><address>192.0.2.1/32</address></addresses></lo>
        <lo id="lob" netns="blue"><addresses><address>192.0.2.2/32</address></addresses></lo>
      </interfaces>
      <routes><route to="198.51.100.0/24" via="10.74.0.1"/></routes>
    </host>
    <host id="h2" forwarding="yes">
      <interfaces>
        <eth id="1" label="a"><addresses><address>10.71.0.2/24</address></addresses></eth>
        <eth id="2" label="b"><addresses><address>10.72.0.2/24</address></addresses></eth>
        <eth id="3" label="c"><addresses><address value="10.70.0.2/24"/></addresses></eth>
        <eth id="4" label="d"/>
        <vxlan id="vx">
          <options><option name="id" value="{$vni}"/><option name="remote_ip" value="{ip(h1,3)}"/></options>
          <slaves><slave id="3"/></slaves>
          <addresses><address>10.73.0.2/24</address></addresses>
        </vxlan>
        <tun id="t" netns="red"/>
      </interfaces>
    </host>
  </network>
  <task label="in namespaces">
    <run host="h1" netns="blue" command="ip link show dev {devname(h1,4)} | grep -q 'mtu 1400'"/>
    <run host="h1" netns="blue" command="ping -c 1 -W 10 {ip(h2,4)}"/>
    <run host="h1" command="ip link show dev {devname(h1,4)}" expect="fail"/>
    <run host="h1" netns="blue" command="sleep 60" bg_id="1"/>
    <intr host="h1" bg_id="1"/>
    <config host="h1" netns="blue" option="/proc/sys/net/ipv4/ip_forward" value="1"/>
    <run host="h1" netns="blue" command="grep -q 1 /proc/sys/net/ipv4/ip_forward"/>
    <run host="h1" command="grep -q 0 /proc/sys/net/ipv4/ip_forward"/>
    <run host="h1" module="IcmpPing" netns="blue"><options><option name="addr" value="{ip(h2,4)}"/><option name="count" value="2"/><option name="interval" value="0.2"/></options></run>
  </task>
</lnstrecipe>
XML

run netlab run --keep -n devices "$recipe"
is 'the recipe passes: commands, settings and modules run in namespaces' "$status" 0
[ "$status" -eq 0 ] || { printf '%s\n' "$out" "$err" | sed 's/^/# /'; done_testing; }

# --- names and kinds ---

is 'interfaces have the names of LNST' "$(in_host h1 ip -j link | jq -r '[.[].ifname] | sort | join(" ")')" \
	'eth1 eth2 eth3 lo t_br0 t_macvlan0 tun_0 veth0 vxlan0'
is 'those of another namespace are there' "$(in_blue ip -j link | jq -r '[.[].ifname] | sort | join(" ")')" \
	'eth4 lo t_macvlan1 tap_0 veth1'
is 'all are up' "$(in_host h1 ip -j link | jq -r '[.[].flags | index("UP") != null] | all')" true
is 'also there' "$(in_blue ip -j link | jq -r '[.[].flags | index("UP") != null] | all')" true

# --- each kind ---

is 'a bridge' "$(link h1 t_br0 .linkinfo.info_kind)" bridge
is 'with its option' "$(link h1 t_br0 .linkinfo.info_data.ageing_time)" 1000
is 'its port' "$(link h1 eth1 .master)" t_br0
is 'with the option of a port' "$(link h1 eth1 .linkinfo.info_slave_data.cost)" 77
is 'which has no address of its own' "$(in_host h1 ip -j addr show dev eth1 | jq '[.[0].addr_info[] | select(.scope == "global")] | length')" 0
pings h2 10.71.0.1 'traffic through the bridge'
pings h1 fd00:71::1 'its IPv6 address answers'
is 'a macvlan has the address that it was given' "$(link h1 t_macvlan0 .address)" 52:54:00:11:22:33
is 'and the MTU' "$(link h1 t_macvlan0 .mtu)" 1300
pings h2 10.72.0.1 'traffic through the macvlan'
pings h2 10.72.0.9 'and through one in another namespace than what it lies on'
is 'a vxlan takes alias and function as options' "$(link h1 vxlan0 '.linkinfo.info_data | "\(.id) \(.remote)"')" '42 10.70.0.2'
pings h2 10.73.0.1 'traffic through the vxlan'
run in_blue ping -c 1 -W 10 10.74.0.1
is 'traffic through a pair from one namespace to the other' "$status" 0
is 'a tun' "$(link h1 tun_0 '.linkinfo.info_data.type')" tun
is 'with its address' "$(in_host h1 ip -j addr show dev tun_0 | jq -r '.[0].addr_info[0].local')" 10.75.0.1
is 'a tap with the address that it was given' "$(in_blue ip -j link show dev tap_0 | jq -r '.[0].address')" 52:54:00:44:55:66
is 'an address on the loopback' "$(in_host h1 ip -j addr show dev lo | jq -r '[.[0].addr_info[].local] | index("192.0.2.1") != null')" true
is 'and on that of the other namespace' "$(in_blue ip -j addr show dev lo | jq -r '[.[0].addr_info[].local] | index("192.0.2.2") != null')" true
is 'a route stands where its gateway is' "$(in_blue ip -j route show 198.51.100.0/24 | jq -r '.[0].gateway')" 10.74.0.1
is 'and not elsewhere' "$(in_host h1 ip -j route show 198.51.100.0/24 | jq length)" 0

# --- namespaces ---

is 'a namespace is seen where ip looks for it' "$(in_host h1 ip netns list | cut -d' ' -f1)" blue
is 'it has files of the host' "$(in_host h1 touch /tmp/mark && in_blue ls /tmp/mark)" /tmp/mark
is 'its processes' "$(in_blue cat /proc/1/comm)" netlab-agent
is 'and its own /sys' "$(in_blue ls /sys/class/net | sort | tr '\n' ' ')" 'eth4 lo t_macvlan1 tap_0 veth1 '
is 'forwarding counts in each namespace' "$(netlab exec --netns red devices h2 -- cat /proc/sys/net/ipv4/ip_forward)" 1
run in_blue sh -c 'mount -t tmpfs x /mnt'
if [ "$status" -ne 0 ]; then ok 'it gives no more rights than the host has'; else not_ok 'it gives no more rights than the host has'; fi
run netlab exec --netns nosuch devices h1 -- true
is 'an unknown one: exit 2' "$status" 2
like 'with its name' "$err" 'host h1: no network namespace "nosuch"'
run netlab exec --netns blue devices h1 -- nosuch-program
is 'an unknown program there: exit 127' "$status" 127
inspect=$(netlab topo inspect devices --json)
is 'inspect tells the namespaces' "$(jq -r '.topology.hosts[0].netns | join(" ")' <<<"$inspect")" blue
is 'and kinds' "$(jq -r '[.topology.hosts[0].interfaces[].kind] | unique | join(" ")' <<<"$inspect")" 'bridge eth lo macvlan tap tun veth vxlan'
is 'and slaves' "$(jq -r '.topology.hosts[0].interfaces[] | select(.id == "br").slaves[0].id' <<<"$inspect")" 1
run netlab topo down devices
is 'the lab goes down' "$status" 0

# --- what is refused, with its place ---

cat >"$work/kind.xml" <<'XML'
<lnstrecipe><network><host id="h1"><interfaces>
<eth id="1" label="a"/>
<macvlan id="m"><options><option name="mtu" value="60000"/></options><slaves><slave id="1"/></slaves></macvlan>
</interfaces></host></network></lnstrecipe>
XML
run netlab topo up "$work/kind.xml"
like 'a refusal of the kernel has the place of the interface' "$err" 'kind.xml:3:1: error: host h1: macvlan m: .*\[E'
is 'and leaves no lab' "$(netlab topo ls -q)" ''
done_testing
