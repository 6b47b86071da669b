#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab topo up, ls and down: labs stay, stand side by side, and go; the kernel's state is read back with ip.
# timeout: 300
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
in_host() { netlab exec "$1" "$2" -- "${@:3}"; }
pair=$work/pair.xml
pair_recipe "$pair"

# --- one lab ---

run netlab topo ls
is 'ls without labs succeeds' "$status" 0
is 'ls without labs says so' "$out" 'no lab is running'
is 'ls --quiet without labs prints nothing' "$(netlab topo ls --quiet)" ''
is 'ls --json without labs prints nothing' "$(netlab topo ls --json)" ''

run netlab topo up "$pair"
is 'up succeeds' "$status" 0
like 'up says what it made' "$out" '^lab pair is up: 2 hosts, 1 network, in [0-9.]+ s'
like 'up says how to enter' "$out" 'netlab shell pair h1'
like 'up says how to take it down' "$out" 'netlab topo down pair'
is 'up on a pipe prints nothing on standard error' "$err" ''

is 'the lab is in ls --quiet' "$(netlab topo ls --quiet)" pair
run netlab topo ls
like 'ls prints a table' "$out" '^LAB +HOSTS +RUNNING +AGE +PID +RECIPE'
like 'ls names hosts and recipe' "$out" "pair +2 +2 +[0-9]+ s +[0-9]+ +$pair"
keeper=$(netlab topo ls --json | jq -r .pid)
if [ -d "/proc/$keeper" ]; then ok 'ls --json tells the pid of the keeper'; else not_ok 'ls --json tells the pid of the keeper' "$keeper"; fi

# --- the kernel's state ---

links=$(in_host pair h1 ip -j -d link)
is 'a host has loopback and its interface' "$(jq -r '[.[].ifname] | sort | join(" ")' <<<"$links")" 'eth0 lo'
is 'the interface is a veth' "$(jq -r '.[] | select(.ifname == "eth0") | .linkinfo.info_kind' <<<"$links")" veth
is 'both are up' "$(jq -r '[.[] | .flags | index("UP") != null] | all' <<<"$links")" true
is 'the interface has a carrier' "$(jq -r '.[] | select(.ifname == "eth0") | .flags | index("LOWER_UP") != null' <<<"$links")" true
is 'MAC addresses are deterministic' "$(jq -r '.[] | select(.ifname == "eth0") | .address' <<<"$links")" 52:54:01:00:00:01
addrs=$(in_host pair h2 ip -j addr show dev eth0)
is 'an automatic IPv4 address' "$(jq -r '.[0].addr_info[] | select(.family == "inet") | "\(.local)/\(.prefixlen)"' <<<"$addrs")" 10.0.0.2/24
is 'an automatic IPv6 address' "$(jq -r '.[0].addr_info[] | select(.family == "inet6" and .scope == "global") | "\(.local)/\(.prefixlen)"' <<<"$addrs")" fd00:6e65:746c::2/64
is 'no address is tentative' "$(jq -r '[.[0].addr_info[] | select(.scope == "global") | has("tentative")] | any' <<<"$addrs")" false
is 'the host name is the id' "$(in_host pair h2 uname -n)" h2
run in_host pair h1 ping -c 1 -W 2 h2
is 'a host pings another by its name' "$status" 0
run in_host pair h1 ping -6 -c 1 -W 2 fd00:6e65:746c::2
is 'and over IPv6' "$status" 0

# --- two labs of one recipe, side by side ---

run netlab topo up -n second "$pair"
is 'the same recipe comes up again under another name' "$status" 0
is 'both are listed, sorted' "$(netlab topo ls -q | tr '\n' ' ')" 'pair second '
one=$(in_host pair h1 readlink /proc/self/ns/net)
two=$(in_host second h1 readlink /proc/self/ns/net)
if [ "$one" != "$two" ]; then ok 'their hosts have different network namespaces'; else not_ok 'their hosts have different network namespaces' "$one"; fi
in_host pair h1 ip link set eth0 down
is 'a link that is down in one is up in the other' "$(in_host second h1 ip -j link show eth0 | jq -r '.[0].operstate')" UP
in_host pair h1 touch /tmp/mark /root/netlab-mark
run in_host second h1 ls /tmp/mark
if [ "$status" -ne 0 ]; then ok 'files of one are not seen in the other'; else not_ok 'files of one are not seen in the other'; fi
if [ -e /root/netlab-mark ]; then not_ok 'files of a host are not written to the machine'; else ok 'files of a host are not written to the machine'; fi

run netlab topo up "$pair"
is 'a name that is taken is refused with exit 2' "$status" 2
like 'and the message names it' "$err" '^error: .*pair'
is 'in one line' "$(wc -l <"$work/err")" 1
is 'the first lab goes on' "$(in_host pair h2 uname -n)" h2

run netlab topo down secnd
is 'down of an unknown lab: exit 2' "$status" 2
like 'with the nearest name' "$err" '^error: .*secnd.*did you mean "second"'
run netlab topo down second
is 'down succeeds' "$status" 0
like 'and says so' "$out" '^lab second is down, in [0-9.]+ s$'
is 'only the other lab is left' "$(netlab topo ls -q)" pair
run netlab topo down second
is 'down of a lab that is down: exit 2' "$status" 2
run netlab topo down
is 'down without a name: exit 2' "$status" 2
run netlab topo down --all pair
is 'down --all with a name: exit 2' "$status" 2
is 'which took nothing down' "$(netlab topo ls -q)" pair
netlab topo up -n third "$pair" >"$work/log"
run netlab topo down pair third nosuch
is 'down of several goes on after one that is not there, and exits 2' "$status" 2
is 'the others are down' "$(netlab topo ls -q)" ''
netlab topo up -n a "$pair" >"$work/log" && netlab topo up -n b "$pair" >"$work/log"
run netlab topo down --all --json
is 'down --all --json: an object for each lab' "$(jq -r .lab <<<"$out" | tr '\n' ' ')" 'a b '
is 'down --all without labs succeeds' "$(netlab topo down --all; echo $?)" 0
if grep -qs '^State:.[^Z]' "/proc/$keeper/status"; then not_ok 'the keeper is gone' "$(<"/proc/$keeper/status")"; else ok 'the keeper is gone'; fi
if [ -e /run/netlab ] && [ -n "$(ls -A /run/netlab)" ]; then not_ok 'no run directory is left' "$(ls -A /run/netlab)"; else ok 'no run directory is left'; fi

# --- options ---

run netlab topo up "$pair" --json -n js
is 'up --json: one object a line' "$(jq -r '"\(.event) \(.lab) \(.hosts) \(.networks) \(.interfaces)"' <<<"$out")" 'up js 2 1 2'
is 'with the time of each phase' "$(jq -r '.phases_us | keys | join(" ")' <<<"$out")" 'agents hosts keeper links'
run netlab topo up "$pair" -n tm --timing
like '--timing prints the phases' "$out" 'keeper.*hosts.*links.*agents'
is 'up lets go of its output' "$(timeout 20 "$NETLAB" topo up "$pair" -n piped | tail -n 1)" '  netlab topo down piped'
lan_recipe "$work/lan.xml" 200
like 'on a terminal it shows the hosts that are up' "$(script -qec "$NETLAB topo up -n term $work/lan.xml" /dev/null </dev/null)" $'\r[0-9]+ of 200 hosts up.*\r\x1b\[K.*lab .*term.* is up: 200 hosts'
netlab topo down piped term >"$work/log"
run netlab topo up -n 'bad/name' "$pair"
is 'an impossible name: exit 2' "$status" 2
run netlab topo up
is 'no recipe: exit 2' "$status" 2
run netlab topo up "$pair" "$pair"
is 'two recipes: exit 2' "$status" 2
run netlab topo up "$work/nosuch.xml"
is 'a recipe that is not there: exit 2' "$status" 2
like 'and its name is in the message' "$err" "nosuch.xml.*No such file"
sed 's/label="net"/lable="net"/' "$pair" >"$work/bad.xml"
run netlab topo up "$work/bad.xml"
is 'a recipe that is wrong: exit 2' "$status" 2
like 'with the place and the nearest name' "$err" "bad.xml:3:[0-9]+: error: .*lable.*label"
is 'nothing was brought up' "$(netlab topo ls -q | tr '\n' ' ')" 'js tm '
netlab topo down --all >"$work/log"

sed 's/"h1"/"{$''first}"/' "$pair" >"$work/alias.xml"
run netlab topo up "$work/alias.xml" -a first=alpha
is '-a defines an alias' "$(netlab topo inspect -q alias | tr '\n' ' ')" 'alpha h2 '
netlab topo down alias >"$work/log"
run netlab topo up "$work/alias.xml" -a first
is '-a without a value: exit 2' "$status" 2
sed 's/<network>/<define><alias name="first" value="inner"\/><\/define>&/' "$work/alias.xml" >"$work/inner.xml"
netlab topo up "$work/inner.xml" -a first=alpha >"$work/log"
is 'a definition in the recipe wins over -a' "$(netlab topo inspect -q inner | head -n 1)" inner
netlab topo down inner >"$work/log"
netlab topo up "$work/inner.xml" -A first=beta >"$work/log"
is '-A wins over a definition in the recipe' "$(netlab topo inspect -q inner | head -n 1)" beta
netlab topo down inner >"$work/log"

# --- two at once ---

winners=0 losers=0 strange=''
for ((i = 0; i < 20; i++)); do
	"$NETLAB" topo up -n race "$pair" >"$work/o1" 2>"$work/e1" &
	one=$!
	"$NETLAB" topo up -n race "$pair" >"$work/o2" 2>"$work/e2" &
	two=$!
	wait $one
	s1=$?
	wait $two
	s2=$?
	case $s1$s2 in
	02) loser=$work/e2 ;;
	20) loser=$work/e1 ;;
	*)
		strange+="round $i: exit $s1 and $s2: $(cat "$work/e1" "$work/e2")"$'\n'
		netlab topo down race >"$work/log" 2>&1
		continue
		;;
	esac
	winners=$((winners + 1))
	if [[ $(<"$loser") =~ ^error:\ .*race ]] && [ "$(wc -l <"$loser")" -eq 1 ]; then
		losers=$((losers + 1))
	else
		strange+="round $i: $(<"$loser")"$'\n'
	fi
	[ "$(in_host race h1 uname -n)" = h1 ] || strange+="round $i: the winner's lab does not work"$'\n'
	netlab topo down race >"$work/log" 2>&1 || strange+="round $i: down: $(<"$work/log")"$'\n'
done
if [ "$winners" -eq 20 ] && [ -z "$strange" ]; then ok 'of two up of one name exactly one wins, 20 times'; else not_ok 'of two up of one name exactly one wins, 20 times' "$strange"; fi
is 'and each time the other gets one clear line' "$losers" 20

# --- an interrupt ---

lan_recipe "$work/big.xml" 60
"$NETLAB" topo up "$work/big.xml" >"$work/o1" 2>"$work/e1" &
pid=$!
while ! compgen -G '/run/netlab/big*' >/dev/null && [ -d "/proc/$pid" ]; do :; done
kill -INT "$pid"
wait "$pid"
s=$?
if [ "$s" -eq 130 ] || [ "$s" -eq 0 ]; then ok 'up that is interrupted exits 130 (or was done already)'; else not_ok 'up that is interrupted exits 130' "exit $s" "$(<"$work/e1")"; fi
[ "$s" -eq 0 ] || is 'and leaves no lab' "$(netlab topo ls -q)" ''
done_testing
