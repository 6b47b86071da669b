#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab run on folders, in rounds, in another order, on some tasks only; --config-only and deconfigure.
# timeout: 120
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }

# recipe FILE COMMAND...: one task for each command, labels t1, t2 ...
recipe() {
	local n=0 command
	{
		echo '<lnstrecipe><network><host id="h1"><interfaces><eth id="a" label="net"/><eth id="b" label="net"/></interfaces></host></network>'
		for command in "${@:2}"; do
			n=$((n + 1))
			echo "<task label=\"t$n\"><run host=\"h1\" command=\"$command\"/></task>"
		done
		echo '</lnstrecipe>'
	} >"$1"
}

# order COMMAND...: the recipes that have a verdict, in their order, without folders
order() { "$@" --json 2>/dev/null | jq -r 'select(.event == "verdict") | .recipe | sub(".*/"; "")' | tr '\n' ' '; }

# --- folders ---

mkdir "$work/set" "$work/set/below" "$work/empty"
for name in b a c; do recipe "$work/set/$name.xml" true; done
recipe "$work/set/below/d.xml" true
recipe "$work/set/.hidden.xml" true
recipe "$work/single.xml" true
echo 'not a recipe' >"$work/set/notes.txt"
is 'a folder is its *.xml, by name, and nothing below' "$(order netlab run "$work/set")" 'a.xml b.xml c.xml '
is 'a slash at its end makes no difference' "$(order netlab run "$work/set/")" 'a.xml b.xml c.xml '
is 'files and folders, as they come' "$(order netlab run "$work/single.xml" "$work/set")" 'single.xml a.xml b.xml c.xml '
run netlab run "$work/empty"
is 'a folder without recipes: exit 2' "$status" 2
is 'and says so' "$err" "error: $work/empty: no recipe (*.xml) in this folder"

# --- rounds, order ---

is '--repeat: one round after the other' "$(order netlab run --repeat 2 "$work/set")" 'a.xml b.xml c.xml a.xml b.xml c.xml '
first=$(order netlab run --repeat 3 --shuffle 7 "$work/set")
is '--shuffle: the same seed, the same order' "$(order netlab run --repeat 3 --shuffle 7 "$work/set")" "$first"
is 'each round has each recipe once' "$(xargs -n 3 <<<"$first" | while read -r x y z; do printf '%s\n' "$x" "$y" "$z" | sort | xargs; done | sort -u)" 'a.xml b.xml c.xml'
orders=$(for seed in 1 2 3 4 5 6 7 8; do order netlab run --shuffle $seed "$work/set" && echo; done | sort -u | grep -c .)
is 'other seeds, other orders' "$((orders > 1))" 1
run netlab run --repeat 0 "$work/single.xml"
is '--repeat 0: exit 2' "$status" 2
is 'and says what it takes' "$err" "netlab run: --repeat: '0' is not a number from 1 to 100000; try 'netlab run --help'"
run netlab run --shuffle now "$work/single.xml"
is '--shuffle without a number: exit 2' "$status" 2
is 'and says so' "$err" "netlab run: --shuffle: 'now' is not a whole number; try 'netlab run --help'"
run netlab run --repeat 2 "$work/single.xml"
like 'the summary counts each run' "$out" $'\n2 recipes: 2 passed, 0 failed, in [0-9.]+ s'

# --- some tasks ---

recipe "$work/tasks.xml" 'echo one' 'echo two; false' 'echo three'
tasks() { jq -r 'select(.event == "command_end") | .stdout' "$work/out" | xargs; }
run netlab run --json --only t1 --only 3 "$work/tasks.xml"
is '--only: the tasks that it names, by label or number' "$(tasks)" 'one three'
is 'and their verdict only' "$status" 0
run netlab run --only 2 "$work/tasks.xml"
is 'a task that fails' "$status" 1
like 'the summary says what was left out' "$(tail -n 1 <<<"$out")" "^FAIL  $work/tasks.xml: 1 of 1 command failed, 2 tasks left out in "
like 'tasks keep their numbers' "$out" $'\ntask 2: t2\n'
run netlab run --only three "$work/tasks.xml"
is 'a task that is not there: exit 2' "$status" 2
is 'and says so' "$err" "$work/tasks.xml: error: --only: there is no task 'three'; the recipe has 3, from 1 on"
run netlab run --only 0 --only 4 "$work/tasks.xml"
is 'all of them in one go' "$err" "$work/tasks.xml: error: --only: there is no task '0'; the recipe has 3, from 1 on
$work/tasks.xml: error: --only: there is no task '4'; the recipe has 3, from 1 on"
sed -i 's/t3/throughput/' "$work/tasks.xml"
run netlab run --only throughputt "$work/tasks.xml"
is 'with the nearest name' "$err" "$work/tasks.xml: error: --only: there is no task 'throughputt'; did you mean 'throughput'?"
is 'nothing was built' "$(netlab topo ls -q)" ''

# --- config-only, deconfigure ---

run netlab run --config-only --json "$work/tasks.xml"
is '--config-only: exit 0' "$status" 0
is 'no task is run' "$(jq -r .event "$work/out" | xargs)" 'start recipe phase topology phase up verdict kept end'
is 'the lab has the name of the recipe' "$(netlab topo ls -q)" tasks
run netlab run --config-only "$work/tasks.xml"
is 'once more: exit 2' "$status" 2
is 'because it is there' "$err" 'error: lab "tasks" is up already (choose another name with -n, or: netlab topo down tasks)'
run netlab run --lab tasks --only t1 "$work/tasks.xml"
is 'tasks can be run in it' "$status" 0
run netlab deconfigure "$work/tasks.xml"
is 'deconfigure takes it down' "$status$(netlab topo ls -q)" 0
run netlab deconfigure "$work/tasks.xml"
is 'once more: exit 2' "$status" 2
is 'because it is not there' "$err" 'error: no lab "tasks" is up (no lab is)'
# Tasks are not run, so what they would need is not looked for.
pair_recipe "$work/none.xml"
sed -i 's|</network>|&<task python="none.py"/>|' "$work/none.xml"
run netlab run "$work/none.xml"
is 'a Python task that is not there: exit 2' "$status" 2
run netlab run --config-only -n none "$work/none.xml"
is 'but not when hosts are only configured' "$status $err" '0 '
netlab topo down none >"$work/log" 2>&1
netlab run --config-only -n other "$work/tasks.xml" >"$work/log" 2>&1
is 'it can have another name' "$(netlab topo ls -q)" other
run netlab deconfigure -n other "$work/tasks.xml"
is 'and go by it' "$status$(netlab topo ls -q)" 0
netlab run --config-only "$work/set" >"$work/log" 2>&1
is 'several recipes' "$(netlab topo ls -q | xargs)" 'a b c'
run netlab deconfigure "$work"/set/*.xml
is 'and all of them down' "$status$(netlab topo ls -q)" 0
run netlab deconfigure "$work/set/notes.txt"
is 'what is no recipe: exit 2' "$status" 2
run netlab deconfigure
is 'deconfigure what?' "$status $err" "2 netlab deconfigure: which recipe?; try 'netlab deconfigure --help'"
run netlab deconfigure -n x a.xml b.xml
is 'one name for several recipes' "$err" "netlab deconfigure: --name is the name of one lab; there are 2 recipes; try 'netlab deconfigure --help'"
run netlab run --config-only --lab x "$work/single.xml"
is '--config-only in a lab that is up' "$err" "netlab run: --config-only and --lab exclude each other; try 'netlab run --help'"
done_testing
