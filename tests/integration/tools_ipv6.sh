#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tools multicast and tcp_conn over IPv6, and the modules Multicast and TCPConnection with IPv6 addresses.
# timeout: 200
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
pair_recipe "$work/pair.xml"
netlab topo up -n v6 "$work/pair.xml" >/dev/null || exit 1
six=fd00:77::
for host in 1 2; do
	netlab exec v6 h$host -- ip addr add "$six$host/64" dev eth0 nodad
done

# task COMMANDS: run a recipe with one task in the lab that is up; the ends of its commands are in $work/ends
task() {
	sed "s|</lnstrecipe>||" "$work/pair.xml" >"$work/t.xml"
	printf '<task>%s</task></lnstrecipe>\n' "$1" >>"$work/t.xml"
	run netlab run --json --lab v6 "$work/t.xml"
	jq -c 'select(.event == "command_end")' <<<"$out" >"$work/ends"
}

# module HOST MODULE OPTIONS [MORE]: a run; OPTIONS: NAME=VALUE ...
module() {
	local option
	printf '<run host="%s" module="%s" %s><options>' "$1" "$2" "${4-}"
	for option in $3; do
		printf '<option name="%s" value="%s"/>' "${option%%=*}" "${option#*=}"
	done
	printf '</options></run>'
}

# result TEXT N WANT: verdict and message of the n-th command
result() { is "$1" "$(sed -n "$2p" "$work/ends" | jq -r '"\(.verdict): \(.message)"')" "$3"; }

# datum N NAME: of the n-th command
datum() { sed -n "$1p" "$work/ends" | jq -r ".data.$2"; }

# --- TCPConnection ---

for ipv6 in '' ' ipv6=yes'; do
	task "$(module h2 TCPConnection "mode=server address=${six}2/64 portrange=7000-7004$ipv6" 'bg_id="s"')
		$(module h1 TCPConnection "mode=client address=${six}2 portrange=7000-7004$ipv6")
		<wait host='h2' bg_id='s'/>"
	result "TCPConnection${ipv6:-, the address tells}: a server listens on IPv6" 3 'pass: handled 4 connections'
	result "TCPConnection${ipv6:-, the address tells}: a client connects" 2 'pass: made 4 connections'
	is "TCPConnection${ipv6:-, the address tells}: the number is a result" "$(datum 2 connections) $(datum 3 connections)" '4 4'
done

task "$(module h2 TCPConnection "mode=server address=${six}2 portrange=7000-7002 continuous=yes ipv6=yes" 'bg_id="s"')
	$(module h1 TCPConnection "mode=client address=${six}2 portrange=7000-7002 continuous=yes ipv6=yes" 'bg_id="c"')
	<ctl_wait seconds='0.3'/><intr host='h1' bg_id='c'/><intr host='h2' bg_id='s'/>"
is 'TCPConnection: again and again' "$status $(($(datum 4 connections) > 2)) $(($(datum 5 connections) > 2))" '0 1 1'

task "$(module h1 TCPConnection 'mode=client address=10.0.0.2 portrange=7000-7001 ipv6=yes')
	$(module h1 TCPConnection "mode=server address=${six}99 portrange=7000-7001")"
result 'TCPConnection: ipv6 insists on an IPv6 address' 1 'fail: Unexpected error: -6: the address is not an IPv6 one'
result 'TCPConnection: an address that the host has not' 2 'fail: Unexpected error: port 7000: listen: Cannot assign requested address [EADDRNOTAVAIL]'

# --- Multicast ---

group='address=ff05::77 port=5555'
receive() { module h2 Multicast "setup=$1 $group interface=eth0 ${2-}" "bg_id='r$1'"; }
send="$(module h1 Multicast "setup=send_simple $group interface=${six}1 delay=0.01" 'bg_id="s"')"

task "$(receive recv_simple)
	$(module h1 Multicast "setup=send_simple $group interface=eth0 delay=0.01 duration=0.3 ttl=3")
	<intr host='h2' bg_id='rrecv_simple'/>"
is 'Multicast: packets sent arrive' "$status $(($(datum 2 packets_sent) > 0)) $(($(datum 3 packets_received) > 0))" '0 1 1'

task "$(receive recv_simple)
	$(module h1 Multicast "setup=send_simple address=ff05::78 port=5555 interface=eth0 delay=0.01 duration=0.2")
	<intr host='h2' bg_id='rrecv_simple'/>"
is 'Multicast: those to another group do not' "$status $(datum 3 packets_received)" '0 0'

task "$send $(receive recv_membership duration=1) <wait host='h2' bg_id='rrecv_membership'/> <intr host='h1' bg_id='s'/>"
is 'Multicast: who leaves receives no more' "$status $(($(datum 3 packets_received) > 0)) $(datum 3 packets_received_after_drop)" '0 1 0'

task "$send $(receive recv_source_membership "duration=1 source=${six}1") <wait host='h2' bg_id='rrecv_source_membership'/> <intr host='h1' bg_id='s'/>"
is 'Multicast: of one source' "$status $(($(datum 3 packets_received) > 0)) $(datum 3 packets_received_after_drop)" '0 1 0'

task "$send $(receive recv_source_membership "duration=0.5 source=${six}9") <wait host='h2' bg_id='rrecv_source_membership'/> <intr host='h1' bg_id='s'/>"
is 'Multicast: and not of another one' "$status $(datum 3 packets_received)" '0 0'

task "$send $(receive recv_block_source "duration=1.5 source=${six}1") <wait host='h2' bg_id='rrecv_block_source'/> <intr host='h1' bg_id='s'/>"
is 'Multicast: a source that is blocked is not heard' "$status $(($(datum 3 packets_received) > 0)) $(datum 3 packets_received_while_blocking)" '0 1 0'

task "$(module h1 Multicast "setup=send_simple $group interface=nosuch0 duration=0.1")"
like 'Multicast: an interface that is not there' "$(sed -n 1p "$work/ends" | jq -r '"\(.verdict): \(.message)"')" '^fail: .*nosuch0'

netlab topo down v6 >/dev/null
done_testing
