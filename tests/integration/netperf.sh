#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The module Netperf: how options become arguments, and results a verdict, with programs that print what netperf has once
# printed; and with netperf itself where this machine has it.
# timeout: 120
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

module=$NETLAB_BUILD/modules/Netperf
bin=$work/bin
mkdir "$bin"
# What it is called with goes to a file; each call prints the next of the rates.
cat >"$bin/netperf" <<-SH
	#!/bin/sh
	echo "\$@" >>$work/args
	[ ! -e $work/broken ] || { cat $work/broken; exit 1; }
	n=1
	until mkdir "$work/lock.\$n" 2>/dev/null; do n=\$((n + 1)); done
	rate=\$(sed -n "\${n}p" $work/rates)
	printf 'THROUGHPUT=%s\nTHROUGHPUT_UNITS=10^3bits/s\nLOCAL_CPU_UTIL=12.50\nREMOTE_CPU_UTIL=-1.00\n' "\$rate"
	printf 'CONFIDENCE_LEVEL=99\nTHROUGHPUT_CONFID=10.000\n'
SH
chmod +x "$bin/netperf"

# client RATES OPTIONS: run as client, netperf measures these rates (10^3 bits/s) one after the other
client() {
	rm -rf "$work"/lock.* "$work/args"
	printf '%s\n' "$1" | tr ' ' '\n' >"$work/rates"
	jq -nc --argjson o "{$2}" '{role: "client", netperf_server: "10.0.0.2/24"} + $o' >"$work/options"
	run env PATH="$bin:$PATH" "$module" <"$work/options"
	last=$(tail -n 1 <<<"$out")
	args=$(cat "$work/args")
}
data() { jq -c ".result$1" <<<"$last" | sed 's/\.0\b//g'; } # jq writes 1.0 in two ways
message() { jq -r .message <<<"$last"; }

client '1000000.00' ''
is 'without more options, the throughput of TCP' "$status $(data .testname) $(data .rate) $(data .unit)" '0 "TCP_STREAM" 1000000000 "bps"'
is 'its text is that of LNST' "$(message)" 'Measured rate was 1.00 +-0.00 gbits/sec'
like 'arguments: address without its prefix, values by name' "$args" '^-H 10\.0\.0\.2 -f k -P 0 -t TCP_STREAM -- -k THROUGHPUT,[A-Z_,]*$'

client 1.00 '"bind": "10.0.0.1/24", "port": "77", "duration": "5", "cpu_util": "Both", "debug": "2", "netperf_opts": "-4 -T \"0, 0\"", "testoptions": "-s 1K", "msg_size": "1400"'
like 'all options have their arguments' "$args" \
	'^-H 10\.0\.0\.2 -f k -P 0 -L 10\.0\.0\.1 -p 77 -l 5 -t TCP_STREAM -c -C -d -d -4 -T 0, 0 -- -k [A-Z_,]* -s 1K -m 1400$'
is 'the use of processors is told where it was measured' "$(data .LOCAL_CPU_UTIL) $(data .REMOTE_CPU_UTIL)" '12.5 null'

client '100.00 200.00' '"num_parallel": "2"'
is 'streams at once add up' "$(data .rate) $(grep -c -- '-s 1 --' <<<"$args")" '300000 2'
client '100.00 200.00 300.00' '"runs": "3"'
is 'runs are averaged, and deviate by twice their standard deviation' \
	"$(data .rate) $(data '.rate_deviation | round') $(data '.results | length')" '200000 163299 3'
client 1000.00 '"confidence": "99,5"'
like 'netperf tells how sure it is' "$args" '-t TCP_STREAM -I 99,5 --'
is 'the rate deviates by that' "$(data .confidence) $(data .rate_deviation)" '[99,5] 50000'
client 1000.00 '"confidence": "99", "runs": "5"'
is 'and repeats itself' "$(wc -l <<<"$args") $(grep -o -- '-I 99 -i 5,5' <<<"$args")" '1 -I 99 -i 5,5'

client 1000.00 '"threshold": "1 mbits/sec"'
is 'the threshold is reached' "$status $(message)" '0 Measured rate 1.00 +-0.00 mbits/sec is higher than threshold 1.00 +-0.00 mbits/sec'
client 999.00 '"threshold": "1 mbits/sec"'
is 'or not' "$status $(message)" '1 Measured rate 999.00 +-0.00 kbits/sec is lower than threshold 1.00 +-0.00 mbits/sec'
client 999.00 '"threshold": "1 mbits/sec", "threshold_deviation": "1 kbits/sec"'
is 'it may be missed by its deviation' "$status" 0
client 990.00 '"threshold": "1 mbits/sec", "confidence": "99"'
is 'and by that of the result' "$status" 0
client '900.00 1100.00' '"runs": "2", "max_deviation": "19.9 %"'
is 'results that differ too much fail' "$status $(message)" '1 Measured rate 1.00 +-0.20 mbits/sec has bigger deviation than allowed (+-19.90 %)'
client '900.00 1100.00' '"runs": "2", "max_deviation": "201 kbits/sec"'
is 'also by an amount' "$status" 0
client 0.00 ''
is 'nothing measured: fail' "$status $(message)" '1 Measured rate was 0.00 +-0.00 bits/sec'

echo 'The test you requested (FOO) is unknown to this netperf.' >"$work/broken"
client 1 '"testname": "FOO", "runs": "2"'
is 'netperf fails: so do we, and say why' "$status $(message)" \
	'1 Could not get performance throughput! The test you requested (FOO) is unknown to this netperf.'

# wrong OPTIONS MESSAGE
wrong() {
	client 1 "$1"
	is "refused: $1" "$status $(data .Exception)" "1 \"$2\""
}
rm "$work/broken"
touch "$work/args"
wrong '"threshold": "1 Trans/sec"' 'option threshold: \"1 Trans/sec\" is not a rate of TCP_STREAM, like \"10 mbits/sec\"'
wrong '"testname": "TCP_RR", "max_deviation": "1 mbits/sec"' 'option max_deviation: \"1 mbits/sec\" is not a rate of TCP_RR, like \"100 Trans/sec\"'
wrong '"num_parallel": "0"' 'option num_parallel: must be a whole number from 1 to 256'
wrong '"runs": "1.5"' 'option runs: must be a whole number from 1 to 1000'
wrong '"debug": "x"' 'option debug: \"x\" is not a number'
wrong '"netperf_opts": "\"a"' 'option netperf_opts: \"\"a\" cannot be split into arguments'

# --- without the programs ---

run env PATH=/none "$module" <<<'{"role": "client", "netperf_server": "10.0.0.2"}'
is 'without netperf: which package has it' "$status $(tail -n 1 <<<"$out" | jq -r .message)" \
	"2 netperf is missing in this host: install the Debian package netperf (in Debian's section non-free)"
run env PATH=/none "$module" <<<'{"role": "server"}'
is 'without netserver, too' "$status $(tail -n 1 <<<"$out" | jq -r .message)" \
	"2 netserver is missing in this host: install the Debian package netperf (in Debian's section non-free)"
run "$module" <<<'{"role": "client"}'
is 'a client needs its server' "$status" 1
run "$module" <<<'{"role": "both"}'
is 'there are two roles' "$status $(jq -r .message "$work/out" | tail -n 1)" '1 option role: "both" must be server or client'

# --- with them ---

pair_recipe "$work/pair.xml"
sed -i 's|</lnstrecipe>||' "$work/pair.xml"
cat >>"$work/pair.xml" <<-'XML'
	<task>
	<run host="h2" module="Netperf" bg_id="1"><options><option name="role" value="server"/><option name="bind" value="{ip(h2,eth0)}"/></options></run>
	<run host="h1" module="Netperf"><options><option name="role" value="client"/><option name="netperf_server" value="{ip(h2,eth0)}"/>
	<option name="duration" value="1"/><option name="num_parallel" value="2"/><option name="threshold" value="1 mbits/sec"/></options></run>
	<run host="h1" module="Netperf"><options><option name="role" value="client"/><option name="netperf_server" value="{ip(h2,eth0)}"/>
	<option name="duration" value="1"/><option name="testname" value="UDP_RR"/><option name="threshold" value="1 Trans/sec"/></options></run>
	<intr host="h2" bg_id="1"/>
	</task></lnstrecipe>
XML
if command -v netperf >/dev/null && command -v netserver >/dev/null; then
	run "$NETLAB" run --json "$work/pair.xml"
	is 'the real ones measure between two hosts' "$status" 0
	is 'throughput and transactions' "$(jq -c 'select(.event == "command_end" and .data.rate > 0) | .data.unit' "$work/out" | xargs)" 'bps tps'
else
	run "$NETLAB" run "$work/pair.xml"
	is 'no netperf on this machine: exit 3' "$status" 3
	like 'and the package that has it' "$err" "install the Debian package netperf \(in Debian's section non-free\)|install the package netperf \(in Debian's section non-free\)"
fi
done_testing
