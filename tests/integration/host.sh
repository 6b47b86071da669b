#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The life of hosts: stopped, started, frozen and killed, while their links stay; and what is said when it cannot be.
# asan: yes
# timeout: 300
# shellcheck disable=SC2013,SC2016,SC2030,SC2031,SC2317 # texts in single quotes are for the shells of the hosts; some functions are called by name
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
host() { "$NETLAB" host "$@"; }
state() { host show t "$1" --json | jq -r .state; }
# in_netns HOST COMMAND...: in the network namespace of a host, by the init of that host
in_netns() { nsenter -t "$(host show t "$1" --json | jq .pid)" -n -- "${@:2}"; }
# until_true COMMAND...: 60 s at most
until_true() {
	for ((i = 0; i < 1200; i++)); do
		"$@" && return
		sleep 0.05
	done
	return 1
}

cat >"$work/t.xml" <<'XML'
<lnstrecipe>
  <network>
    <host id="h1"><interfaces>
      <eth id="eth0" label="net"/><eth id="blue0" label="blue" netns="blue"><addresses><address value="192.168.7.1/24"/></addresses></eth>
    </interfaces></host>
    <host id="h2"><interfaces><eth id="eth0" label="net"/></interfaces></host>
    <host id="h3"><interfaces><eth id="blue0" label="blue"><addresses><address value="192.168.7.3/24"/></addresses></eth></interfaces></host>
  </network>
</lnstrecipe>
XML
run netlab topo up "$work/t.xml"
is 'a lab comes up' "$status" 0

# --- list, exists, show ---

is 'hosts are listed' "$(host list t --quiet | tr '\n' ' ')" 'h1 h2 h3 '
is 'all of them run' "$(host list t --json | jq -r .state | sort | uniq -c | tr -s ' ')" ' 3 running'
like 'for people, too' "$(host list t)" $'^HOST +STATE +BACKEND +PID +ADDRESS\nh1 +running +native +[0-9]+ +10\\.0\\.'
is 'their process ids are ours' "$(cat "/proc/$(host show t h2 --json | jq .pid)/comm")" netlab-agent
run host exists t h1
is 'a host that is there: exit 0, no word' "$status$out$err" 0
run host exists t h9
is 'one that is not: exit 1, no word' "$status$out$err" 1
run host show t h9
is 'to show that one: exit 2' "$status" 2
is 'with the nearest name' "$err" 'error: lab t has no host "h9"; did you mean "h1"?'
run host list tt
is 'a lab that is not there: exit 2' "$status" 2
like 'with the nearest name' "$err" '^error: .*tt.*did you mean .*t'
is 'interfaces are shown' "$(host show t h1 --json | jq -r '.interfaces[] | .id + " " + .network' | tr '\n' ' ')" 'eth0 net blue0 blue '

# --- stop and start ---

netlab exec t h1 -- sh -c 'echo kept >/etc/kept; echo gone >/run/gone; ip link set eth0 mtu 1400; ip address add 10.99.0.1/24 dev eth0'
ino=$(in_netns h1 readlink /proc/self/ns/net)
mkfifo "$work/started"
netlab exec t h1 -- sh -c 'trap "" TERM; echo started; sleep 1000' >"$work/started" 2>"$work/job" &
job=$!
read -r _ <"$work/started"
run host stop t h1 --timeout 0
is 'a host stops at once' "$status$out$err" 0
wait "$job"
is 'a command in it ends: exit 255' "$?" 255
is 'and says why' "$(cat "$work/job")" 'error: the host was stopped'
is 'it is stopped' "$(state h1)" stopped
is 'without a reason: it was asked to' "$(host show t h1 --json | jq .why)" null
is 'and has no process' "$(host state t h1 --json | jq .processes)" 0
is 'the far end of its link is up' "$(netlab exec t h2 -- cat /sys/class/net/eth0/operstate)" up
run netlab exec t h1 -- true
is 'a command there: exit 255' "$status" 255
is 'with a clear line' "$err" 'error: host h1 is stopped'
run host stop t h1
is 'to stop it again: exit 2' "$status" 2
is 'with a clear line' "$err" 'error: host h1 is stopped already'
run host freeze t h1
is 'it cannot be frozen' "$status $err" '2 error: host h1 is stopped; start it first'
run host restart t h1
is 'or restarted' "$status $err" '2 error: host h1 is stopped; start it first'
run host start t h1
is 'it starts' "$status$out$err" 0
is 'in its old network namespace' "$(in_netns h1 readlink /proc/self/ns/net)" "$ino"
is 'with its links and addresses' "$(netlab exec t h1 -- ip -j address show eth0 | jq -r '.[].mtu, (.[].addr_info[].local | select(startswith("10.99")))' | tr '\n' ' ')" '1400 10.99.0.1 '
is 'its files' "$(netlab exec t h1 -- cat /etc/kept)" kept
is 'and an empty /run' "$(netlab exec t h1 -- sh -c 'ls /run/gone 2>&1 >/dev/null | wc -l')" 1
run netlab exec t h1 -- ping -c 1 -W 10 h2
is 'it reaches its peer' "$status" 0
run netlab exec t --netns blue h1 -- ping -c 1 -W 10 192.168.7.3
is 'out of its further network namespace as well' "$status" 0
is 'which has its name again' "$(netlab exec t h1 -- ip netns list | cut -d' ' -f1)" blue
run host start t h1
is 'to start it again' "$status $err" '2 error: host h1 is running already'

# What can end by itself may do so; the rest is killed in the end.
netlab exec t h1 -- sh -c 'setsid sh -c "trap \"echo ended >/etc/ended; exit\" TERM; touch /run/ready; while :; do sleep 0.1; done" >/dev/null 2>&1 &
	until [ -e /run/ready ]; do sleep 0.05; done'
run host stop t h1 --timeout 60
is 'a stop waits for processes' "$status$out$err" 0
run host start t h1
is 'that have something to do before their end' "$(netlab exec t h1 -- cat /etc/ended)" ended
netlab exec t h1 -- sh -c 'setsid sh -c "trap \"\" TERM; touch /run/ready; while :; do sleep 0.1; done" >/dev/null 2>&1 &
	until [ -e /run/ready ]; do sleep 0.05; done'
run host restart t h1 --timeout 300ms
is 'one that does not end is killed after the time' "$status$out$err" 0
is 'a restart leaves nothing of it' "$(host state t h1 --json | jq .processes)" 2
run host stop t --all --timeout 5
is 'all hosts stop' "$status $(host list t --json | jq -r .state | sort -u)" '0 stopped'
run host start t h3 h1 h2 --json
is 'and start' "$(jq -r '.host + .state' <<<"$out" | tr '\n' ' ')" 'h3running h1running h2running '
run host stop t h1 h9 h2 --timeout 0
is 'what is wrong with one is no matter of the others' "$status $err $(state h1) $(state h2)" '2 error: lab t has no host "h9"; did you mean "h1"? stopped stopped'
run host start t h1 h2
is 'and they start' "$status" 0
for bad in -1 x 2h ''; do
	run host stop t h1 --timeout "$bad"
	is "--timeout '$bad': exit 2" "$status" 2
done
run host stop t
is 'no host named: exit 2' "$status" 2
run host stop t --all h1
is 'all and one: exit 2' "$status" 2
run netlab host
is 'no command: exit 2' "$status" 2
run netlab host halt
is 'no such command: exit 2' "$status" 2

# --- state ---

netlab exec t h1 -- ping -c 3 -i 0.1 -W 10 h2 >/dev/null
is 'packets are counted' "$(host state t h1 --json | jq '[.interfaces[] | select(.id == "eth0")][0].stats.tx_packets >= 3')" true
before=$(host state t h1 --json | jq .cpu_us)
# shellcheck disable=SC2016
netlab exec t h1 -- sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done'
after=$(host state t h1 --json | jq .cpu_us)
is 'processor time of what has ended is counted' "$([ "$after" -gt "$before" ] && echo more)" more
is 'memory as well' "$(host state t h1 --json | jq '.memory_bytes > 0')" true
like 'for people' "$(host state t h1)" $'state +running\n.*eth0 +eth eth0 up: received [0-9]+ bytes in [0-9]+ packets'

# --- freeze ---

run host freeze t h1
if [ "$status" -eq 3 ]; then
	like 'where no cgroup can be made that is said' "$err" '^error: host h1: to freeze a host takes '
else
	is 'a host freezes' "$status$out$err" 0
	is 'it is frozen' "$(state h1)" frozen
	mapfile -t groups <"/run/netlab/t/cgroups"
	is 'its cgroup is journalled' "$([ -d "${groups[0]}/host.h1" ] && echo there)" there
	is 'all of it is in there' "$(wc -l <"${groups[0]}/host.h1/cgroup.procs")" 2
	run netlab exec t h1 -- true
	is 'it runs no command' "$status $err" '255 error: host h1 is frozen; unfreeze it first'
	run host freeze t h1
	is 'it is frozen already' "$status $err" '2 error: host h1 is frozen already'
	run host start t h1
	is 'it cannot start' "$status $err" '2 error: host h1 is frozen; unfreeze it first'
	is 'its network answers: the kernel is not frozen' "$(netlab exec t h2 -- ping -c 1 -W 10 h1 | grep -c '1 received')" 1
	run host unfreeze t h1
	is 'it goes on' "$status$out$err $(state h1)" '0 running'
	run netlab exec t h1 -- true
	is 'and runs commands' "$status" 0
	run host unfreeze t h1
	is 'it is not frozen any more' "$status $err" '2 error: host h1 is not frozen'
	host freeze t h1 h2
	run host stop t h1
	is 'a frozen host can be stopped' "$status$out$err $(state h1)" '0 stopped'
	run host start t h1
	is 'and is not frozen afterwards' "$status$out$err $(netlab exec t h1 -- echo hello)" '0 hello'
	kill -KILL "$(host show t h2 --json | jq .pid)"
	# shellcheck disable=SC2317
	start_h2() { host start t h2 2>"$work/log"; }
	until_true start_h2
	is 'a frozen host can be killed, and started' "$(netlab exec t h2 -- echo hello)" hello
fi

# --- one that is killed ---

# shellcheck disable=SC2317
killed() { [ "$(host show t h2 --json | jq -r .why)" = 'its init was killed by signal 9 (Killed)' ]; }
kill -KILL "$(host show t h2 --json | jq .pid)"
until_true killed
is 'a host whose init is killed says why' "$(host show t h2 --json | jq -r '.state + ": " + .why')" 'stopped: its init was killed by signal 9 (Killed)'
like 'in the list as well' "$(host list t)" $'\nh2 +stopped: its init was killed by signal 9 \\(Killed\\) +native +- '
run netlab exec t h2 -- true
is 'it runs no command' "$status $err" '255 error: host h2 has died'
run host start t h2
is 'start brings it back' "$status$out$err" 0
run netlab exec t h2 -- ping -c 1 -W 10 h1
is 'with its link' "$status" 0

# --- the spawner ---

keeper=$(netlab topo ls --json | jq .pid)
# shellcheck disable=SC2013
spawner=$(for p in $(cat "/proc/$keeper/task/$keeper/children"); do [ "$(cat "/proc/$p/comm")" = agent ] && echo "$p"; done)
kill -KILL "$spawner"
until_true [ ! -e "/proc/$spawner" ]
host stop t h2 --timeout 0
run host start t h2
is 'without a spawner no host starts' "$status $err" "4 error: host h2: the lab's spawner has been killed: no host can start before the lab has been taken down and up"
run netlab topo down t
is 'the lab goes down' "$status" 0
is 'with its cgroups' "$(for g in "${groups[@]:-}"; do [ -n "$g" ] && ls -d "$g"; done 2>/dev/null)" ''

# --- a killed keeper leaves nothing ---

netlab topo up "$work/t.xml" >"$work/log"
if host freeze t h1 2>"$work/log"; then
	mapfile -t groups <"/run/netlab/t/cgroups"
	kill -KILL "$(netlab topo ls --json | jq .pid)"
	# shellcheck disable=SC2317
	none() { netlab topo ls --quiet >/dev/null 2>&1 && [ ! -d "${groups[0]}" ]; }
	until_true none
	is 'the cgroup of a killed keeper is swept' "$(ls -d "${groups[0]}" 2>/dev/null)" ''
fi
# --- links are where they belong, whatever namespace the host is making when the keeper looks ---

wrong=''
for ((i = 0; i < 30; i++)); do
	netlab topo up -n n "$work/t.xml" >"$work/log" 2>&1
	netlab exec n h1 -- sh -c '[ -e /sys/class/net/eth0 ] && [ ! -e /sys/class/net/blue0 ]' || wrong+=" $i"
	netlab topo down n >"$work/log"
done
is 'interfaces are in the namespaces that they belong to' "$wrong" ''
done_testing
