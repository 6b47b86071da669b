#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab run: text on a pipe, on a terminal and with -v, JSON lines, exact messages, interruption, --keep, --timeout.
# timeout: 200
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
pair_recipe "$work/pair.xml"

# recipe COMMANDS
recipe() {
	sed "s|</lnstrecipe>||" "$work/pair.xml" >"$work/t.xml"
	printf '<task label="demo">\n%s\n</task></lnstrecipe>\n' "$1" >>"$work/t.xml"
}

# soon TEXT COMMAND...: within ten seconds the command succeeds
soon() {
	local text=$1 i
	shift
	for ((i = 0; i < 200; i++)); do
		"$@" >/dev/null 2>&1 && ok "$text" && return
		sleep 0.05
	done
	not_ok "$text"
}

is_lab() { netlab topo ls -q | grep -qx "$1"; }
# shellcheck disable=SC2317
no_lab() { [ -z "$(netlab topo ls -q)" ]; }
is_running() { netlab exec "$1" h1 -- pgrep -x sleep; }
times='s/[0-9]+\.[0-9]{3} s/T/g; s/ +T/ T/'

# --- a pipe ---

recipe '<run host="h1" command="echo hello"/>
<run host="h2" command="echo to stdout; echo to stderr &gt;&amp;2; exit 3" desc="fails"/>'
run netlab run -n out "$work/t.xml"
is 'a failed test: exit 1' "$status" 1
is 'the text on a pipe' "$(sed -E "$times; s|$work|W|" "$work/out")" \
	"W/t.xml: lab out: 2 hosts, 1 network, up in T
task 1: demo
  PASS T  h1  echo hello
  FAIL T  h2  echo to stdout; echo to stderr >&2; exit 3  exit status 3
failed:
  W/t.xml:9:1: task 1, command 2, host h2: echo to stdout; echo to stderr >&2; exit 3
    exit status 3
    | to stdout
    ! to stderr
FAIL  W/t.xml: 1 of 2 commands failed in T (tests T, netlab T)"
is 'nothing on standard error' "$err" ''

run netlab run -v -n out "$work/t.xml"
is '-v shows the output' "$(sed -nE "$times; /^task/,/^failed/p" "$work/out")" \
	"task 1: demo
  started          h1  echo hello
    h1| hello
  PASS T  h1  echo hello
  started          h2  echo to stdout; echo to stderr >&2; exit 3
    h2| to stdout
    h2! to stderr
  FAIL T  h2  echo to stdout; echo to stderr >&2; exit 3  exit status 3
failed:"

run netlab run --timing -n out "$work/t.xml"
is '--timing names all phases' "$(grep -oE '^  (keeper|hosts|links|agents|read|up|run|down) ' "$work/out" | tr -d '\n ')" keeperhostslinksagentsreaduprundown

run netlab run --json -v -n out "$work/t.xml"
is '--json: exit 1 as well' "$status" 1
if jq -es . "$work/out" >/dev/null; then ok 'every line is JSON'; else not_ok 'every line is JSON' "$out"; fi
is 'the events come in order' "$(jq -r .event "$work/out" | grep -v output | uniq | tr '\n' ' ')" \
	'start recipe phase topology phase up phase task_start command_start command_end command_start command_end task_end verdict phase down end '
is 'output comes line by line with -v' "$(jq -r 'select(.event == "output") | "\(.host) \(.stream) \(.line)"' "$work/out" | sort | tr '\n' ';')" \
	'h1 stdout hello;h2 stderr to stderr;h2 stdout to stdout;'
is 'a command ends with all that is known of it' \
	"$(jq -c 'select(.event == "command_end" and .command == 2) | [.host, .type, .text, .desc, .verdict, .message, .exit, .stdout, .stderr, .line, .col]' "$work/out")" \
	'["h2","run","echo to stdout; echo to stderr >&2; exit 3","fails","fail","exit status 3",3,"to stdout\n","to stderr\n",9,1]'
is 'own time and that of the tests make up the whole' \
	"$(jq -c 'select(.event == "verdict") | .duration_us == .tests_us + .netlab_us' "$work/out")" true

# --- a terminal ---

recipe '<run host="h1" command="sleep 0.5"/>'
run env TERM=xterm script -qec "stty cols 60; '$NETLAB' run -n out '$work/t.xml'" /dev/null
is 'on a terminal too: exit 0' "$status" 0
like 'progress is drawn in place' "$out" $'\r\x1b''\[Kt.xml: task 1, command 1 of 1, 0.[0-9] s: h1: sleep 0.5'
like 'verdicts are coloured' "$out" $'\x1b''\[1;32mPASS'
is 'the line of progress is gone in the end' "$(tail -n 1 <<<"$out" | grep -c 'task 1, command')" 0
run env TERM=xterm NO_COLOR=1 script -qec "'$NETLAB' run -n out '$work/t.xml'" /dev/null
is 'NO_COLOR: no colours' "$(grep -c $'\x1b''\[1' "$work/out")" 0
run env TERM=xterm script -qec "'$NETLAB' run --no-colour -n out '$work/t.xml'" /dev/null
is '--no-colour: no colours' "$(grep -c $'\x1b''\[1' "$work/out")" 0
run env TERM=dumb script -qec "'$NETLAB' run -n out '$work/t.xml'" /dev/null
is 'a dumb terminal: plain text' "$(grep -c $'\x1b' "$work/out")" 0

# --- what is wrong with recipe or command line ---

recipe '<run host="h1" comand="true"/>'
run netlab run "$work/t.xml"
is 'a typo in the recipe: exit 2' "$status" 2
is 'with its place and the right name' "$err" "$work/t.xml:8:16: error: unknown attribute comand of <run>; did you mean command?
note: Parser error: $work/t.xml has 1 error, and is not run"
is 'and nothing else is said' "$out" ''
run netlab run --json "$work/t.xml"
is 'the same as JSON' "$(jq -c 'select(.event == "error") | [.line, (.message | test("comand"))]' "$work/out" | head -n 1)" '[8,true]'
is 'with a verdict of none' "$(jq -r 'select(.event == "verdict") | "\(.verdict) \(.exit_code)"' "$work/out")" 'none 2'

run netlab run "$work/pair.xml"
is 'a recipe without tasks passes' "$status" 0
like 'with a note' "$err" ': note: .*task'
like 'and says so' "$out" 'no tasks in '

run netlab run
is 'no recipe: exit 2' "$status" 2
is 'and a message' "$err" "netlab run: which recipe?; try 'netlab run --help'"
run netlab run --kep x.xml
is 'the nearest option' "$err" "netlab run: there is no option --kep; did you mean --keep?; try 'netlab run --help'"
run netlab run -n 'a b' x.xml
is 'an impossible name: exit 2' "$status" 2
run netlab run --timeout soon x.xml
is 'an impossible time' "$err" "netlab run: --timeout: 'soon' is not a time; try 'netlab run --help'"
run netlab run -a novalue x.xml
is 'an alias without a value' "$err" "netlab run: --define-alias: 'novalue' is not NAME=VALUE; try 'netlab run --help'"
run netlab rnu
is 'the nearest command' "$err" "netlab: there is no command 'rnu'; did you mean 'run'?; try 'netlab --help'"
is 'is a usage error' "$status" 2
run netlab topo pu
is 'also of topo' "$err" "netlab: there is no command 'topo pu'; did you mean 'topo up'?; try 'netlab --help'"
run netlab help run
like 'help names every option' "$out" '--keep.*--lab.*--module-dir.*--timeout.*--timing.*--json.*--verbose.*--no-colour.*--help'
run netlab --version
like 'a version' "$out" '^netlab [0-9]'

# shellcheck disable=SC2016
recipe '<run host="h1" command="test {$a} = 1 -a {$b} = 2"/>'
run netlab run -a a=1 -A b=2 "$work/t.xml"
is 'aliases come from the command line' "$status" 0

# --- a machine that lacks something ---

if unshare -U -r true 2>/dev/null; then
	# Root of a user namespace that may have none below it, without a single capability.
	# shellcheck disable=SC2016
	run unshare -U -r sh -c 'echo 0 >/proc/sys/user/max_user_namespaces &&
		exec setpriv --bounding-set -all --inh-caps -all --no-new-privs "$@"' sh "$NETLAB" run -a a=1 -a b=2 "$work/t.xml"
	is 'no root and no user namespaces: exit 3' "$status" 3
	like 'and what to do about it' "$err" '^error: .*(root|user namespaces).*'
	is 'in one line' "$(wc -l <"$work/err")" 1
	is 'and no verdict' "$out" ''
else
	echo "ok - no root and no user namespaces # SKIP user namespaces are not there at all"
fi

# --- interruption ---

recipe '<run host="h1" command="sleep 60"/>
<run host="h1" command="true"/>'
for signal in INT TERM; do
	"$NETLAB" run -n stop "$work/t.xml" >"$work/out" 2>"$work/err" &
	pid=$!
	soon "SIG$signal: the command runs" is_running stop
	kill -"$signal" "$pid"
	wait "$pid"
	status=$?
	[ "$signal" = INT ] && want=130 || want=143
	is "SIG$signal ends it with $want" "$status" "$want"
	is "SIG$signal: it says so" "$(sed -E "$times; s|$work|W|" "$work/out" | tail -n 1)" "STOP  W/t.xml: interrupted by SIG$signal, 0 of 1 command passed, 1 command not run in T (tests T, netlab T)"
	is "SIG$signal: no lab is left" "$(netlab topo ls -q)" ''
	is "SIG$signal: no run directory is left" "$(find /run/netlab -mindepth 1 2>/dev/null)" ''
done

"$NETLAB" run -n stop "$work/t.xml" >"$work/out" 2>"$work/err" &
pid=$!
soon 'SIGKILL: the command runs' is_running stop
kill -KILL "$pid"
wait "$pid" 2>/dev/null
soon 'SIGKILL: the leash takes the lab down' no_lab

"$NETLAB" run --keep -n stop "$work/t.xml" >"$work/out" 2>"$work/err" &
pid=$!
soon '--keep: the command runs' is_running stop
kill -INT "$pid"
wait "$pid"
is '--keep: SIGINT ends it with 130' "$?" 130
if is_lab stop; then ok '--keep: the lab stays'; else not_ok '--keep: the lab stays'; fi
if is_running stop; then not_ok '--keep: but the command is gone'; else ok '--keep: but the command is gone'; fi
like '--keep: how to look into it, and how to end it' "$(cat "$work/out")" 'netlab shell stop h1.*netlab topo down stop'

run netlab run -n stop "$work/t.xml"
is 'a name that is taken: exit 2' "$status" 2
like 'and a message' "$err" '^error: .*stop'
netlab topo down stop >/dev/null

run netlab run --timeout 0.5 -n stop "$work/t.xml"
is '--timeout: exit 1' "$status" 1
like '--timeout: it says so' "$err" 't.xml: it takes longer than --timeout allows'
is '--timeout: no lab is left' "$(netlab topo ls -q)" ''

"$NETLAB" run -n stop "$work/t.xml" >"$work/out" 2>"$work/err" &
pid=$!
soon 'twice SIGINT: the command runs' is_running stop
keeper=$(netlab topo ls --json | jq .pid)
kill -STOP "$keeper"
for _ in 1 2 3 4 5; do
	kill -INT "$pid" 2>/dev/null
	sleep 0.1
done
wait "$pid"
is 'twice SIGINT: it ends at once, also when the lab does not answer' "$?" 130
kill -CONT "$keeper" 2>/dev/null
soon 'twice SIGINT: the leash takes the lab down' no_lab

# --- a lab that dies ---

"$NETLAB" run -n dies "$work/t.xml" >"$work/out" 2>"$work/err" &
pid=$!
soon 'the command runs' is_running dies
kill -KILL "$(netlab topo ls --json | jq .pid)"
wait "$pid"
is 'a keeper that is killed: exit 4' "$?" 4
like 'and a message' "$(cat "$work/err")" 'error: lab dies went away'
soon 'and no lab is left' no_lab

recipe '<run host="h1" command="true"/>'
"$NETLAB" run "$work/t.xml" >/dev/full 2>"$work/err"
is 'output that cannot be written: exit 4' "$?" 4
is 'and a message' "$(cat "$work/err")" 'error: standard output could not be written'

done_testing
