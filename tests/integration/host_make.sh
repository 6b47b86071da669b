#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts that come and go while their lab is up: made, given another name, deleted; and ephemeral ones, which go when they stop.
# asan: yes
# timeout: 300
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
host() { "$NETLAB" host "$@"; }
names() { host list t --quiet | tr '\n' ' '; }
groups() { find /sys/fs/cgroup -mindepth 2 -maxdepth 4 -path "*/netlab.t.*/host.*" 2>/dev/null; }
# gone HOST: it vanishes soon
gone() {
	for ((i = 0; i < 1200; i++)); do
		host exists t "$1" || return 0
		sleep 0.05
	done
	return 1
}

sed 's|<interfaces><eth id="eth0" label="lan"/>|<interfaces><eth id="eth0" label="lan"><addresses><address value="192.168.7.N/24"/></addresses></eth>|' \
	<(lan_recipe /dev/stdout 3) | awk '/192.168.7.N/ { sub("192.168.7.N", "192.168.7." ++n) } { print }' >"$work/t.xml"
run netlab topo up "$work/t.xml" -n t
is 'a lab comes up' "$status$err" 0

# --- made
run host create t h4 --network lan=192.168.7.4/24,fd00:7::4/64
is 'a host is made' "$status$err" 0
is 'it is one of the lab' "$(names)" 'h1 h2 h3 h4 '
is 'it has its name and its address' "$(netlab exec t h4 -- sh -c 'hostname; ip -4 -o address show dev eth0 | grep -o "192[^ ]*/24"' | tr '\n' ' ')" \
	'h4 192.168.7.4/24 '
is 'its loopback is up' "$(netlab exec t h4 -- ping -c 1 -W 10 127.0.0.1 | grep -c ' 0% packet loss')" 1
is 'the others know it by name, and reach it' "$(netlab exec t h1 -- ping -4 -c 1 -W 10 h4 | grep -c ' 0% packet loss')" 1
is 'and it them' "$(netlab exec t h4 -- ping -4 -c 1 -W 10 h2 | grep -c ' 0% packet loss')" 1
run netlab topo status t --quiet
is 'all checks are good' "$status" 0
netlab exec t h4 -- sh -c 'echo kept >/etc/kept'
run host restart t h4
is 'it restarts' "$status$err" 0
is 'with its files and links' "$(netlab exec t h4 -- sh -c 'cat /etc/kept; ping -c 1 -W 10 h1 >/dev/null && echo reached' | tr '\n' ' ')" 'kept reached '
run host snapshot create t h4 one
if [ "$status" -eq 0 ]; then
	netlab exec t h4 -- sh -c 'echo new >/etc/kept'
	host snapshot restore t h4 one
	is 'it has snapshots' "$(netlab exec t h4 -- cat /etc/kept)" kept
fi
run host create t h5 --router --json
is 'a router without links, in JSON' "$status $out" '0 {"lab":"t","host":"h5","state":"running"}'
is 'it forwards' "$(netlab exec t h5 -- cat /proc/sys/net/ipv4/ip_forward)" 1
run host create t h6 --memory 64MiB --pids 50
if [ "$status" -eq 0 ]; then
	is 'one with limits' "$(host show t h6 --json | jq -c .limits) $(groups | grep -c h6)" "{\"memory\":67108864,\"pids\":50} $(groups | grep -c h6)"
	host delete t h6 --force
	is 'its groups go with it' "$(groups | grep h6)" ''
fi

# --- another name
run host rename t h4 web
is 'another name' "$status$err" 0
is 'by which it is known' "$(names)" 'h1 h2 h3 web h5 '
is 'to itself and others' "$(netlab exec t web -- hostname) $(netlab exec t h1 -- ping -4 -c 1 -W 10 web | grep -c ' 0% packet loss')" 'web 1'
host restart t web
is 'also when it starts again' "$(netlab exec t web -- sh -c 'hostname; cat /etc/kept' | tr '\n' ' ')" 'web kept '
run host rename t h1 one
run host stop t one
run host rename t one h1
is 'a stopped one, and back' "$status$err" 0
host start t h1
is 'it starts with its first name' "$(netlab exec t h1 -- hostname)" h1
run host create t h4
is 'the old name is free' "$status$err" 0
run host freeze t web
[ "$status" -ne 0 ] || host unfreeze t web
is 'and both work' "$(netlab exec t h4 -- hostname) $(netlab exec t web -- hostname)" 'h4 web'

# --- deleted
run host delete t web
is 'one that runs is not deleted: exit 2' "$status $err" '2 error: host web: it is running; stop it first, or delete it with --force'
host stop t web --timeout 0
run host delete t web
is 'one that is stopped is' "$status$err" 0
run host delete t h4 h5 --force --json
is 'several, by force' "$status $(jq -r '.host + " " + .state' <<<"$out" | sort | tr '\n' ' ')" '0 h4 deleted h5 deleted '
is 'they are gone' "$(names)" 'h1 h2 h3 '
run netlab exec t web -- true
like 'nobody knows the name' "$err" '^error: .*no host "web"'
is 'nor their names' "$(netlab exec t h1 -- grep -c -e web -e h4 /etc/hosts)" 0
run host delete t h2 --force
is 'one that came up with the lab, too' "$status$err" 0
run netlab topo status t --quiet
is 'all checks are good' "$status" 0
is 'the topology has what is left' "$(netlab topo inspect t --json | jq -c '[.topology.hosts[].id], [.topology.networks[].ports[].host]' | tr '\n' ' ')" \
	'["h1","h3"] ["h1","h3"] '
run host create t h2 --network lan=192.168.7.2/24
is 'and back' "$status $(netlab exec t h2 -- ping -4 -c 1 -W 10 h3 | grep -c ' 0% packet loss')" '0 1'

# --- ephemeral
run host create t e1 --ephemeral
is 'an ephemeral host' "$status$err" 0
host restart t e1
is 'stays when it restarts' "$(netlab exec t e1 -- hostname)" e1
host stop t e1
gone e1
is 'and goes when it stops' "$? $(names)" '0 h1 h3 h2 '
host create t e2 --ephemeral
kill -KILL "$(host show t e2 --json | jq .pid)"
gone e2
is 'or when its init ends' "$? $(names)" '0 h1 h3 h2 '
run host config t h3 --ephemeral yes
is 'any can be so' "$status$err" 0
is 'which is shown' "$(host show t h3 --json | jq .ephemeral)" true
host config t h2 --ephemeral yes
host config t h2 --ephemeral no
host stop t h3 h2 --timeout 0
gone h3
is 'but only that' "$(names)" 'h1 h2 '
host start t h2

# --- what cannot be
# refused MESSAGE COMMAND...
refused() {
	run host "${@:2}"
	is "${*:2}: exit 2 or 3" "$((status == 2 || status == 3))" 1
	is 'in one line' "$err" "$1"
}
refused 'error: host id "h1" is used already, in line 2' create t h1
refused 'error: host h9: no network "lam" in lab t' create t h9 --network lam
refused 'error: host h9: interface eth0: "a.b.c" is not an address' create t h9 --network lan=a.b.c
refused 'error: no host of the lab is made from the image small; a lab that is up can use no further image' create t h9 --image small
refused "netlab host create: --network: '=1' is not LABEL or LABEL=ADDRESS,...; try 'netlab host create --help'" create t h9 --network =1
refused 'error: host h1: host id "h2" is used already' rename t h1 h2
refused 'error: lab t has no host "h7"; did you mean "h1"?' delete t h7
is 'none of them has left anything' "$(gone h9 && names)" 'h1 h2 '

# --- two hosts with a link of their own
pair_recipe "$work/pair.xml"
netlab topo up "$work/pair.xml" -n pair >/dev/null
host delete pair h1 --force
is 'a link between two goes with one of them' "$(netlab topo inspect pair --json | jq -c '[.topology.hosts[] | .id, (.interfaces | length)]')" '["h2",0]'
run netlab topo status pair --quiet
is 'and all checks are good' "$status" 0
netlab topo down pair >/dev/null
run netlab topo down t
is 'down' "$status $(groups)" '0 '
done_testing
