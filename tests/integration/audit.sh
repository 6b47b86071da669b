#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The audit finds each kind of residue: one of each is made on purpose, found, and removed.
# timeout: 120
. "$NETLAB_TOP/tests/lib/cli.sh"
# Links of our own to play with.
[ "${NETLAB_TEST_NET:-}" = "$$" ] || NETLAB_TEST_NET=$$ exec unshare --net -- "$0" "$@"
private_labs "$0" "$@"

audit=$NETLAB_TOP/tests/lib/audit
id=netlab-audit-$$

snapshot() { "$audit" snapshot "$work/snapshot" || not_ok 'a snapshot can be taken'; }
# found TEXT PATTERN: the audit fails, and names it
found() {
	run "$audit" compare "$work/snapshot" --seconds 0
	if [ "$status" -eq 1 ] && [[ $out =~ $2 ]]; then ok "$1 is found"; else not_ok "$1 is found" "exit $status" "$out" "$err" "want: $2"; fi
}
# clean TEXT: nothing is left, at last
clean() {
	run "$audit" compare "$work/snapshot"
	if [ "$status" -eq 0 ] && [ -z "$out$err" ]; then ok "$1"; else not_ok "$1" "exit $status" "$out" "$err"; fi
}
# unseen TEXT
unseen() {
	run "$audit" compare "$work/snapshot" --seconds 3
	if [ "$status" -eq 0 ]; then ok "$1"; else not_ok "$1" "exit $status" "$out" "$err"; fi
}
# becomes COMM: wait until $pid is that program
becomes() {
	local end=$((SECONDS + 10)) comm=''
	until [[ $comm == "$1"* ]] || [ $SECONDS -ge $end ]; do
		{ read -r comm <"/proc/$pid/comm"; } 2>/dev/null
	done
}
# start COMM COMMAND...: run it beside this script until it is COMM; sets pid
start() {
	"${@:2}" >"$work/started" 2>&1 &
	pid=$!
	becomes "$1"
}
stop() {
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
}
# orphan COMM COMMAND...: with an empty environment, and without a parent; sets pid
# shellcheck disable=SC2016 # the text in single quotes is for the inner shell
orphan() {
	rm -f "$work/pid"
	(env -i "work=$work" setsid bash -c 'echo $$ >"$work/pid.new" && mv "$work/pid.new" "$work/pid" && exec env -i "$@"' bash "${@:2}" &)
	local end=$((SECONDS + 10))
	until [ -e "$work/pid" ] || [ $SECONDS -ge $end ]; do :; done
	pid=$(<"$work/pid")
	becomes "$1"
}

snapshot
clean 'nothing is left when nothing was done'
best=1000000
for ((i = 0; i < 5; i++)); do
	began=$EPOCHREALTIME
	"$audit" compare "$work/snapshot"
	took=$((${EPOCHREALTIME/[.,]/} - ${began/[.,]/}))
	[ $took -ge $best ] || best=$took
done
if [ $best -lt 200000 ]; then ok 'a clean audit is quick'; else not_ok 'a clean audit is quick' "$best us"; fi

# --- processes and namespaces ---

start sleep sleep 60
found 'a child that was left' "process $pid \(sleep 60\)"
stop
clean 'no more once it is gone'

for kind in net pid mount uts ipc cgroup user; do
	if [ $kind = pid ]; then
		start unshare unshare --pid --fork --kill-child sleep 60
		end=$((SECONDS + 10))
		until pgrep -x -P "$pid" sleep >"$work/log" || [ $SECONDS -ge $end ]; do :; done
	else
		start sleep unshare --$kind sleep 60
	fi
	[ $kind != mount ] || kind=mnt
	found "a $kind namespace" "process [0-9]+ \(sleep 60\).* holds .*$kind:\[[0-9]+\]"
	stop
done
clean 'none of them is left once their processes are gone'

cp "$(command -v sleep)" "$work/netlab-left"
orphan netlab-left "$work/netlab-left" 60
found 'an orphan with a name of ours and an empty environment' "process $pid \(.*netlab-left 60\)"
kill -KILL "$pid"
orphan sleep unshare --net sleep 60
found 'an orphan in a network namespace' "process $pid \(sleep 60\)"
kill -KILL "$pid"
clean 'no more once they are gone'

NETLAB_TMP=/nowhere/tmp start sleep sleep 60
unseen 'a process of another run of the tests is not ours'
stop
orphan sleep sleep 60
unseen 'neither is an orphan without any sign of us'
kill -KILL "$pid"

# --- links, mounts, cgroups, files ---

ip link add left0 type veth peer name left1
found 'a link' 'link [0-9]+: left0'
snapshot
ip link del left0
found 'a link that has gone' 'link [0-9]+: left0 has gone'

snapshot
mkdir "$work/m"
mount -t tmpfs left "$work/m"
found 'a mount' "mount $work/m \(tmpfs of left"
snapshot
mount -t tmpfs left "$work/m"
found 'a second mount on the same place' "mount $work/m \(tmpfs of left"
umount "$work/m"
clean 'no more once it is gone'
umount "$work/m"
found 'a mount that has gone' "mount $work/m \(tmpfs of left.* has gone"
snapshot
touch "$work/pin"
start sleep unshare --net sleep 60
mount --bind "/proc/$pid/ns/net" "$work/pin"
stop
found 'a network namespace that only a mount holds' "mount $work/pin \(nsfs of nsfs, its net:\[[0-9]+\]"
umount "$work/pin"
clean 'no more once it is unmounted'

n=0
while read -r folder; do
	mkdir "$folder/$id" 2>"$work/log" || continue
	n=$((n + 1))
	found "a cgroup in $folder" "cgroup $folder/$id"
	rmdir "$folder/$id"
	mkdir "$folder/netlab.$id" 2>"$work/log" || continue
	found "a lab's cgroup in $folder" "cgroup $folder/netlab.$id"
	start sleep sleep 60
	if echo "$pid" >"$folder/netlab.$id/cgroup.procs" 2>"$work/log"; then
		found "one with a process of ours" "cgroup $folder/netlab.$id"
	fi
	stop
	NETLAB_TMP=/nowhere start sleep sleep 60
	if echo "$pid" >"$folder/netlab.$id/cgroup.procs" 2>"$work/log"; then
		unseen 'one with a process of another run of the tests is not ours'
	fi
	stop
	for ((i = 0; i < 600; i++)); do
		rmdir "$folder/netlab.$id" 2>"$work/log" && break
		sleep 0.05
	done
done < <(awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup2?$/) print $5 }' /proc/self/mountinfo | sort -u)
if [ $n -eq 0 ]; then echo "ok $((n_tests += 1)) - cgroups # SKIP no hierarchy of cgroups can be written here"; fi
mkdir -p /run/netlab/left
found 'an empty run directory' 'file /run/netlab/left'
touch /run/netlab/left/control
found 'a socket in one' 'file /run/netlab/left/control'
rm -r /run/netlab/left
found 'the empty folder of run directories' 'file /run/netlab$'
rmdir /run/netlab
mkdir -p "$work/xdg/netlab/left"
XDG_RUNTIME_DIR=$work/xdg found 'a run directory of a user' "file $work/xdg/netlab/left"
rm -r "$work/xdg"
for path in "/tmp/$id" "/var/tmp/$id" "/dev/shm/$id" "/tmp/netlab-4200000000"; do
	mkdir "$path"
	found "a folder $(dirname "$path")/netlab-..." "file $path"
	rmdir "$path"
done
clean 'all that is gone'

# --- labs ---

pair_recipe "$work/pair.xml"
snapshot
"$NETLAB" topo up -n mine "$work/pair.xml" >"$work/log"
found 'the keeper of a lab' "process [0-9]+ \(.*netlab topo up -n mine"
found 'a host of a lab' 'process [0-9]+ \(netlab-agent'
found 'a network namespace of a lab' 'process [0-9]+ \(netlab-agent.* holds .*net:\[[0-9]+\]'
found 'the run directory of a lab' 'file /run/netlab/mine/control'
"$NETLAB" topo down mine >"$work/log"
clean 'nothing is left of a lab after down'

NETLAB_TMP=/nowhere/tmp "$NETLAB" topo up -n other "$work/pair.xml" >"$work/log"
unseen 'a lab of another run of the tests is not ours'
"$NETLAB" topo up -n mine "$work/pair.xml" >"$work/log"
found 'one of ours beside it' "/run/netlab/mine"
like 'and only that one' "$out" '^([^o]|o[^t]|ot[^h])*$'
"$NETLAB" topo down --all >"$work/log"
env -u NETLAB_TMP "$NETLAB" topo up -n other "$work/pair.xml" >"$work/log"
found 'a lab with nothing to tell whose it is' '/run/netlab/other'
run "$audit" compare "$work/snapshot" --seconds 0 --labs mine
is 'not with --labs and another prefix' "$status$out" 0
run "$audit" compare "$work/snapshot" --seconds 0 --labs oth
is 'but with --labs and its prefix' "$status" 1
"$NETLAB" topo down other >"$work/log"
clean 'nothing is left at the end'

run "$audit" compare "$work/nosuch"
if [ "$status" -ne 0 ]; then ok 'no snapshot: it fails'; else not_ok 'no snapshot: it fails'; fi
head -n 3 "$work/snapshot" >"$work/half"
run "$audit" compare "$work/half"
if [ "$status" -ne 0 ]; then ok 'half a snapshot: it fails'; else not_ok 'half a snapshot: it fails'; fi
run "$audit" compare
is 'wrong usage: exit 2' "$status" 2
done_testing
