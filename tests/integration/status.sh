#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab topo status and topo pids: all is good at first; then things are broken by hand, one after the other, and each is told.
# asan: yes
# timeout: 300
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
# state CHECK OF: verdict and text of one check of the last status --json in $out; OF is host, host:name or network:name
state() {
	jq -rs --arg check "$1" --arg of "$2" '[.[] | select(.check == $check and
		((.host // .network) + (if .name then ":" + .name else "" end)) == $of) | (if .ok then "ok " else "FAIL " end) + .text] | join("; ")' <<<"$out"
}
bad() { jq -rs '[.[] | select(.ok | not) | .check + " " + (.host // .network // "-") + (if .name then ":" + .name else "" end)] | join(", ")' <<<"$out"; }
pid() { netlab topo pids t "$@" --quiet | head -n 1; }
in_netns() { nsenter -t "$(pid "$1")" -n -- "${@:2}"; }

run netlab topo status
is 'no lab: exit 0' "$status $out$err" '0 no lab is running'
run netlab topo pids
is 'pids of none' "$status $out$err" '0 no lab is running'
run netlab topo status t
is 'a lab that is not there: exit 2' "$status $err" '2 error: no lab "t" is up (no lab is)'

cat >"$work/t.xml" <<'XML'
<lnstrecipe>
  <network>
    <host id="h1"><interfaces>
      <eth id="eth0" label="net"/>
      <eth id="lan0" label="lan"/>
      <eth id="blue0" label="blue" netns="blue"><addresses><address value="192.168.7.1/24"/></addresses></eth>
    </interfaces></host>
    <host id="h2"><interfaces>
      <eth id="eth0" label="net"/>
      <eth id="lan0" label="lan"/>
    </interfaces></host>
    <host id="h3" forwarding="yes"><interfaces>
      <eth id="lan0" label="lan"/>
      <eth id="blue0" label="blue"><addresses><address value="192.168.7.3/24"/></addresses></eth>
    </interfaces></host>
  </network>
</lnstrecipe>
XML
run netlab topo up "$work/t.xml"
is 'a lab comes up' "$status" 0

# --- all is good ---

run netlab topo status t
is 'all is good: exit 0' "$status$err" 0
like 'in one line a check' "$out" $'^lab t: all ([0-9]+) checks are good\n\nVERDICT +CHECK +OF +STATE\nok +keeper +- +process [0-9]+ answers\nok +bridge +lan:br1 +up with 3 ports\n'
is 'all of them' "$(grep -c '^ok ' <<<"$out")" "$(sed -n 's/^lab t: all \([0-9]*\) checks.*/\1/p' <<<"$out")"
run netlab topo status
is 'it is the only lab' "$status ${out%%:*}" '0 lab t'
run netlab topo status t --quiet
is '--quiet says nothing then' "$status$out$err" 0
run netlab topo status t --json
is 'as JSON' "$status $(jq -rs 'map(.lab + (.ok | tostring)) | unique | join(" ")' <<<"$out")" '0 ttrue'
is 'the bridge' "$(state bridge lan:br1)" 'ok up with 3 ports'
is 'the agent of a host' "$(state agent h1)" 'ok answers'
is 'and of its further namespace' "$(state agent h1:blue)" 'ok answers'
is 'its process' "$(state host h1)" 'ok running'
is 'its root' "$(state overlay h1:/)" 'ok mounted'
is 'an interface' "$(state link h1:blue0)" 'ok up, mtu 1500'
is 'its addresses' "$(state address h1:blue0)" 'ok 192.168.7.1/24'
is 'forwarding' "$(state forwarding h3)" 'ok on'
is 'of the router only' "$(state forwarding h1)" ''
is 'neighbours' "$(state ping h1:blue0)" 'ok h3 answers at 192.168.7.3'
like 'in both families' "$(state ping h1:lan0)" '^ok h2 answers at 10\.0\.1\.2; ok h2 answers at fd00:[0-9a-f:]+$'
is 'in a ring' "$(state ping h2:lan0 | cut -d ' ' -f 2) $(state ping h3:lan0 | cut -d ' ' -f 2)" 'h3 h1'

# --- pids ---

keeper=$(netlab topo ls --json | jq .pid)
netlab exec t h2 -- sleep 1000 &
sleeper=$!
for ((i = 0; i < 600; i++)); do
	netlab topo pids t h2 | grep -q 'sleep 1000$' && break
	sleep 0.1
done
run netlab topo pids t
is 'the processes of a lab' "$status$err" 0
like 'for people' "$out" $'^HOST +PID +PARENT +ROLE +COMMAND\n- +'"$keeper"$' +[0-9]+ +keeper '
like 'with what runs in hosts' "$out" $'\nh2 +[0-9]+ +[0-9]+ +process +sleep 1000(\n|$)'
run netlab topo pids t --json
is 'roles, as JSON' "$(jq -rs 'map((.host // "-") + " " + .role) | unique | join(", ")' <<<"$out")" '- keeper, - spawner, h1 init, h1 process, h2 init, h2 process, h3 init'
is 'inits are the machine'\''s processes' "$(for p in $(jq -r 'select(.role == "init").pid' <<<"$out"); do cat "/proc/$p/comm"; done | sort -u)" netlab-agent
is 'and these are all of the lab' "$(jq -r .pid <<<"$out" | sort -n | tr '\n' ' ')" "$(ps -e -o pid=,ppid= | awk -v k="$keeper" '
	{ parent[$1] = $2 } END { for (p in parent) { for (q = p; q > 1; q = parent[q]) if (q == k) { print p; break } } }' | sort -n | tr '\n' ' ')"
run netlab topo pids t h2 --quiet
is 'those of a host' "$status $(wc -l <<<"$out")" '0 2'
kill "$(tail -n 1 <<<"$out")"
wait "$sleeper"
is 'one can be killed by its id' "$?" 143
run netlab topo pids t h9
is 'no such host: exit 2' "$status $err" '2 error: lab t has no host "h9"; did you mean "h1"?'
run netlab topo pids t h1 h2
is 'too much: exit 2' "$status ${err%;*}" "2 netlab topo pids: one word too many: 'h2'"

# --- things are broken by hand ---

run netlab exec t h2 -- ip link del eth0
run netlab topo status t --json --timeout 500ms
is 'a link is deleted in a host: exit 1' "$status" 1
is 'it is told' "$(state link h2:eth0)" 'FAIL it is not there'
is 'with its addresses' "$(state address h2:eth0)" 'FAIL the interface is not there'
is 'and its other end' "$(state link h1:eth0)" 'FAIL it is not there'
like 'the neighbour is out of reach' "$(state ping h1:eth0)" '^FAIL no answer from h2 at 10\.0\.0\.2: '
is 'nothing else' "$(bad)" 'link h1:eth0, address h1:eth0, ping h1:eth0, ping h1:eth0, link h2:eth0, address h2:eth0, ping h2:eth0, ping h2:eth0'
run netlab topo status t --quiet --timeout 500ms
like 'in words' "$out" $'^lab t: 8 of [0-9]+ checks failed\n\nVERDICT +CHECK +OF +STATE\nFAIL +link +h1:eth0 +it is not there\n'

nsenter -t "$keeper" -n ip link set br1 down
run netlab topo status t --json --timeout 500ms
is 'a bridge is taken down: told' "$status $(state bridge lan:br1)" '1 FAIL it is down'
is 'and nobody answers beyond it' "$(state ping h3:lan0 | tr ';' '\n' | grep -c 'FAIL no answer from h1 at .*: waited 0.5 s')" 2
nsenter -t "$keeper" -n ip link set br1 up
nsenter -t "$keeper" -n ip link set p1.1 nomaster
nsenter -t "$keeper" -n ip link set p2.0 down
run netlab topo status t --json --timeout 500ms
is 'ports are told' "$(state bridge lan:br1)" 'FAIL the port of h2:lan0 is not in the bridge, the port of h3:lan0 is down'
is 'the host has no carrier' "$(state link h3:lan0)" 'FAIL it is up without a carrier: its other end is down or gone'
nsenter -t "$keeper" -n ip link del br1
run netlab topo status t --json --timeout 500ms
is 'a bridge is deleted' "$(state bridge lan:br1)" 'FAIL it is not there'

in_netns h3 ip address del 192.168.7.3/24 dev blue0
in_netns h3 ip link set blue0 mtu 1400
run netlab topo status t --json --timeout 500ms
is 'an address is missing' "$(state address h3:blue0)" 'FAIL 192.168.7.3/24 is missing'
is 'which nobody asked to have another mtu' "$(state link h3:blue0)" 'ok up, mtu 1400'
in_netns h3 ip address add 192.168.7.3/25 dev blue0
in_netns h3 ip link set blue0 down
netlab exec t h3 -- sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/forwarding'
run netlab topo status t --json --timeout 500ms
is 'it is down' "$(state link h3:blue0)" 'FAIL it is down'
is 'with another prefix length' "$(state address h3:blue0)" 'FAIL 192.168.7.3/24 has another prefix length'
is 'forwarding is off' "$(state forwarding h3)" 'FAIL it is off for IPv4'

kill -STOP "$(pid h3)"
run netlab topo status t --json --timeout 500ms
is 'an agent that is stopped does not answer' "$(state agent h3)" 'FAIL no answer in 0.5 s'
is 'that is its init' "$(state host h3)" 'FAIL its init is stopped by a signal'
kill -KILL "$(pid h3)"
for ((i = 0; i < 600; i++)); do
	[ "$(netlab host show t h3 --json | jq -r .why)" = 'its init was killed by signal 9 (Killed)' ] && break
	sleep 0.1
done
run netlab topo status t --json --timeout 500ms
is 'a host is killed' "$(state host h3)" 'FAIL stopped: its init was killed by signal 9 (Killed)'
is 'its agent with it' "$(state agent h3)" 'FAIL host h3 has died'
is 'its links are still there' "$(state link h3:blue0)" 'FAIL it is down'
nsenter -t "$(pid h2)" -m umount -l / 2>"$work/log"
run netlab topo status t --json --timeout 500ms
is 'a root is unmounted' "$(state overlay h2:/)" "$(grep -q . "$work/log" && echo 'ok mounted' || echo 'FAIL it is not mounted')"
netlab host freeze t h1 2>"$work/log" && {
	run netlab topo status t --json --timeout 500ms
	is 'a host is frozen' "$(state host h1)" 'FAIL frozen'
	is 'its agent, too' "$(state agent h1)" 'FAIL host h1 is frozen; unfreeze it first'
	netlab host unfreeze t h1
}

kill -STOP "$keeper"
run netlab topo status t
like 'a keeper that is stopped does not answer' "$status $out" $'^1 lab t: 1 of 1 checks failed\n.*\nFAIL +keeper +- +it does not answer$'
kill -CONT "$keeper"

# --- usage ---

for bad in 0 x 2m ''; do
	run netlab topo status t --timeout "$bad"
	is "--timeout '$bad': exit 2" "$status" 2
done
run netlab topo status t u
is 'two labs: exit 2' "$status ${err%;*}" '2 netlab topo status: more than one lab'
netlab topo down t >"$work/log"

# --- interfaces that lie on others, and images ---

cat >"$work/d.xml" <<'XML'
<lnstrecipe>
  <network>
    <host id="h1"><interfaces>
      <eth id="e1" label="a"/><eth id="e2" label="b"/>
      <bridge id="b"><slaves><slave id="e1"/><slave id="e2"/></slaves><addresses><address value="192.168.9.1/24"/></addresses></bridge>
    </interfaces></host>
    <host id="h2"><interfaces><eth id="e1" label="a"><addresses><address value="192.168.9.2/24"/></addresses></eth></interfaces></host>
    <host id="h3"><interfaces><eth id="e1" label="b"><addresses><address value="192.168.8.3/24"/></addresses></eth></interfaces></host>
  </network>
</lnstrecipe>
XML
export NETLAB_IMAGES=$work/images
mkdir -p "$work/root/etc"
echo hello >"$work/root/etc/hello"
run netlab image import "$work/root" -t small
run netlab topo up "$work/d.xml" -n d --image small
is 'hosts of an image come up' "$status$err" 0
run netlab topo status d --json
is 'all is good there' "$status $(bad)" '0 '
is 'its image is mounted' "$(state image h1)" 'ok small'
is 'a bridge in a host has a neighbour' "$(state ping h1:t_br0)" 'ok h2 answers at 192.168.9.2'
is 'one of another subnet is none' "$(state ping h3:e1)" ''
run netlab exec d h1 -- ip link set e1 nomaster
nsenter -t "$(netlab topo pids d h1 -q | head -n 1)" -n ip link set e1 nomaster
run netlab topo status d --json --timeout 500ms
is 'a port that is taken off is told' "$(state link h1:e1)" 'FAIL it is no port of t_br0'
netlab topo down d >"$work/log"
done_testing
