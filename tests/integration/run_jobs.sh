#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab run --jobs: several recipes at once, each reported as a whole; signals, a worker that dies, all reports.
# timeout: 240
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }

# recipe FILE HOST-COMMAND
recipe() {
	echo "<lnstrecipe><network><host id=\"h1\"><interfaces><eth id=\"a\" label=\"net\"/><eth id=\"b\" label=\"net\"/></interfaces></host></network>
<task><run host=\"h1\" command=\"echo begin; $2\"/><run host=\"h1\" command=\"echo end\"/></task></lnstrecipe>" >"$1"
}

# soon TEXT COMMAND...: within 20 seconds the command succeeds
soon() {
	local text=$1 i
	shift
	for ((i = 0; i < 400; i++)); do
		"$@" >/dev/null 2>&1 && ok "$text" && return
		sleep 0.05
	done
	not_ok "$text"
}
# shellcheck disable=SC2317
labs() { [ "$(netlab topo ls -q | wc -l)" -eq "$1" ]; }
# shellcheck disable=SC2317
sleeping() { # N: so many hosts sleep
	local lab n=0
	for lab in $(netlab topo ls -q); do netlab exec "$lab" h1 -- pgrep -x sleep && n=$((n + 1)); done
	[ "$n" -eq "$1" ]
} >/dev/null 2>&1

mkdir "$work/set"
for i in 1 2 3 4 5 6 7 8 9; do recipe "$work/set/r$i.xml" true; done
recipe "$work/set/r5.xml" false

run netlab run --jobs 3 -v "$work/set"
is 'the worst exit status counts' "$status" 1
is 'each recipe has one verdict' "$(grep -cE '^(PASS|FAIL)  ' "$work/out")" 9
like 'the summary counts them' "$out" $'\n9 recipes: 8 passed, 1 failed, in [0-9.]+ s\n'
is 'what a recipe prints stays together' "$(grep -oE '^[^ ].*: lab r[0-9]+-|^(PASS|FAIL)  .*: [0-9]+ of|h1\| (begin|end)$' "$work/out" |
	sed -E 's/.*lab (r[0-9])-/\1/; s/(PASS|FAIL)  .*(r[0-9])\.xml.*/\2./; s/h1\| //' | xargs |
	grep -oE 'r([0-9]) begin end r[0-9]\.' | awk '{ print ($1 "." == $4) }' | sort | uniq -c | xargs)" '9 1'

run netlab run -j 4 --json --repeat 2 --result "$work/r.xml" --junit "$work/j.xml" "$work/set"
is 'with --json and reports' "$status" 1
is 'one start and one end' "$(jq -r 'select(.event == "start" or .event == "end") | .event' "$work/out" | xargs)" 'start end'
is 'runs have numbers of their own' "$(jq -r 'select(.event == "recipe") | .run' "$work/out" | xargs)" "$(seq 18 | xargs)"
is 'each event belongs to the recipe that began last' \
	"$(jq -r 'select(.recipe) | "\(.run) \(.recipe)"' "$work/out" | uniq | wc -l)" 18
is 'the result has all of them' "$(grep -c '<recipe ' "$work/r.xml") $(grep -o '<testsuite ' "$work/j.xml" | wc -l)" '18 18'

run netlab run -j 4 --tap "$work/set"
is 'with --tap, test points are counted on' "$(grep -oE '^(not )?ok [0-9]+' "$work/out" | grep -oE '[0-9]+' | xargs)" "$(seq 18 | xargs)"

run netlab run -j 100 "$work/set/r1.xml"
is 'more jobs than recipes' "$status" 0

# --- it ends ---

for i in 1 2 3 4; do recipe "$work/slow$i.xml" 'sleep 50'; done
for signal in INT TERM; do
	"$NETLAB" run -j 3 "$work"/slow[1-4].xml >"$work/out" 2>"$work/err" &
	pid=$!
	soon "three of four recipes run" sleeping 3
	# A script's background commands ignore SIGINT, as does what they start; a worker and its lab do not.
	kill -s $signal $pid
	wait $pid
	is "SIG$signal: the exit status says so" "$?" $((128 + $(kill -l $signal)))
	is 'each of the three was interrupted' "$(grep -c "^STOP  .*interrupted by SIG$signal" "$work/out")" 3
	is 'the fourth was not begun' "$(grep -c slow4 "$work/out")" 0
	is 'no lab is left' "$(netlab topo ls -q)" ''
done

"$NETLAB" run -j 2 "$work/slow1.xml" "$work/slow2.xml" >"$work/out" 2>"$work/err" &
pid=$!
soon 'two recipes run' sleeping 2
kill -KILL $pid
wait $pid 2>/dev/null
soon 'SIGKILL: their labs go' labs 0

"$NETLAB" run -j 2 "$work/slow1.xml" "$work/set/r1.xml" "$work/set/r2.xml" >"$work/out" 2>"$work/err" &
pid=$!
soon 'only the slow one runs' sleeping 1
for ((i = 0; i < 400; i++)); do
	[ "$(grep -c '^PASS' "$work/out")" -eq 2 ] && break
	sleep 0.05
done
worker=$(pgrep -P $pid -x netlab)
kill -KILL "$worker"
wait $pid
is 'a worker that dies: exit 4' "$?" 4
is 'it is said which recipe it had' "$(grep -v note: "$work/err")" "error: $work/slow1.xml: the process that ran it was ended by SIGKILL"
like 'the others have passed' "$(cat "$work/out")" $'\n3 recipes: 2 passed, 1 failed, in'
soon 'its lab goes' labs 0

# --- wrong ---

run netlab run -j 0 "$work/slow1.xml"
is '-j 0' "$err" "netlab run: --jobs: '0' is not a number from 1 to 256; try 'netlab run --help'"
run netlab run -j 2 -n name "$work/slow1.xml"
is '--jobs with one name for all' "$err" "netlab run: --jobs and --name exclude each other; try 'netlab run --help'"
echo '<recipe>' >"$work/bad.xml"
run netlab run -j 2 "$work/bad.xml" "$work/set/r1.xml" "$work/no.xml"
is 'recipes that are wrong: exit 2' "$status" 2
like 'with their errors' "$err" "error: $work/no.xml: cannot be read|$work/no.xml: error: cannot be read: No such file or directory \[ENOENT\]"
is 'and the good one is run' "$(grep -c '^PASS' "$work/out")" 1
done_testing
