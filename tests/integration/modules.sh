#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Test modules run by hand on the loopback of a fresh namespace, with the real tools.
# timeout: 120
# asan: yes
set -u

if [ "${1:-}" != inside ]; then
	exec unshare --net --mount --pid --fork --kill-child -- "$0" inside
fi

modules=$NETLAB_BUILD/modules
work=$(mktemp -d "$NETLAB_TMP/modules.XXXXXX") || exit 4
trap 'rm -rf "$work"' EXIT
mount -t proc proc /proc || exit 4
ip link set lo up || exit 4
ip link add d0 type veth peer name d1 && ip link set d0 up || exit 4

n=0
result() { # STATUS TEXT
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/#   /' "$work"/*.out "$work"/*.err 2>/dev/null
	fi
}

# run STATUS JQ-EXPRESSION TEXT MODULE OPTIONS: the last line of output must satisfy the expression
run() {
	echo "$5" | PATH=${module_path:-$PATH} "$modules/$4" >"$work/run.out" 2>"$work/run.err"
	local status=$?
	[ $status -eq "$1" ] && tail -n 1 "$work/run.out" | jq -e "$2" >/dev/null
	result $? "$4: $3"
}

# start NAME MODULE OPTIONS: in the background, in a process group of its own; waits until it is ready
start() {
	: >"$work/$1.out"
	setsid "$modules/$2" <<<"$3" >"$work/$1.out" 2>"$work/$1.err" &
	pid=$!
	tail -n +1 -f --pid=$pid "$work/$1.out" | grep -q -m 1 '"ready"'
}

# stop NAME STATUS JQ-EXPRESSION TEXT: interrupt what was started last
stop() {
	kill -INT -- "-$pid"
	wait "$pid"
	local status=$?
	[ $status -eq "$2" ] && tail -n 1 "$work/$1.out" | jq -e "$3" >/dev/null
	result $? "$4"
}

run 0 '.result.rate == 100 and .result.received == 3 and (.result.rtts | length) == 3 and .result.rtt_min > 0' \
	'pings over IPv4, the prefix is cut' IcmpPing \
	'{"addr": "127.0.0.1/8", "count": "3", "interval": "0.01", "size": "100", "ttl": "3", "iface": "lo"}'
run 0 '.result.rate == 100' 'pings over IPv6' Icmp6Ping '{"addr": "::1", "count": "2", "interval": "0.01"}'
run 1 '.message | startswith("expected pattern not found: ping: connect")' 'fails without a route' \
	IcmpPing '{"addr": "10.9.9.9", "count": "1"}'
run 1 '.result.Exception == "mandatory option addr is missing"' 'fails without its address' IcmpPing '{}'
# A neighbour that nobody is; the kernel gives up on it at once.
ip link set d1 up && ip addr add 10.7.7.7/24 dev d0 || exit 4
echo 1 >/proc/sys/net/ipv4/neigh/d0/retrans_time_ms
run 1 '.result.rate == 0 and .result.limit_rate == 80 and (.message | contains("lower than limit"))' \
	'fails when nobody answers' IcmpPing '{"addr": "10.7.7.8", "count": "1"}'
module_path=/none run 2 '.message == "ping is missing in this host: install the Debian package iputils-ping"' \
	'names the package that it lacks' IcmpPing '{"addr": "127.0.0.1"}'

run 0 '.result == {"a": "1", "b": ["2", "3"]}' 'gives its options back' Custom '{"a": "1", "b": ["2", "3"]}'
run 1 '.result.fail == "yes"' 'fails when it should' Custom '{"fail": "yes"}'
run 1 '.result.fail == "True"' 'as Python says it, too' Custom '{"fail": "True"}'
run 0 '.result.fail == "False"' 'and not when it should not' Custom '{"fail": "False"}'
run 1 '.message == "what else did you expect?"' 'fails' DummyFailing '{}'
"$modules/Icmp6Ping" --help | grep -qx 'netlab-module: needs ping iputils-ping'
result $? 'a module says what it needs when it is asked'

# --- LinkNeg ---

ip link set d1 down
run 0 '.result == {"admin_state": "DOWN", "oper_state": "LOWERLAYERDOWN", "speed": 10000, "duplex": "full", "autoneg": "off"}' \
	'a link whose other end is down is down' LinkNeg '{"iface": "d0", "state": "no"}'
run 1 '.message == "link d0 is LOWERLAYERDOWN, expected UP"' 'fails when the link does not come' LinkNeg \
	'{"iface": "d0", "state": "yes", "timeout": "0.1"}'
echo '{"iface": "d0", "state": "yes", "speed": "10000", "duplex": "Full"}' | "$modules/LinkNeg" >"$work/link.out" &
link=$!
ip link set d1 up
wait $link
result $? 'LinkNeg: waits until the link is up'
run 1 '.message == "speed is 10000, expected 1000"' 'fails when something else was negotiated' LinkNeg \
	'{"iface": "d0", "state": "up", "speed": "1000"}'
run 1 '.message == "there is no interface d9"' 'fails without its interface' LinkNeg '{"iface": "d9", "state": "up"}'
run 1 '.result.Exception == "mandatory option state is missing"' 'fails without the state' LinkNeg '{"iface": "d0"}'

# --- PktCounter ---

start counter PktCounter '{"proto": "icmp", "input_netdev_name": "lo"}'
ping -q -c 3 -i 0.01 127.0.0.1 >/dev/null
stop counter 0 '.result.pkt_count == 6 and .result.byte_count == 504' 'PktCounter: counts what comes in'
start counter PktCounter '{"proto": "udp", "dport": "5000:5009", "ipv6": "yes"}'
for port in 5005 5009 5010; do echo x | nc -6 -u -w 1 -q 0 ::1 $port; done >/dev/null 2>&1
stop counter 0 '.result.pkt_count == 2' 'PktCounter: by protocol and ports, over IPv6'
start counter PktCounter '{}'
stop counter 0 '.result.pkt_count == 0' 'PktCounter: passes without a packet'
nft -j list tables | jq -e '[.nftables[] | select(.table)] == []' >/dev/null
result $? 'PktCounter: leaves no table behind'
run 1 '.result.Exception == "option proto: \"udp; flush ruleset\" makes no sense"' 'takes no commands' PktCounter \
	'{"proto": "udp; flush ruleset"}'
run 1 '.result.Exception == "option dport: only with a proto such as tcp or udp"' 'knows what has ports' PktCounter \
	'{"dport": "80"}'
module_path=/none run 2 '.message == "nft is missing in this host: install the Debian package nftables"' \
	'names the package that it lacks' PktCounter '{}'

# --- NetCat ---

# listening PROTOCOL PORT: wait until somebody is
listening() { until ss -Hln"$1" "sport = :$2" | grep -q .; do read -rt 0.02 <> <(:); done; }
nc -l -k 127.0.0.1 5000 >/dev/null &
nc=($!)
nc -u -l ::1 5001 >/dev/null &
nc+=($!)
listening t 5000
listening u 5001
run 0 '.result.bytes > 65536 and .result.seconds >= 0.3' 'sends a stream' NetCat \
	'{"addr": "127.0.0.1/8", "port": "5000", "duration": "0.3"}'
run 0 '.result.bytes > 65536' 'over UDP and IPv6' NetCat \
	'{"addr": "::1", "port": "5001", "stream": "udp", "ipv": "6", "duration": "0.3"}'
kill "${nc[@]}"
wait "${nc[@]}"
run 1 '.result.bytes == 0 and (.message | test("^No stream detected! .*Connection refused"))' 'fails without a listener' NetCat \
	'{"addr": "127.0.0.1", "port": "5009"}'
run 1 '.result.Exception == "option stream: \"sctp\" must be tcp or udp"' 'knows two kinds of streams' NetCat \
	'{"addr": "127.0.0.1", "port": "5009", "stream": "sctp"}'
run 1 '.result.Exception == "mandatory option port is missing"' 'fails without its port' NetCat '{"addr": "127.0.0.1"}'
module_path=/none run 2 '.message == "nc is missing in this host: install the Debian package netcat-openbsd"' \
	'names the package that it lacks' NetCat '{"addr": "127.0.0.1", "port": "1"}'

# --- PktgenTx ---

run 1 '.result.Exception == "mandatory option pktgen_option is missing"' 'fails without options' PktgenTx \
	'{"netdev_name": "d0"}'
if [ -e /proc/net/pktgen/pgctrl ]; then
	run 0 '.result.packets == 100 and .result.devices.d0.errors == 0' 'sends packets' PktgenTx \
		'{"netdev_name": "d0", "pktgen_option": ["count 100", "dst_mac 02:00:00:00:00:01"]}'
	run 1 '.message | startswith("pktgen failed: d0: \"nonsense 1\": ")' 'names what pktgen refuses' PktgenTx \
		'{"netdev_name": "d0", "pktgen_option": "nonsense 1"}'
else
	run 2 '.message | startswith("the kernel has no pktgen: load its module")' 'says what is missing' PktgenTx \
		'{"netdev_name": "d0", "pktgen_option": "count 100"}'
fi

# The client is started before there is a server.
echo '{"role": "client", "iperf_server": "127.0.0.1", "duration": "1", "threshold": "1 Mbits/sec"}' |
	"$modules/Iperf" >"$work/client.out" 2>"$work/client.err" &
client=$!
start server Iperf '{"role": "server"}'
wait $client && tail -n 1 "$work/client.out" | jq -e '.result.bits_per_second > 1e6 and (.result.intervals | length) > 0' >/dev/null
result $? 'Iperf: a client waits for its server and measures'
run 1 '.message | test("^rate .* is lower than threshold 100.00 Tbits/sec$")' 'fails below its threshold' Iperf \
	'{"role": "client", "iperf_server": "::1", "duration": "1", "threshold": "100 Tbits/sec", "iperf_opts": "-u -b 10M"}'
stop server 0 '.message == "server has ended"' 'Iperf: a server that is interrupted passes'
start server3 Iperf3 '{"role": "server"}'
run 0 '.result.bits_per_second > 1e6' 'is the same module' Iperf3 '{"role": "client", "iperf_server": "127.0.0.1/8", "duration": "1"}'
stop server3 0 '.message == "server has ended"' 'Iperf3: a server that is interrupted passes'
run 0 '.message == "server has ended"' 'a server ends after its duration' Iperf '{"role": "server", "duration": "0.1"}'
run 1 '.result.Exception == "mandatory option iperf_server is missing"' 'a client needs a server' Iperf '{"role": "client"}'

start capture PacketAssert \
	'{"interface": "lo", "filter": "icmp", "grep_for": ["echo re(quest|ply)", "seq \\d+"], "min": "6", "max": "6"}'
ping -q -c 3 -i 0.01 127.0.0.1 >/dev/null
stop capture 0 '.result.packets_received == 6' 'PacketAssert: counts exactly what matches'
start capture PacketAssert '{"interface": "lo", "filter": "icmp", "grep_for": "id 0,"}'
ping -q -c 1 127.0.0.1 >/dev/null
stop capture 1 '.result.packets_received == 0' 'PacketAssert: fails below the minimum'
start capture PacketAssert '{"interface": "lo", "filter": "icmp6", "min": "0", "max": "0"}'
ping -q -c 1 ::1 >/dev/null
stop capture 1 '.message == "2 packets matched, at most 0 expected"' 'PacketAssert: fails above the maximum'
run 1 '.message | contains("nosuch")' 'fails without its interface' PacketAssert '{"interface": "nosuch"}'

# In a user namespace with a single group id, where tcpdump cannot set its groups.
rootless() {
	ip link set lo up
	start rootless PacketAssert '{"interface": "lo", "filter": "icmp", "min": "2", "max": "2"}'
	ping -q -c 1 127.0.0.1 >/dev/null
	kill -INT -- "-$pid"
	wait "$pid"
}
export -f rootless start
export modules work
unshare --user --map-root-user --net -- bash -c rootless
result $? 'PacketAssert: works in a user namespace'

echo "1..$n"
