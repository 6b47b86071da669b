#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab topo up --hold: a lab that lives as long as a program's pipe, and goes however that program or the command ends.
# timeout: 180
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
pair=$work/pair.xml
pair_recipe "$pair"

# hold OPTION...: a lab in the background; its input is descriptor 7, its process $holder, its first line $line
hold() {
	rm -f "$work/in" "$work/up"
	mkfifo "$work/in" "$work/up"
	"$NETLAB" topo up --hold "$@" "$pair" <"$work/in" >"$work/up" 2>"$work/err" 7>&- 8>&- &
	holder=$!
	exec 7>"$work/in" 8<"$work/up"
	line=''
	read -r -t $((60 * SLOW)) -u 8 line
}

# ended: waits for the command
ended() {
	wait "$holder"
	status=$?
	exec 7>&- 8<&-
	err=$(<"$work/err")
}

hold --json
is 'the line of --json comes when the lab is up' "$(jq -r '.event + " " + .lab' <<<"$line")" 'up pair'
is 'the lab can be used meanwhile' "$(netlab exec pair h1 -- uname -n)" h1
echo 'what is written is ignored' >&7
is 'also when something was written' "$(netlab exec pair h2 -- uname -n)" h2
exec 7>&-
ended
is 'the end of its input is its end: exit 0' "$status" 0
is 'without a word' "$err" ''
is 'and the lab is gone' "$(netlab topo ls -q)" ''

hold
like 'without --json the text is the usual one' "$line" '^lab pair is up: 2 hosts'
run netlab topo down pair
is 'somebody else may take it down' "$status" 0
ended
is 'then it ends, too: exit 0' "$status" 0
is 'it says nothing of it' "$err" ''

hold -n other
kill -TERM "$holder"
ended
is 'SIGTERM: exit 143' "$status" 143
is 'no lab is left after SIGTERM' "$(netlab topo ls -q)" ''

hold
keeper=$(netlab topo ls --json | jq -r .pid)
kill -KILL "$holder"
ended
is 'SIGKILL ends the command' "$status" 137
for ((i = 0; i < 600 * SLOW; i++)); do
	[ -d "/proc/$keeper" ] || break
	read -r -t 0.1 <> <(:) || :
done
if [ -n "$keeper" ] && [ ! -d "/proc/$keeper" ]; then ok 'and the lab goes with it'; else not_ok 'and the lab goes with it' "keeper $keeper"; fi
is 'nothing is listed' "$(netlab topo ls -q)" ''

run "$NETLAB" topo up --hold "$pair" </dev/null
is 'an input that has ended already: up, and down again' "$status" 0
like 'and it says that it was up' "$out" '^lab pair is up'
is 'that leaves nothing, either' "$(netlab topo ls -q)" ''

sed 's/label="net"/label="net" mtuu="1"/' "$pair" >"$work/bad.xml"
run "$NETLAB" topo up --hold "$work/bad.xml" </dev/null
is 'a wrong recipe is told as ever: exit 2' "$status" 2
done_testing
