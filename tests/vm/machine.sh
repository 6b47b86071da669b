#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The virtual machine seen from outside: output, exit codes, files, time limit and signals; and nothing is left of it.
# timeout: 600
. "$NETLAB_TOP/tests/lib/cli.sh"
work=$(mktemp -d "$NETLAB_TMP/test.XXXXXX") || exit 4
trap 'rm -rf "$work"' EXIT
kernel=${NETLAB_TEST_KERNELS:-6.1}
kernel=${kernel%% *}
run "$NETLAB" kernel fetch "$kernel"
[ "$status" -eq 0 ] || skip "no kernel $kernel: ${err##*$'\n'}"

# gone TEXT: no QEMU of ours, no file
gone() {
	is "$1: nothing is left" "$(pgrep -P $$ -f qemu-system; find "$work" -newer "$work/mark" -type f ! -name out ! -name err)" ''
}

# --- one command ---

mkdir "$work/shared" "$work/beside"
echo outside >"$work/beside/file"
touch "$work/mark"
cd "$work/beside" || exit 4
# shellcheck disable=SC2016
run "$NETLAB" kernel run -s "$work/shared" "$kernel" -- sh -c '
	uname -r
	cat file; echo inside >file; cat file; echo gone >other
	echo "$1|$2|$HOME" ; echo error >&2
	echo kept >'"$work"'/shared/kept
	ls /sys/fs/cgroup/cgroup.controllers /dev/net/tun /proc/self/fd/0 | wc -l
	cat /sys/class/net/*/operstate | wc -l
	sleep 1000 & exit 7' sh 'two words' ''
is 'the exit code is that of the command' "$status" 7
like 'it runs under that kernel' "${out%%$'\n'*}" "^${kernel//./\\.}[.-]"
is 'it sees files, has words and environment as given, and no network but lo' "$(tail -n +2 <<<"$out")" \
	"outside"$'\n'"inside"$'\n'"two words||$HOME"$'\n'"3"$'\n'"1"
is 'its errors are errors' "$err" error
is 'what it wrote is gone' "$(cat "$work/beside/file")$(ls "$work/beside")" 'outsidefile'
is 'but not in a shared folder' "$(cat "$work/shared/kept")" kept
rm "$work/shared/kept"
gone 'after that'

# --- programs that ask how old the machine is ---

run "$NETLAB" kernel run "$kernel" -- python3 -c 'import time; print(time.monotonic() > 60)'
is 'the monotonic clock is that of a machine that has been up for a while' "$status $out" '0 True'
run "$NETLAB" run --kernel "$kernel" "$NETLAB_TOP/recipes/devices/ovs.xml"
is 'Open vSwitch forwards packets, though started in the first seconds' "$status" 0

# --- recipes ---

run "$NETLAB" run --kernel "$kernel" --packet-capture "$work/shared" "$NETLAB_TOP/recipes/ping.xml" "$NETLAB_TOP/recipes/fails.xml"
is 'recipes: the exit code is that of run' "$status" 1
like 'the verdicts, too' "$out" 'PASS  .*recipes/ping.xml: 2 of 2.*FAIL  .*recipes/fails.xml'
is 'captures come out' "$(find "$work/shared" -name '*.pcap' -size +100c | grep -c ping)" 2
rm -r "$work/shared"

# A kernel that lacks a kind of links: nothing is built, exit 3. This one is the same without the module.
mkdir -p "$work/less"
folder=$("$NETLAB" kernel ls --json | jq -r .path | grep -F "/${kernel%/}" | head -n 1)
cp -r "$folder/." "$work/less"
find "$work/less" -name 'team.ko*' -delete
cat >"$work/beside/team.xml" <<-'XML'
	<recipe>
	  <network>
	    <host id="h1"><interfaces><eth id="1" label="a"/><team id="t"><slaves><slave id="1"/></slaves></team></interfaces></host>
	    <host id="h2"><interfaces><eth id="1" label="a"/></interfaces></host>
	  </network>
	  <task><run host="h1" command="true"/></task>
	</recipe>
XML
run "$NETLAB" run --kernel "$work/less" team.xml
is 'a kernel without teams: exit 3, and why' "$status $err" \
	'3 team.xml:3:54: error: link kind team: this kernel lacks it (CONFIG_NET_TEAM): netlab kernel fetch 6.1, then netlab run --kernel 6.1'
run "$NETLAB" run --kernel "$kernel" team.xml
is 'with them it runs' "$status" 0
rm -r "$work/less" team.xml

# --- ends ---

run "$NETLAB" kernel run "$kernel" -- /nonexistent
is 'a command that is not there: exit 127' "$status $err" '127 netlab: the command could not be started: No such file or directory'
run "$NETLAB" kernel run -t 1 "$kernel" -- sleep 1000
is 'past the limit: exit 124' "$status $err" '124 error: the command runs longer than 1 s'
gone 'after the limit'
for signal in INT TERM KILL; do
	# Once it says something, the command runs.
	coproc vm { exec "$NETLAB" kernel run "$kernel" -- sh -c 'echo up; exec sleep 1000'; }
	# shellcheck disable=SC2154 # the shell sets it
	pid=$vm_PID
	read -r -t 300 line <&"${vm[0]}"
	is "before SIG$signal it runs" "$line" up
	qemu=$(pgrep -P "$pid" -f qemu-system)
	kill -s $signal "$pid"
	wait "$pid"
	is "SIG$signal: exit 128 and its number" "$?" $((128 + $(kill -l $signal)))
	for ((i = 0; i < 600; i++)); do
		grep -q '^State:.[^Z]' "/proc/$qemu/status" 2>/dev/null || break
		sleep 0.1
	done
	is "SIG$signal: QEMU is gone" "$([ -d "/proc/$qemu" ] && grep '^State:.[^Z]' "/proc/$qemu/status")" ''
	gone "after SIG$signal"
done

# A kernel that does not come up: the last words of the machine, and exit 4.
mkdir -p "$work/broken/boot"
touch "$work/broken/boot.modules"
cp "$NETLAB_BUILD/kernel/init" "$work/broken/vmlinux"
touch "$work/mark"
run "$NETLAB" kernel run -t 10 "$work/broken/" -- true
is 'a kernel that is none: exit 4' "$status" 4
like 'with what QEMU says' "$err" 'error: the virtual machine ended without a status$'
gone 'after that'

done_testing
