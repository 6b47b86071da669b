#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab run: the verdicts of commands in the foreground and in the background, sentence by sentence of docs/recipes.md.
# timeout: 300
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
pair_recipe "$work/pair.xml"
netlab topo up -n verdicts "$work/pair.xml" >/dev/null || exit 1

# task COMMANDS: run a recipe with one task in the lab that is up; $out is the JSON lines
task() {
	sed "s|</lnstrecipe>||" "$work/pair.xml" >"$work/t.xml"
	printf '<task>%s</task></lnstrecipe>\n' "$1" >>"$work/t.xml"
	run netlab run --json --lab verdicts "$work/t.xml"
	jq -c 'select(.event == "command_end")' <<<"$out" >"$work/ends"
}

# verdict TEXT N VERDICT MESSAGE: of the n-th command, from 1
verdict() {
	is "$1" "$(sed -n "$2p" "$work/ends" | jq -r '"\(.verdict): \(.message)"')" "$3: $4"
}

# took TEXT N LEAST MOST: milliseconds
took() {
	local ms
	ms=$(sed -n "$2p" "$work/ends" | jq '.duration_us / 1000 | floor')
	if [ "$ms" -ge "$3" ] && [ "$ms" -le "$4" ]; then ok "$1"; else not_ok "$1" "$ms ms, not $3 to $4"; fi
}

still_running() {
	netlab exec verdicts h1 -- pgrep -cx sleep
}

h1='run host="h1" command'
timed_out='RPC connection to machine h1 timed out'

task "<$h1='true'/><$h1='exit 3'/><$h1='kill -9 \$\$'/>"
is 'a failed command: exit 1' "$status" 1
verdict 'exit status 0 passes' 1 pass ''
verdict 'another one fails' 2 fail 'exit status 3'
verdict 'a signal fails' 3 fail 'killed by SIGKILL'

task "<$h1='false' expect='fail'/><$h1='true' expect='fail'/>"
verdict 'expect=fail makes a failure pass' 1 pass 'failed as expected: exit status 1'
verdict 'and a pass fail' 2 fail 'passed, but was expected to fail'

task "<$h1='sleep 60 &amp; sleep 60' timeout='1'/><$h1='sleep 60' timeout='1' expect='fail'/>"
verdict 'a timeout fails' 1 fail "$timed_out"
took 'when it is over' 1 1000 2500
verdict 'also when a failure is expected' 2 fail "$timed_out"
is 'the whole process group is killed' "$(still_running)" 0

task "<$h1='[ \"a\" == \"a\" ]'/>"
verdict 'commands are for bash' 1 pass ''

task "<$h1='sleep 0.3; echo done' bg_id='a'/><wait host='h1' bg_id='a'/>"
is 'all passed: exit 0' "$status" 0
verdict 'a background command passes at once' 1 pass 'Running in background.'
took 'without being waited for' 1 0 250
verdict 'wait has its verdict' 2 pass ''
is 'and its output' "$(sed -n 2p "$work/ends" | jq -r .stdout)" 'done'

task "<$h1='exit 4' bg_id='a'/><wait host='h1' bg_id='a'/><$h1='exit 4' bg_id='a' expect='fail'/><wait host='h1' bg_id='a'/>"
verdict 'wait reports a failure' 2 fail 'exit status 4'
verdict 'or an expected one' 4 pass 'failed as expected: exit status 4'

task "<$h1='sleep 60' bg_id='a' timeout='1'/><ctl_wait seconds='0.5'/><wait host='h1' bg_id='a'/>"
verdict 'wait ends when the command had its time' 3 fail "$timed_out"
took 'counted from its start' 3 300 1500
is 'and it is killed then' "$(still_running)" 0

task "<$h1='sleep 60' bg_id='a' timeout='1'/><ctl_wait seconds='1.1'/><wait host='h1' bg_id='a'/>"
verdict 'wait after that time' 3 fail "$timed_out"
took 'lasts two seconds' 3 2000 3500

task "<$h1='sleep 60' bg_id='a' timeout='1'/><ctl_wait seconds='1.2'/><intr host='h1' bg_id='a'/>"
verdict 'intr after that time still passes' 3 pass 'interrupted: Command execution failed (exited with -2)'

task "<$h1='trap \"echo bye; exit 7\" INT; echo go; sleep 60 &amp; wait' bg_id='a'/><ctl_wait seconds='0.5'/><intr host='h1' bg_id='a'/>"
verdict 'a shell command that intr ends with a status other than 0 passes' 3 pass 'interrupted: Command execution failed (exited with 7)'
is 'with its own status and output' "$(sed -n 3p "$work/ends" | jq -c '[.exit, .stdout]')" '[7,"go\nbye\n"]'

task "<$h1='exit 3' bg_id='a'/><ctl_wait seconds='0.5'/><intr host='h1' bg_id='a'/>"
verdict 'intr of a command that had ended reports it' 3 fail 'exit status 3'

task "<$h1='sleep 60' bg_id='a'/><kill host='h1' bg_id='a'/><$h1='sleep 60' bg_id='b' expect='fail'/><kill host='h1' bg_id='b'/>"
verdict 'kill passes' 2 pass 'Command killed.'
verdict 'whatever was expected' 4 pass 'Command killed.'

task "<$h1='exit 5' bg_id='a'/><ctl_wait seconds='0.5'/><kill host='h1' bg_id='a'/>"
verdict 'kill of a command that had ended reports it' 3 fail 'exit status 5'

task "<$h1='uname -n' bg_id='a'/><run host='h2' command='uname -n' bg_id='a'/><wait host='h2' bg_id='a'/><wait host='h1' bg_id='a'/>"
is 'a bg_id belongs to its host' "$(jq -rs 'map(.stdout // empty) | join("")' "$work/ends")" $'h2\nh1'

task "<ctl_wait seconds='0.25'/>"
took 'ctl_wait takes fractions of a second' 1 250 600

task "<$h1='false'/><$h1='true'/></task><task quit_on_fail='yes'><$h1='false'/></task><task><$h1='true'/>"
is 'a failed command does not end its task, nor a failed task the recipe; but quit_on_fail does' \
	"$(jq -r '"\(.task).\(.command) \(.verdict)"' "$work/ends" | tr '\n' ' ')" '1.1 fail 1.2 pass 2.1 fail '
is 'the verdict counts the tasks' "$(jq -c 'select(.event == "verdict") | [.tasks, .tasks_run, .passed, .failed]' <<<"$out")" '[3,2,1,2]'

task "<$h1='ip -br addr show {devname(h1,eth0)} | grep -qF {ip(h1,eth0)}/{prefix(h1,eth0)}'/><$h1='ip link | grep -qi {hwaddr(h1,eth0)}'/><$h1='ping -c 1 -W 2 {ip(h2,eth0,1)}'/>"
verdict 'ip(), prefix() and devname() are true' 1 pass ''
verdict 'so is hwaddr()' 2 pass ''
verdict 'ip() of the second address' 3 pass ''

task "<$h1='head -c 5000000 /dev/zero | tr \"\\\\0\" x; echo; echo last'/>"
is 'long output keeps its beginning and its end' "$(jq -r '.stdout | (.[0:3] + (length < 1100000 | tostring) + .[-5:])' "$work/ends")" xxxtruelast
like 'and says what is missing' "$(jq -r .stdout "$work/ends" | grep left)" '^\[\.\.\. 395[0-9]{4} bytes left out \.\.\.\]$'

task "<$h1='ps -o pgid=,sid= -p \$\$ | tr -s \" \"; echo \$\$'/><$h1='ps -o ignored= -p \$\$'/>"
is 'each command has a session and process group of its own' "$(sed -n 1p "$work/ends" | jq -r .stdout | xargs -n 1 | sort -u | wc -l)" 1
# Two signals of the C library, 32 and 33, are ignored where they were when this test began.
is 'with no signal ignored' "$((0x$(sed -n 2p "$work/ends" | jq -r .stdout) & 0x7fffffff))" 0

task "<$h1='true' bg_id='a'/>"
is 'a background command that is not ended: exit 2' "$status" 2
like 'with LNST'\''s words' "$out" 'Incorrect command sequence: bg_id a of host h1 is not ended in this task; add a wait, intr or kill'
task "<$h1='true' bg_id='a'/><wait host='h1' bg_id='a'/><kill host='h1' bg_id='a'/>"
like 'nor can it be ended twice' "$out" 'Incorrect command sequence: bg_id a of host h1 has been ended already'
task "<$h1='true' bg_id='a'/><$h1='true' bg_id='a'/><wait host='h1' bg_id='a'/>"
like 'nor its name be used while it runs' "$out" 'Incorrect command sequence: bg_id a of host h1 is still in use'
task "<$h1='true' bg_id='a'/></task><task><wait host='h1' bg_id='a'/>"
like 'nor it be ended in another task' "$out" 'Incorrect command sequence: host h1 runs no command with bg_id a in this task'

task "<$h1='echo {hwaddr(h1,eth0)}'/><$h1='ip link set {devname(h1,eth0)} down addr 02:00:00:00:00:0a name lan0'/><$h1='ip link show {devname(h1,eth0)} | grep -ic {hwaddr(h1,eth0)}; echo {hwaddr(h1,eth0)} {devname(h1,eth0)} {devname(h2,eth0)} {ip(h1,eth0)}/{prefix(h1,eth0)}'/><$h1='ip link set {devname(h1,eth0)} name eth0 up addr 52:54:01:00:00:01'/><$h1='echo {devname(h1,eth0)}'/>"
is 'devname() and hwaddr() follow what commands change, ip() and prefix() are the recipe'\''s' \
	"$(jq -r '.stdout // empty' "$work/ends" | tr '\n' ' ')" '52:54:01:00:00:01   1 02:00:00:00:00:0A lan0 eth0 10.0.0.1/24   eth0  '

is 'the lab is still there' "$(netlab topo ls -q)" verdicts

kill -9 "$(netlab topo inspect --json verdicts | jq -r '.hosts[] | select(.id == "h2") | .pid')"
task "<$h1='true'/><run host='h2' command='true' expect='fail'/><$h1='true'/></task><task><$h1='true'/>"
is 'a host that has died: exit 1' "$status" 1
verdict 'its command fails, whatever was expected' 2 fail 'CommandException: Slave h2: host h2 has died'
is 'and the recipe ends with it' "$(wc -l <"$work/ends")" 2
like 'and says so' "$out" '"message":"Command exception raised\."'
done_testing
