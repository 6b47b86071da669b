#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab run: modules are found, sent by their content and run with their options; only what a host lacks is sent.
# timeout: 120
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
pair_recipe "$work/pair.xml"
mods=$work/mods
mkdir "$mods"

# module NAME: its text comes from standard input
module() {
	cat >"$mods/$1"
	chmod +x "$mods/$1"
}

# recipe COMMANDS
recipe() {
	sed "s|</lnstrecipe>||" "$work/pair.xml" >"$work/t.xml"
	printf '<task>\n%s\n</task></lnstrecipe>\n' "$1" >>"$work/t.xml"
}

ends() { jq -c 'select(.event == "command_end")' <<<"$out"; }
synced() { jq -r 'select(.event == "synced") | "\(.host) \(.sent)/\(.files)"' <<<"$out" | tr '\n' ' '; }

module Greet.py <<-'PY'
	#!/usr/bin/python3
	import json, sys
	options = json.load(sys.stdin)
	print(json.dumps({"result": {"version": 1, "options": options}, "message": ""}))
PY
module Count.sh <<-'SH'
	#!/bin/sh
	cat >/dev/null
	echo '{"result": {"n": 1}, "message": "counted"}'
	exit "$(uname -n | grep -c h2)"
SH
recipe '<run host="h1" module="Greet"><options><option name="to" value="{ip(h2,eth0)}"/><option name="x" value="1"/><option name="x" value="2"/></options></run>
<run host="h1" module="Count"/>
<run host="h2" module="Count"/>'

run netlab run --json --keep -n sync --module-dir "$mods" "$work/t.xml"
is 'a module that ends with 1 fails the recipe' "$status" 1
is 'each host gets the modules that its commands use' "$(synced)" 'h1 2/2 h2 1/1 '
is 'options are strings, repeated ones an array' "$(ends | jq -c 'select(.module == "Greet") | .data.options')" '{"to":"10.0.0.2","x":["1","2"]}'
is 'the verdict is the exit status, the message its own' "$(ends | jq -r 'select(.module == "Count") | "\(.host) \(.verdict) \(.message)"' | tr '\n' ' ')" \
	'h1 pass counted h2 fail counted '
like '--keep says so' "$out" '"event":"kept".*"lab":"sync"'
is 'the lab is still there' "$(netlab topo ls -q)" sync

run netlab run --json --lab sync --module-dir "$mods" "$work/t.xml"
is 'run again: nothing is sent' "$(synced)" 'h1 0/2 h2 0/1 '
sed -i 's/"version": 1/"version": 2/' "$mods/Greet.py"
run netlab run --json --lab sync --module-dir "$mods" "$work/t.xml"
is 'one edited: it alone is sent' "$(synced)" 'h1 1/2 h2 0/1 '
is 'and the edited one is run' "$(ends | jq 'select(.module == "Greet") | .data.version')" 2
like 'an attached lab is called so' "$out" '"event":"up".*"attached":true'

run netlab run --lab sync --module-dir "$mods" -v "$work/t.xml"
like '-v says what was sent' "$out" 'host h1: 0 of 2 files sent in '

# --- netlab's own, and those in front of them ---

recipe '<run host="h1" module="Custom"><options><option name="a" value="b"/></options></run>'
run netlab run --json --lab sync "$work/t.xml"
is 'Custom passes' "$status" 0
like 'and gives its options back' "$(ends | jq -c .data)" '"a":"b"'
module Custom <<-'SH'
	#!/bin/sh
	echo '{"result": {"mine": true}}'
SH
run netlab run --json --lab sync --module-dir "$work" --module-dir "$mods" "$work/t.xml"
is "the user's folder comes first" "$(ends | jq -c .data)" '{"mine":true}'

# --- what is wrong ---

recipe '<run host="h1" module="IcmpPign"/>
  <run host="h1" module="Zzzzzzz"/>'
run netlab run -n other "$work/t.xml"
is 'a missing module: exit 2' "$status" 2
is 'one line for each, in the order of the recipe' "$(sed "s|$work|W|" "$work/err" | sed 's| in /.*modules$| in DIR|')" \
	"W/t.xml:8:24: error: there is no module 'IcmpPign'; did you mean 'IcmpPing'?
W/t.xml:9:26: error: there is no module 'Zzzzzzz' in DIR"
is 'and nothing was built' "$out" ''

chmod -x "$mods/Greet.py"
recipe '<run host="h1" module="Greet"/>'
run netlab run --lab sync --module-dir "$mods" "$work/t.xml"
is 'a module that is not executable: exit 2' "$status" 2
like 'with what to do' "$err" "error: module 'Greet': $mods/Greet.py cannot be executed; try chmod \+x$"

recipe '<run host="h1" module="IcmpPing"><options><option name="addr" value="10.0.0.2"/></options></run>
<run host="h1" module="Iperf"><options><option name="role" value="server"/></options></run>'
run env PATH=/nonexistent "$NETLAB" run "$work/t.xml"
is 'missing programs: exit 3' "$status" 3
is 'each is named, with its package' "$(sed "s|$work|W|" "$work/err")" \
	"W/t.xml:8:24: error: module IcmpPing needs the program ping, which this machine lacks: install the package iputils-ping
W/t.xml:9:24: error: module Iperf needs the program iperf3, which this machine lacks: install the package iperf3"
is 'and nothing was built' "$out" ''

# --- hosts of --lab ---

run netlab run --lab nosuch "$work/t.xml"
is 'a lab that is not there: exit 2' "$status" 2
like 'with its name' "$err" '^error: .*nosuch'
sed 's/id="h2"/id="h22"/' "$work/pair.xml" >"$work/t2.xml"
run netlab run --lab sync "$work/t2.xml"
is 'a host that the lab does not have: exit 2' "$status" 2
like 'with the nearest one' "$err" "$work/t2.xml:4:[0-9]+: error: lab sync has no host 'h22'; there is 'h2'$"

done_testing
