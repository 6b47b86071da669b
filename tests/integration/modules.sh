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
ip link add d0 type veth peer name d1 && ip link set d0 up && ip link set d1 up && ip addr add 10.7.7.7/24 dev d0 || exit 4
echo 1 >/proc/sys/net/ipv4/neigh/d0/retrans_time_ms
run 1 '.result.rate == 0 and .result.limit_rate == 80 and (.message | contains("lower than limit"))' \
	'fails when nobody answers' IcmpPing '{"addr": "10.7.7.8", "count": "1"}'
module_path=/none run 2 '.message == "ping is missing in this host: install the Debian package iputils-ping"' \
	'names the package that it lacks' IcmpPing '{"addr": "127.0.0.1"}'

run 0 '.result == {"a": "1", "b": ["2", "3"]}' 'gives its options back' Custom '{"a": "1", "b": ["2", "3"]}'
run 1 '.result.fail == "yes"' 'fails when it should' Custom '{"fail": "yes"}'

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
