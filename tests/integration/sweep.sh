#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab sweep: what labs left that were killed at random moments, and nothing else; told before with --dry-run. backends_crash.sh does it for each engine.
# asan: yes
# timeout: 300
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
RANDOM=${NETLAB_CRASH_SEED:=$((RANDOM % 10000))}
echo "# NETLAB_CRASH_SEED=$NETLAB_CRASH_SEED"
lab=sweep$$
groups() { find /sys/fs/cgroup -mindepth 1 -maxdepth 4 -name "netlab.$1.????????" 2>/dev/null | sort; }

run netlab sweep
is 'where nothing is left it says so' "$status $out" '0 nothing is left of labs that were killed'
run netlab sweep --json
is 'and nothing in JSON' "$status$out" 0

# two hosts, with limits where there are cgroups for them
recipe() {
	sed "s|<interfaces>|<params>$1</params>&|" "$work/pair.xml" >"$work/limits.xml"
}
pair_recipe "$work/pair.xml"
recipe '<param name="pids" value="50"/>'
netlab topo up "$work/limits.xml" -n "$lab" >/dev/null 2>&1 || recipe ''
netlab topo down "$lab" >/dev/null 2>&1

# killed: an own lab is up, and its keeper is killed; nobody has swept
killed() {
	netlab topo up "$work/limits.xml" -n "$lab" >/dev/null
	local pid
	pid=$(netlab topo ls --json | jq "select(.lab == \"$lab\").pid")
	kill -KILL "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
}
killed
cgroups=$(groups "$lab")
[ -z "$cgroups" ] || mkdir -p "$(dirname "${cgroups%%$'\n'*}")/netlab.other$$.00000000"
netlab topo up "$work/pair.xml" -n "other" >/dev/null
# The last command has swept.
is 'each command sweeps' "$(groups "$lab")$(ls /run/netlab)" other

killed
run netlab sweep --dry-run
is 'a dry run: exit 0' "$status" 0
is 'tells what is left' "$(sort <<<"$out")" "$(
	[ -z "$(groups "$lab")" ] || groups "$lab" | sed "s/^/lab $lab: cgroup /"
	echo "lab $lab: directory /run/netlab/$lab"
)"
is 'and removes nothing' "$(cd /run/netlab && echo *)" "other $lab"
run netlab sweep -n --json
is 'in JSON, too' "$(jq -r 'select(.kind == "directory") | .lab + " " + .what' <<<"$out")" "$lab /run/netlab/$lab"
run netlab sweep
is 'sweep: exit 0' "$status" 0
is 'it has told the same' "$(tail -n 1 <<<"$out")" "lab $lab: directory /run/netlab/$lab"
is 'it is gone, the lab that is up is not' "$(groups "$lab")$(ls /run/netlab)" other
is 'nor is what somebody else has' "$(groups "other$$" | wc -l)" "$([ -z "$cgroups" ] && echo 0 || echo 1)"
run netlab exec other h1 -- true
is 'the other lab works' "$status" 0

# --- at random moments
problems=()
for ((i = 0; i < 12; i++)); do
	ms=$((RANDOM % 60))
	netlab topo up "$work/limits.xml" -n "$lab" >/dev/null 2>&1 &
	up=$!
	sleep "0.0$(printf %02d $ms)" # the moment at which it is killed
	if [ $((RANDOM % 2)) = 0 ]; then
		pkill -KILL -P $up
	else
		kill -KILL $up 2>/dev/null
	fi
	wait $up 2>/dev/null
	# What had come up by then goes as users take it down; a keeper whose command was killed ends by itself.
	netlab topo down "$lab" >/dev/null 2>&1
	end=$((SECONDS + 60))
	until run netlab sweep && [ "$status" = 0 ] && [ "$(ls /run/netlab)" = other ]; do
		[ $SECONDS -lt $end ] || break
		sleep 0.02
	done
	[ "$status" = 0 ] && [ "$(groups "$lab")$(ls /run/netlab)" = other ] || problems+=("after $ms ms: $err $(groups "$lab") $(ls /run/netlab)")
done
is 'killed at random moments nothing is left after a sweep' "${problems[*]-}" ''
is 'but what is not ours' "$(groups "other$$" | wc -l)" "$([ -z "$cgroups" ] && echo 0 || echo 1)"
find /sys/fs/cgroup -mindepth 1 -maxdepth 4 -name "netlab.other$$.00000000" -exec rmdir {} + 2>/dev/null
netlab topo down other >/dev/null

run netlab sweep more
is 'one word too many: exit 2' "$status" 2
mkdir -p /run/netlab/bad
chmod 755 /run/netlab
run netlab sweep
is 'a run directory that others may read is not touched: exit 2 or more' "$((status > 1)) $(ls /run/netlab)" '1 bad'
like 'and it is named' "$err" '^error: run directory /run/netlab must be ours'
chmod 700 /run/netlab
rmdir /run/netlab/bad
done_testing
