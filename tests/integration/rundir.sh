#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Run directories: stale ones are swept by the next command, names are checked, a folder that is not ours is refused.
# timeout: 120
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

audit=$NETLAB_TOP/tests/lib/audit
base=/run/netlab
netlab() { "$NETLAB" "$@"; }
pair_recipe "$work/pair.xml"
lan_recipe "$work/big.xml" 40
"$audit" snapshot "$work/snapshot"
in_base() { [ ! -e $base ] || find $base -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | tr '\n' ' '; }

# --- what a lab has there ---

netlab topo up -n one "$work/pair.xml" >"$work/log"
is 'a lab has one directory, with one socket' "$(in_base)$(ls -A $base/one)" 'one control'
is 'nobody else may look into it' "$(stat -c '%a %U' $base $base/one | tr '\n' ' ')" '700 root 700 root '
netlab topo down one >"$work/log"
if [ -e $base ]; then not_ok 'nothing is left of the last lab' "$(in_base)"; else ok 'nothing is left of the last lab'; fi

# --- stale ones ---

keeper_of() { netlab topo ls --json | jq -r "select(.lab == \"$1\") | .pid"; }
for command in 'topo ls' 'topo down --all' "topo up -n next $work/pair.xml" 'exec stale h1 -- true' 'topo inspect stale'; do
	netlab topo up -n stale "$work/pair.xml" >"$work/log"
	keeper=$(keeper_of stale)
	kill -KILL "$keeper"
	for ((i = 0; i < 1000; i++)); do
		{ read -r _ _ state _ <"/proc/$keeper/stat"; } 2>"$work/log" || break
		[ "$state" != Z ] || break
	done
	if [ -S $base/stale/control ]; then ok 'a keeper that was killed leaves its directory'; else not_ok 'a keeper that was killed leaves its directory' "$(in_base)"; fi
	# shellcheck disable=SC2086 # the words of the command
	run netlab $command
	case $command in
	*stale*) like "$command: the lab is gone, exit $status" "$status $err" '^2 error: no lab "stale" is up' ;;
	*) is "$command succeeds" "$status" 0 ;;
	esac
	if [ -e $base/stale ]; then not_ok 'and sweeps it' "$(in_base)"; else ok 'and sweeps it'; fi
	netlab topo down --all >"$work/log"
done
mkdir -m 700 $base $base/left $base/other
: >$base/left/control
run netlab topo ls
is 'directories that nobody holds are swept' "$status $out $(in_base)" '0 no lab is running '
mkdir -m 700 $base $base/held
(
	flock 9
	netlab topo ls -q >"$work/log" 9>&-
) 9<$base/held
is 'one that somebody holds is not' "$(in_base)$(<"$work/log")" 'held held'
netlab topo up -n next "$work/pair.xml" >"$work/log"
is 'up sweeps it afterwards' "$(in_base)" 'next '
mkdir $base/.hidden && touch $base/file
run netlab topo down next
is 'what is no lab stays' "$status $(in_base)" '0 .hidden file '
rm -r $base

# --- names ---

long=$(printf 'n%.0s' {1..63})
for name in a "$long" A-b_c.9 0; do
	run netlab topo up -n "$name" "$work/pair.xml"
	is "a lab may be called ${name:0:20}" "$status" 0
	run netlab exec "$name" h1 -- true
	is 'and be used under that name' "$status" 0
	netlab topo down "$name" >"$work/log"
done
for name in '' . .. .a -a _a a/b ../a 'a b' $'a\nb' a% ä "n$long" /; do
	for command in up down; do
		args=("$work/pair.xml")
		[ $command = up ] || args=()
		if [ $command = up ]; then run netlab topo up "--name=$name" "${args[@]}"; else run netlab topo down -- "$name"; fi
		like "topo $command refuses the name ${name@Q} with exit 2" "$status $err" '^2 .*(lab name|no lab)'
		if [ "$(wc -l <"$work/err")" -eq 1 ] && [ ! -s "$work/out" ]; then ok 'in one line'; else not_ok 'in one line' "$out" "$err"; fi
	done
	run netlab exec -- "$name" h1 true
	is 'exec does, too' "$status" 2
done
if [ -e $base ]; then not_ok 'none of them left anything' "$(in_base)"; else ok 'none of them left anything'; fi

# --- a folder that is not as it must be ---

refuses() {
	run netlab topo up "$work/pair.xml"
	like "topo up refuses $1" "$status $err" "^[234] error: .*run directory $base.*$2"
	is 'in one line' "$(wc -l <"$work/err")" 1
	run netlab topo ls
	if [ "$status" -ne 0 ] && [ "$(wc -l <"$work/err")" -eq 1 ]; then ok "topo ls refuses $1"; else not_ok "topo ls refuses $1" "$status $out $err"; fi
}
mkdir -m 755 $base
refuses 'a folder that is open to others' 'mode 0700'
rmdir $base
mkdir -m 700 $base && chown 65534 $base
refuses 'a folder of somebody else' 'must be ours'
rmdir $base
mkdir -m 700 "$work/elsewhere" && ln -s "$work/elsewhere" $base
refuses 'a symbolic link' '(Too many levels|Not a directory)'
is 'and makes nothing behind it' "$(ls -A "$work/elsewhere")" ''
rm $base
: >$base
refuses 'a file' '(Not a directory|File exists)'
rm $base

# --- one name, two commands ---

strange=''
for ((i = 0; i < 10; i++)); do
	netlab topo up -n race "$work/pair.xml" >"$work/o1" 2>"$work/e1" &
	one=$!
	netlab topo up -n race "$work/pair.xml" >"$work/o2" 2>"$work/e2"
	two=$?
	wait $one
	case $?$two in
	02 | 20) ;;
	*) strange+="$(cat "$work"/[oe][12])" ;;
	esac
	netlab topo down race >"$work/log" 2>&1 || strange+=$(<"$work/log")
done
is 'of two up of one name one wins, ten times' "$strange" ''

# The keeper ends when its command is killed; whoever asks meanwhile waits for that.
strange=''
for ((i = 0; i < 10; i++)); do
	"$NETLAB" topo up -n killed "$work/big.xml" >"$work/log" 2>&1 &
	pid=$!
	until [ -e $base/killed/control ] || ! kill -0 $pid 2>"$work/log"; do :; done
	kill -KILL $pid
	wait $pid 2>"$work/log"
	run netlab topo up -n killed "$work/pair.xml"
	[ "$status" -eq 0 ] || strange+="up: exit $status, $err"
	run netlab topo down killed
	[ "$status" -eq 0 ] || strange+="down: exit $status, $err"
done
is 'after the command was killed its name is free, ten times' "$strange" ''
strange=''
for ((i = 0; i < 10; i++)); do
	netlab topo up -n waited "$work/big.xml" >"$work/log" 2>&1 &
	until [ -e $base/waited/control ]; do :; done
	run netlab topo down waited
	[ "$status" -eq 0 ] || strange+="down: exit $status, $err"
	wait $!
done
is 'down of a lab that is coming up waits for it, ten times' "$strange" ''
run "$audit" compare "$work/snapshot"
is 'nothing is left' "$status$out" 0
done_testing
