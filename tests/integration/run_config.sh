#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab run: settings of the kernel in hosts, which are taken back at the end of the task; included parts of recipes.
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
pair_recipe "$work/pair.xml"
netlab topo up -n config "$work/pair.xml" >/dev/null || exit 1

# task COMMANDS: run a recipe with one task in the lab that is up; $out is the JSON lines
task() {
	sed "s|</lnstrecipe>||" "$work/pair.xml" >"$work/t.xml"
	printf '<task>%s</task></lnstrecipe>\n' "$1" >>"$work/t.xml"
	run netlab run --json --lab config "$work/t.xml"
	jq -c 'select(.event == "command_end")' <<<"$out" >"$work/ends"
}

verdict() { # TEXT N VERDICT MESSAGE
	is "$1" "$(sed -n "$2p" "$work/ends" | jq -r '"\(.verdict): \(.message)"')" "$3: $4"
}

in_h1() { netlab exec config h1 -- cat "$1"; }
get='run host="h1" command'
ttl=/proc/sys/net/ipv4/ip_default_ttl
machine=$(cat $ttl)

task "<config host='h1' option='$ttl' value='7'/><$get='cat $ttl'/><run host='h2' command='cat $ttl'/><config host='h1' option='$ttl' value='8'/><$get='cat $ttl'/></task><task><$get='cat $ttl'/>"
is 'exit 0' "$status" 0
is 'a setting is written, in its host only, and comes back at the end of the task' \
	"$(jq -r '.stdout // empty | select(. != "")' "$work/ends" | tr '\n' ' ')" '7  64  8  64  '
is 'what was there is in the result' "$(sed -n 4p "$work/ends" | jq -c .data)" \
	"{\"options\":[{\"name\":\"$ttl\",\"previous_val\":\"7\",\"current_val\":\"8\"}],\"persistent\":false}"
is 'the command is described' "$(sed -n 1p "$work/ends" | jq -r '"\(.type) \(.text)"')" "config $ttl = 7"
is 'the machine has its own' "$(cat $ttl)" "$machine"

task "<config host='h1' option='$ttl' value='9' persistent='yes'/>"
is 'a persistent one stays' "$(in_h1 $ttl)" 9

task "<config host='h1'><options><option name='/proc/sys/net/ipv4/conf/{devname(h1,eth0)}/forwarding' value='1'/><option name='/sys/class/net/{devname(h1,eth0)}/mtu'>1400</option></options></config><$get='cat /proc/sys/net/ipv4/conf/eth0/forwarding'/><$get='ip -o link show eth0'/>"
verdict 'several at once, with functions in their names' 1 pass ''
is 'in /proc/sys/net' "$(sed -n 2p "$work/ends" | jq -r .stdout)" 1
like 'and in /sys' "$(sed -n 3p "$work/ends" | jq -r .stdout)" 'mtu 1400 '
is 'which comes back as well' "$(netlab exec config h1 -- ip -j link show eth0 | jq '.[].mtu')" 1500

task "<define><alias name='v' value='{prefix(h1,eth0)}'/></define><config host='h1' option='$ttl' value='{\$v}'/><$get='cat $ttl'/>"
is 'a value may hold aliases and functions' "$(sed -n 2p "$work/ends" | jq -r .stdout)" 24

task "<config host='h1' option='$ttl' value='11'/><$get='false'/></task><task quit_on_fail='yes'><config host='h1' option='$ttl' value='12'/><$get='exit 1'/>"
is 'a failed task is taken back as well' "$(in_h1 $ttl)" 9

task "<config host='h1' option='/etc/hostname' value='x'/><config host='h1' option='/proc/sys/net/../../../etc/hostname' value='x'/><config host='h1' option='/proc/self/root/etc/hostname' value='x'/><config host='h1' option='/proc/sys/net/no_such' value='1'/><config host='h1' option='$ttl' value='much'/><config host='h1' option='/proc/sys/kernel/panic' value='1'/><$get='true'/>"
is 'exit 1' "$status" 1
verdict 'not below /proc or /sys fails' 1 fail 'Wrong config option /etc/hostname. Only /proc or /sys paths are allowed.'
verdict 'nor out of it' 2 fail '/proc/sys/net/../../../etc/hostname leads out of /proc and /sys'
verdict 'nor through a link' 3 fail '/proc/self/root/etc/hostname leads out of /proc and /sys'
verdict 'what is not there fails' 4 fail '/proc/sys/net/no_such cannot be written: No such file or directory [ENOENT]'
verdict 'what the kernel refuses fails' 5 fail "$ttl: the kernel refuses \"much\": Invalid argument [EINVAL]"
verdict 'what is the machine'\''s fails and is explained' 6 fail \
	"/proc/sys/kernel/panic is the machine's, not the host's: a host can write below /proc/sys/net and /sys/devices/virtual/net: Read-only file system [EROFS]"
verdict 'and the task goes on' 7 pass ''

task "<config host='h1'><options><option name='$ttl' value='20'/><option name='/proc/sys/net/no_such' value='1'/></options></config><$get='cat $ttl'/>"
is 'a setting before one that fails is there' "$(sed -n 2p "$work/ends" | jq -r .stdout)" 20
is 'and comes back' "$(in_h1 $ttl)" 9

run netlab run --lab config "$work/t.xml"
like 'the text report has it' "$out" "FAIL +[0-9.]+ s  h1  config $ttl = 20, /proc/sys/net/no_such = 1"

# In a further network namespace of a host.
cat >"$work/netns.xml" <<-XML
	<lnstrecipe>
	  <network>
	    <host id="h1"><interfaces><eth id="eth0" label="net"/><eth id="eth1" label="net" netns="blue"/></interfaces></host>
	  </network>
	  <task>
	    <config host="h1" netns="blue" option="$ttl" value="5"/>
	    <run host="h1" netns="blue" command="cat $ttl"/>
	    <run host="h1" command="cat $ttl"/>
	  </task>
	  <task><run host="h1" netns="blue" command="cat $ttl"/></task>
	</lnstrecipe>
XML
run netlab run --json "$work/netns.xml"
is 'in a namespace of a host only that one is changed, and changed back' \
	"$(jq -r 'select(.event == "command_end") | .stdout // empty | select(. != "")' <<<"$out" | tr '\n' ' ')" '5  64  64  '
sed -i 's/netns="blue" option/netns="bleu" option/' "$work/netns.xml"
run netlab run "$work/netns.xml"
like 'one that is not there is an error before anything is built' "$err" 'netns.xml:6:30: error: host h1 has no network namespace bleu; did you mean blue\?'

# Parts of recipes in other files, in folders of their own, from another working directory.
mkdir -p "$work/parts/sub"
cat >"$work/parts/sub/task.xml" <<-'XML'
	<task>
	  <run host="h1" command="echo {$word}"/>
	  <include xmlns="http://www.w3.org/2001/XInclude" href="../more.xml"/>
	</task>
XML
echo '<run host="h2" command="uname -n"/>' >"$work/parts/more.xml"
sed "s|<lnstrecipe>|<lnstrecipe xmlns:xi='http://www.w3.org/2003/XInclude'><define><alias name='word' value='hello'/></define>|
	s|</lnstrecipe>|<xi:include href='parts/sub/task.xml'/></lnstrecipe>|" "$work/pair.xml" >"$work/include.xml"
cd / || exit 4
run netlab run --json "$work/include.xml"
is 'a recipe with included parts runs' "$(jq -r 'select(.event == "command_end") | .stdout' <<<"$out" | tr '\n' ' ')" 'hello  h2  '
is 'its commands are where they stand' "$(jq -r 'select(.event == "command_end") | "\(.file):\(.line)"' <<<"$out" | sed "s|$work/||" | tr '\n' ' ')" \
	'parts/sub/task.xml:2 parts/sub/../more.xml:1 '
sed -i 's/h2/h3/' "$work/parts/more.xml"
run netlab run "$work/include.xml"
is 'an error in a part: exit 2' "$status" 2
is 'is named there, and where it comes from' "${err//"$work"\//}" "parts/sub/../more.xml:1:12: error: unknown host h3; hosts: h1, h2
parts/sub/task.xml:3:3: note: included from here
include.xml:6:1: note: included from here
note: Parser error: include.xml has 1 error, and is not run"
done_testing
