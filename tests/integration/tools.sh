#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tools: folders that commands and modules run in a host; and modules that users write, in three languages.
# timeout: 180
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

# shellcheck disable=SC2317
netlab() { "$NETLAB" "$@"; }
pair_recipe "$work/pair.xml"
tools=$work/tools
mods=$work/mods
mkdir "$tools" "$mods"

# recipe COMMANDS [TASK-ATTRIBUTES]
recipe() {
	sed "s|</lnstrecipe>||" "$work/pair.xml" >"$work/t.xml"
	printf '<task %s>\n%s\n</task></lnstrecipe>\n' "${2:-}" "$1" >>"$work/t.xml"
}

ends() { jq -c 'select(.event == "command_end")' <<<"$out"; }
synced() { jq -r 'select(.event == "synced") | "\(.host) \(.sent)/\(.files)"' <<<"$out" | tr '\n' ' '; }

# --- a user's tool in C, compiled in the host ---

mkdir -p "$tools/answer/src"
cat >"$tools/answer/src/answer.c" <<'C'
#include <stdio.h>
int main(void) { return printf("answer=%d\n", ANSWER) < 0; }
C
cat >"$tools/answer/lnst-setup.sh" <<'SH'
#!/bin/sh
echo setup >>log
exec cc -DANSWER="$(cat number)" -o answer src/answer.c
SH
chmod +x "$tools/answer/lnst-setup.sh"
echo 42 >"$tools/answer/number"
recipe '<run host="h1" from="answer" command="./answer; cat log; pwd"/>
<run host="h1" from="answer" command="./answer"/>
<run host="h2" command="! test -e ./answer"/>'
run netlab run --json --keep -n tools --tool-dir "$tools" "$work/t.xml"
is 'a tool is compiled in the host that uses it' "$status" 0
is 'its files are sent there' "$(synced)" 'h1 3/3 '
like 'a command runs in its folder' "$(ends | jq -r '.stdout' | head -n 3)" $'^answer=42\nsetup\n/run/netlab/store/tree-[0-9a-f]{64}'
run netlab run --json --lab tools --tool-dir "$tools" "$work/t.xml"
is 'run again: nothing is sent' "$(synced)" 'h1 0/3 '
is 'and nothing is compiled' "$(ends | jq -r '.stdout' | grep -c setup)" 1
echo 43 >"$tools/answer/number"
run netlab run --json --lab tools --tool-dir "$tools" "$work/t.xml"
is 'one file edited: it alone is sent' "$(synced)" 'h1 1/3 '
like 'the tool is compiled again' "$(ends | jq -r '.stdout')" 'answer=43'
recipe '<run host="h2" from="answer" command="./answer"/>' 'tools_dir="tools"'
run netlab run --json --lab tools "$work/t.xml"
is 'tools_dir of a task is beside the recipe' "$(ends | jq -r .stdout)" 'answer=43'
echo 'int main(void) { return not_there; }' >"$tools/answer/src/answer.c"
run netlab run --lab tools "$work/t.xml"
is 'a tool that cannot be compiled: exit 2' "$status" 2
like 'with the reason' "$err" '^error: host h2: tool answer: lnst-setup.sh has failed: '

recipe '<run host="h1" from="multcast" command="x"/>
<run host="h1" from="nothing-like-it" command="x"/>'
run netlab run --lab tools "$work/t.xml"
is 'a missing tool: exit 2' "$status" 2
like 'with the nearest one' "$err" "t.xml:8:22: error: there is no tool 'multcast'; did you mean 'multicast'\?"
like 'or where it was looked for' "$err" "t.xml:9:22: error: there is no tool 'nothing-like-it' in .*/tools"
ln -s /etc/shadow "$tools/answer/leak"
recipe '<run host="h1" from="answer" command="true"/>'
run netlab run --lab tools --tool-dir "$tools" "$work/t.xml"
is 'a link out of the folder: exit 2' "$status" 2
like 'is named' "$err" "t.xml:8:22: error: tool 'answer': $tools/answer: leak: a symbolic link out of the folder$"

# --- a module in Python, with the helper ---

cat >"$mods/Answer.py" <<'PY'
#!/usr/bin/python3
# netlab-module: option value needed
# netlab-module: option all multi
# netlab-module: ready
import netlab_module as module


def run(m):
    m.data["value"] = int(m.need("value"))
    m.data["all"] = m.all("all")
    m.data["default"] = m.option("other", "none")
    if m.option("wait"):
        m.ready()
        m.wait_interrupt()
        return True, "interrupted"
    m.ready(False)
    return m.data["value"] == 42, f"the value is {m.data['value']}"


module.main(run)
PY
cat >"$mods/Shell.sh" <<'SH'
#!/bin/sh
# netlab-module: needs jq jq
# netlab-module: tool shell_tool
value=$(jq -r .value)
echo "{\"result\": {\"value\": \"$value\", \"tool\": \"$("$NETLAB_TOOL_shell_tool/go")\"}, \"message\": \"it was $value\"}"
[ "$value" = good ]
SH
mkdir "$tools/shell_tool"
printf '#!/bin/sh\necho went\n' >"$tools/shell_tool/go"
chmod +x "$tools/shell_tool/go"
cat >"$work/Compiled.c" <<'C'
#include "slave-image/modules/module.h"

static const char about[] = MOD_OPTION("n needed");

static enum mod_verdict run(struct mod *m)
{
	double n;

	if (!mod_number(m, "n", &n) || !mod_option(m, "n"))
		return mod_bad_option(m, "option n is missing");
	mod_real_data(m, "n", n);
	return n > 1 ? MOD_PASS : mod_verdict(m, MOD_FAIL, "too small");
}

int main(int argc, char **argv)
{
	(void)argv;
	return mod_main(argc, about, run);
}
C
(cd "$NETLAB_TOP" && cc -D_GNU_SOURCE -iquote . -o "$mods/Compiled" "$work/Compiled.c" slave-image/modules/module.c \
	slave-image/modules/parse.c -ljansson -lm) >"$work/cc" 2>&1 || cat "$work/cc"
chmod +x "$mods"/*.py "$mods"/*.sh
rm "$tools/answer/leak"
recipe '<run host="h1" module="Answer"><options><option name="value" value="42"/><option name="all" value="1"/><option name="all" value="2"/></options></run>
<run host="h1" module="Answer"><options><option name="value" value="41"/></options></run>
<run host="h1" module="Answer" expect="fail"/>
<run host="h1" module="Answer" bg_id="w"><options><option name="value" value="1"/><option name="wait" value="1"/></options></run>
<intr host="h1" bg_id="w"/>
<run host="h1" module="Answer"><options><option name="value" value="x"/></options></run>
<run host="h2" module="Shell"><options><option name="value" value="good"/></options></run>
<run host="h2" module="Shell"><options><option name="value" value="bad"/></options></run>
<run host="h2" module="Compiled"><options><option name="n" value="2"/></options></run>
<run host="h2" module="Compiled"><options><option name="n" value="1"/></options></run>' 'module_dir="mods" tools_dir="tools"'
run netlab run --json --lab tools "$work/t.xml"
is 'modules in three languages have their verdicts' "$(ends | jq -r '"\(.module // "intr") \(.verdict)"' | tr '\n' ' ')" \
	'Answer pass Answer fail Answer pass Answer pass intr pass Answer fail Shell pass Shell fail Compiled pass Compiled fail '
is 'Python: options and data' "$(ends | jq -c 'select(.module == "Answer") | .data' | head -n 1)" \
	'{"value":42,"all":["1","2"],"default":"none"}'
is 'Python: the message' "$(ends | jq -r 'select(.module == "Answer") | .message' | sed -n 2,3p)" \
	$'the value is 41\nfailed as expected: mandatory option value is missing'
is 'Python: what it raises is no verdict' "$(ends | jq -r 'select(.module == "Answer") | .message' | sed -n 5p)" \
	"ValueError: invalid literal for int() with base 10: 'x'"
is 'Python: SIGINT' "$(ends | jq -r 'select(.module == null) | .message')" interrupted
is 'shell: its tool' "$(ends | jq -c 'select(.module == "Shell") | .data' | head -n 1)" '{"value":"good","tool":"went"}'
is 'the helper is sent along' "$(synced)" 'h1 2/2 h2 3/3 '
run netlab run --lab tools "$work/t.xml"
like 'a missing option is noted at its place' "$err" \
	"t.xml:11:83: note: module Answer does not know the option wait, and ignores it"

# --- Python tasks ask for what they need as they go ---

cat >"$work/task.py" <<'PY'
from lnst.Controller.Task import ctl

h1, h2 = ctl.get_host("h1"), ctl.get_host("h2")
h2.sync_resources(modules=["Shell"], tools=["shell_tool"])
h1.run("./go", tool="shell_tool")
h2.run("./go", tool="shell_tool")
h2.run(ctl.get_module("Shell", options={"value": "good"}))
try:
    h1.run("./go", tool="shel_tool")
except Exception as error:
    h1.run("echo '%s'" % str(error).replace("'", ""))
PY
sed "s|</lnstrecipe>|<task python='task.py' module_dir='mods' tools_dir='tools'/></lnstrecipe>|" "$work/pair.xml" >"$work/t.xml"
run netlab run --json -n python "$work/t.xml"
is 'a Python task passes' "$status" 0
is 'its hosts get modules and tools once' "$(synced)" 'h2 2/2 h1 1/1 '
like 'and a missing tool is an exception with the nearest name' "$(ends | jq -r .stdout)" \
	'there is no tool shel_tool; did you mean shell_tool\?'

printf '#!/opt/none/python9\n' >"$mods/Shell.sh"
printf 'import sys\n' >"$mods/Answer.py"
recipe '<run host="h1" module="Shell"/>
<run host="h1" module="Answer"/>' 'module_dir="mods"'
run netlab run --lab tools "$work/t.xml"
is 'an interpreter that is not there: exit 3' "$status" 3
like 'is named' "$err" "t.xml:8:24: error: module 'Shell': its interpreter /opt/none/python9 is not on this machine"
like 'what cannot be executed, too' "$err" \
	"t.xml:9:24: error: module 'Answer': .*/mods/Answer.py is neither a program nor a script that begins with #!"

# --- netlab's own: what they say when something is wrong ---

recipe '<run host="h1" module="Multicast"><options><option name="setup" value="recv_nothing"/></options></run>
<run host="h1" module="Multicast" expect="fail"/>
<run host="h1" module="Multicast"><options><option name="setup" value="send_simple"/><option name="address" value="239.1.1.1/24"/><option name="port" value="5000"/><option name="duration" value="0.05"/><option name="interface" value="{ip(h1,eth0)}"/><option name="condition" value="packets_sent == 0"/></options></run>
<run host="h1" module="Multicast"><options><option name="setup" value="send_simple"/><option name="address" value="239.1.1.1/24"/><option name="port" value="5000"/><option name="duration" value="0.05"/><option name="interface" value="{ip(h1,eth0)}"/><option name="condition" value="packets_lost == 0"/></options></run>
<run host="h1" module="Multicast"><options><option name="setup" value="sockopt_ttl"/><option name="condition" value="status == __import__(1)"/></options></run>
<run host="h1" module="Multicast"><options><option name="setup" value="recv_simple"/><option name="duration" value="x"/></options></run>
<run host="h1" module="TCPConnection"><options><option name="mode" value="client"/><option name="address" value="{ip(h2,eth0)}"/><option name="portrange" value="7-9"/></options></run>
<run host="h1" module="TCPConnection"><options><option name="mode" value="server"/><option name="address" value="192.0.2.1"/><option name="portrange" value="7-9"/></options></run>
<run host="h1" module="TCPConnection" expect="fail"><options><option name="mode" value="server"/></options></run>
<run host="h1" module="TCPConnection"><options><option name="mode" value="both"/><option name="address" value="192.0.2.1"/><option name="portrange" value="7"/></options></run>'
run netlab run --json --lab tools "$work/t.xml"
is 'Multicast and TCPConnection: verdicts and reasons' "$(ends | jq -r '"\(.verdict) \(.message)"')" \
	'fail option setup: the tool multicast has no program recv_nothing
pass failed as expected: mandatory option setup is missing
fail Conditions not met! packets_sent == 0, but packets_sent is '"$(ends | jq -r 'select(.data.packets_sent) | .data.packets_sent' | head -n 1)"'
fail condition "packets_lost == 0": there is no such result
fail condition "status == __import__(1)": there is no result __import__
fail recv_simple failed: --duration: '"'x' is not a number of seconds"'
pass made 0 connections
fail Unexpected error: port 7: listen: Cannot assign requested address [EADDRNOTAVAIL]
pass failed as expected: mandatory option address is missing
fail option mode: "both" must be server or client'

done_testing
