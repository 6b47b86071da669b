#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab exec: one host as if the command ran here, several at once, JSON.
# timeout: 300
# asan: yes
# shellcheck disable=SC2016 # texts in single quotes are for the shells of the hosts
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

# In the background "$NETLAB" itself: $! is to be its process.
netlab() { "$NETLAB" "$@"; }
lan_recipe "$work/lan.xml" 20
netlab topo up "$work/lan.xml" >"$work/log" 2>&1 || cat "$work/log"

# wait_for COMMAND...: until it succeeds, 10 s at most
wait_for() {
	local end=$((SECONDS + 10))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
	done
}

# --- status ---

for s in 0 1 42 255; do
	run netlab exec lan h1 -- sh -c "exit $s"
	is "exit status $s is passed on" "$status" "$s"
done
is 'without a word' "$out$err" ''
run netlab exec lan h1 -- sh -c 'kill -TERM $$'
is 'a command killed by SIGTERM: 143' "$status" 143
run netlab exec lan h1 -- sh -c 'kill -KILL $$'
is 'a command killed by SIGKILL: 137' "$status" 137
run netlab exec lan h1 -- nosuchprogram
is 'a command that is not there: 127' "$status" 127
is 'with one clear line' "$err" 'error: host h1: nosuchprogram: command not found'
run netlab exec lan h1 -- /etc/hosts
is 'a file that is no program: 126' "$status" 126
like 'with one clear line' "$err" '^error: host h1: /etc/hosts: cannot be executed: Permission denied$'
run netlab exec lan h1 -t 200ms -- sleep 60
is 'a command that is killed at its --timeout: 124' "$status" 124
run netlab exec lan h1 --timeout 0 -- true
is '--timeout 0: exit 2' "$status" 2

# --- input, output, environment ---

is 'arguments arrive as they are' "$(netlab exec lan h1 -- printf '<%s>' 'a b' '' '*' "it's" --all -h)" "<a b><><*><it's><--all><-h>"
is 'standard input is ours' "$(echo hello | netlab exec lan h1 -- cat)" hello
run netlab exec lan h1 -- sh -c 'echo out; echo err >&2'
is 'standard output is ours' "$out" out
is 'standard error is ours, apart' "$err" err
is 'names of lab and host are in the environment' "$(netlab exec lan h3 -- sh -c 'echo $NETLAB_LAB $NETLAB_HOST')" 'lan h3'
is 'so is the terminal' "$(TERM=vt220 netlab exec lan h1 -- sh -c 'echo $TERM')" vt220
is 'nothing else of ours is' "$(SECRET=42 netlab exec lan h1 -- env | grep -c SECRET)" 0
is 'the working directory is /' "$(netlab exec lan h1 -- pwd)" /
is 'no descriptor of ours is open there' "$(netlab exec lan h1 -- sh -c 'ls /proc/$$/fd' 9<"$work/lan.xml" | tr '\n' ' ' | grep -cE '^0 1 2 (10 )?$')" 1
want=$(head -c 50000000 /dev/zero | tr '\0' 'n' | sha256sum)
is '50 MB through a pipe out of a host are intact' "$(netlab exec lan h1 -- sh -c "head -c 50000000 /dev/zero | tr '\\0' n" | sha256sum)" "$want"
is '50 MB through a pipe into a host are intact' "$(head -c 50000000 /dev/zero | tr '\0' 'n' | netlab exec lan h1 -- sha256sum)" "$want"
is 'a reader that goes away ends the writer' "$(netlab exec lan h1 -- sh -c 'yes; echo $? >/run/yes' | head -n 2 | tr '\n' ' ')" 'y y '
run netlab exec lan h1 -- cat <&-
is 'a closed standard input is no trouble' "$status" 1

# --- signals ---

for sig in INT TERM HUP QUIT; do
	"$NETLAB" exec lan h2 -- sh -c "trap 'echo got $sig; exit 7' $sig; touch /run/ready-$sig; while :; do sleep 1; done" >"$work/sig" 2>"$work/sigerr" &
	pid=$!
	wait_for netlab exec lan h2 -- test -e "/run/ready-$sig" || not_ok "the command starts" "$(<"$work/sigerr")"
	kill "-$sig" "$pid"
	wait "$pid"
	is "SIG$sig is sent on to the command" "$? $(<"$work/sig")" "7 got $sig"
done
"$NETLAB" exec lan h2 -- sh -c 'touch /run/ready; exec sleep 1000' &
pid=$!
wait_for netlab exec lan h2 -- test -e /run/ready
kill -KILL "$pid"
wait "$pid" 2>/dev/null
if wait_for netlab exec lan h2 -- sh -c '! pgrep -x sleep'; then
	ok 'when netlab is killed the lab kills the command'
else
	not_ok 'when netlab is killed the lab kills the command'
fi

# --- usage ---

run netlab exec lan h21 -- true
is 'an unknown host: exit 2' "$status" 2
like 'with the nearest name' "$err" '^error: lab lan has no host "h21"; did you mean "h[0-9]+"\?$'
run netlab exec lna h1 -- true
is 'an unknown lab: exit 2' "$status" 2
like 'with the nearest name' "$err" '^error: .*lna.*did you mean "lan"'
run netlab exec lan h1 nosuch -- true
is 'one unknown host of several: exit 2' "$status" 2
is 'and nothing runs' "$out" ''
for args in '' 'lan' 'lan h1' 'lan h1 --' 'lan --all' 'lan --all h1 -- true' 'lan -- true' '--nosuch lan h1 -- true'; do
	# shellcheck disable=SC2086 # the words are meant to be several
	run netlab exec $args
	is "usage: exec $args" "$status $out" '2 '
done
run netlab exec lan --all true
like 'a missing -- is named' "$err" "'--' goes before the command"

# --- several hosts ---

run netlab exec lan h3 h1 h2 -- sh -c 'echo $NETLAB_HOST one; echo two; printf three; echo bad >&2'
is 'several hosts: exit 0' "$status" 0
is 'output by host, in the order given, lines marked' "$out" $'h3: h3 one\nh3: two\nh3: three\nh1: h1 one\nh1: two\nh1: three\nh2: h2 one\nh2: two\nh2: three'
is 'standard error apart' "$err" $'h3: bad\nh1: bad\nh2: bad'
run netlab exec lan --all -- uname -n
is '--all: each host, in the order of the recipe' "$out" "$(for ((i = 1; i <= 20; i++)); do echo "h$i: h$i"; done)"
run netlab exec --all lan -- true
is 'no output, nothing printed' "$status$out$err" 0
run netlab exec lan --all -- sh -c 'exit ${NETLAB_HOST#h}'
is 'the exit status is the worst' "$status" 20
is 'hosts on which it failed are named' "$(sed -n 5p <<<"$err")" 'h5: exit status 5'
run netlab exec lan h1 h2 -- nosuchprogram
is 'not found on several: 127' "$status" 127
like 'with a line for each' "$err" $'^error: host h1: nosuchprogram: command not found\nerror: host h2: nosuchprogram: command not found$'
run netlab exec lan h1 h2 -- cat
is 'standard input of several is empty' "$status$out" 0
run netlab exec lan --all -t 20s -- sh -c 'ping -c 1 -W 5 h$(( ${NETLAB_HOST#h} % 20 + 1 )) | grep -c "1 received"'
is 'all can talk to the next' "$(grep -c ': 1$' <<<"$out")" 20
start=$EPOCHREALTIME
run netlab exec lan --all -- sleep 1
took=$(((${EPOCHREALTIME/[.,]/} - ${start/[.,]/}) / 1000))
if [ "$took" -lt 10000 ]; then ok 'sleep 1 on 20 hosts is done at the same time'; else not_ok 'sleep 1 on 20 hosts is done at the same time' "$took ms"; fi
"$NETLAB" exec lan --all -- sh -c 'trap "exit 3" TERM; touch /run/many; while :; do sleep 1; done' 2>"$work/sigerr" &
pid=$!
wait_for netlab exec lan h20 -- test -e /run/many
kill -TERM "$pid"
wait "$pid"
is 'a signal goes to all of them' "$? $(grep -c 'exit status 3' "$work/sigerr")" '3 20'
run netlab exec lan h1 h2 -t 300ms -- sleep 60
is 'a --timeout of several: 124' "$status" 124
like 'and it is said' "$err" $'^h1: killed after 0\.[0-9] s\nh2: killed after 0\.[0-9] s$'

# --- JSON ---

run netlab exec lan --all --json -- sh -c 'echo out; echo err >&2; exit 4'
is '--json: the exit status too' "$status" 4
is 'one object for each host' "$(jq -r .host <<<"$out" | sort -V | tr '\n' ' ')" "$(for ((i = 1; i <= 20; i++)); do printf 'h%d ' "$i"; done)"
is 'with status, signal, output' "$(jq -c '[.exit, .signal, .stdout, .stderr]' <<<"$out" | sort -u)" '[4,null,"out\n","err\n"]'
is 'and the duration' "$(jq -r '.duration_ms > 0 and .duration_ms < 60000' <<<"$out" | sort -u)" true
is 'and nothing else' "$(jq -r 'keys | join(" ")' <<<"$out" | sort -u)" 'duration_ms exit host signal stderr stdout'
run netlab exec lan h1 --json -- sh -c 'kill -9 $$'
is 'a signal' "$status $(jq -c '[.exit, .signal, .signal_name]' <<<"$out")" '137 [null,9,"KILL"]'
run netlab exec lan h1 --json -- printf 'a\377b\303\244\0c'
is 'what is no UTF-8 is replaced' "$(jq -c .stdout <<<"$out")" "$(printf '"a\357\277\275b\303\244\357\277\275c"')"
run netlab exec lan h1 --json -- nosuchprogram
is 'not found' "$status $(jq -c '[.exit, .signal, .error]' <<<"$out")" '127 [null,null,"host h1: nosuchprogram: command not found"]'
run netlab exec lan h1 --json -t 200ms -- sleep 60
is 'timed out' "$status $(jq -c .timed_out <<<"$out")" '124 true'
run netlab exec lan h1 h2 --json -- sh -c 'head -c 3000000 /dev/zero | tr "\0" x'
is 'of a stream 1 MiB is kept' "$status $(jq -c '[(.stdout | length), .truncated]' <<<"$out" | sort -u)" '0 [1048576,true]'

# --- the end of the lab ---

"$NETLAB" exec lan h1 -- sleep 1000 2>"$work/lost" &
pid=$!
wait_for netlab exec lan h1 -- pgrep -x sleep
netlab topo down lan >"$work/log"
wait "$pid"
is 'a lab that goes away: 255' "$?" 255
like 'with one clear line' "$(<"$work/lost")" '^error: host h1: [^'$'\n'']+$'
done_testing
