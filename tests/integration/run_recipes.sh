#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab run: every recipe that is shipped, with the verdict that it is meant to have.
# timeout: 300
# vm: yes
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
cd "$NETLAB_TOP" || exit 4

expected() {
	case $1 in
	recipes/fails.xml) echo 1 ;;
	*) echo 0 ;;
	esac
}

for recipe in recipes/*.xml recipes/python/*.xml; do
	want=$(expected "$recipe")
	run netlab run "$recipe"
	is "$recipe ends with exit status $want" "$status" "$want"
	[ "$want" -eq 0 ] && word=PASS || word=FAIL
	like "$recipe: the last line says $word" "$(tail -n 1 <<<"$out")" "^$word  $recipe: .* in [0-9]+\.[0-9]{3} s \(tests [0-9.]+ s, netlab [0-9.]+ s\)$"
	is "$recipe leaves no lab" "$(netlab topo ls -q)" ''
	is "$recipe leaves no run directory" "$(find /run/netlab -mindepth 1 2>/dev/null)" ''
done

run netlab run --json recipes/*.xml recipes/python/*.xml
is 'all of them together end with the worst exit status' "$status" 1
if jq -es . <<<"$out" >/dev/null; then ok 'every line of --json is a JSON object'; else not_ok 'every line of --json is a JSON object' "$out"; fi
is 'there is a verdict for each' "$(jq -r 'select(.event == "verdict") | .recipe' <<<"$out")" "$(printf '%s\n' recipes/*.xml recipes/python/*.xml)"
is 'only one of them failed' "$(jq -r 'select(.event == "verdict" and .verdict != "pass") | .recipe' <<<"$out")" recipes/fails.xml
is 'every task that began has ended' "$(jq -s 'map(select(.event == "task_start")) | length' <<<"$out")" \
	"$(jq -s 'map(select(.event == "task_end")) | length' <<<"$out")"
is 'every command that began has a verdict' "$(jq -s 'map(select(.event == "command_start")) | length' <<<"$out")" \
	"$(jq -s 'map(select(.event == "command_end" and (.verdict == "pass" or .verdict == "fail"))) | length' <<<"$out")"
is 'the end names the number of recipes and the exit code' "$(jq -c 'select(.event == "end") | [.recipes, .exit_code]' <<<"$out")" \
	"[$(printf '%s\n' recipes/*.xml recipes/python/*.xml | wc -l),1]"
is 'nothing is printed on standard error' "$err" ''

run netlab run recipes/expect-fail.xml recipes/nothing.xml recipes/fails.xml
is 'a recipe that is not there makes it 2' "$status" 2
like 'and is named' "$err" '^recipes/nothing.xml: error: .*No such file or directory'
like 'the others are run all the same' "$out" 'PASS  recipes/expect-fail.xml: .*FAIL  recipes/fails.xml: '
like 'and a list ends the text' "$(tail -n 4 <<<"$out")" '^3 recipes: 1 passed, 2 failed, in [0-9.]+ s
  PASS +[0-9.]+ s  recipes/expect-fail.xml
  FAIL +[0-9.]+ s  recipes/nothing.xml: recipes/nothing.xml: error: .*No such file or directory.*
  FAIL +[0-9.]+ s  recipes/fails.xml: 1 of 2 commands failed, 1 task not run$'

done_testing
