#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pools: files, configuration, matches and why there is none; containers as a pool describes them.
# timeout: 120
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

export HOME=$work/home XDG_CONFIG_HOME=$work/config
mkdir -p "$HOME" "$XDG_CONFIG_HOME/netlab" "$work/ssh" "$work/twice"
pool=$NETLAB_TOP/recipes/pool
cd "$work" || exit 4

cat >pair.xml <<'XML'
<lnstrecipe>
  <network>
    <host id="h1">
      <params><param name="role" value="server"/></params>
      <interfaces><eth id="e" label="net"><params><param name="driver" value="ixgbe"/></params></eth></interfaces>
    </host>
    <host id="h2"><interfaces><eth id="e" label="net"/></interfaces></host>
  </network>
  <task><run host="h2" command="ping -c 1 -W 10 {ip(h1,e)}"/></task>
</lnstrecipe>
XML
sed 's/"server"/"router"/; s/"ixgbe"/""/' pair.xml >router.xml
sed 's,<params>.*</params>,,' pair.xml >plain.xml
# machine FILE HOSTNAME MAC
machine() {
	cat >"$1" <<-XML
		<slavemachine>
		  <params><param name="hostname" value="$2"/></params>
		  <interfaces><eth id="1" label="A"><params><param name="hwaddr" value="$3"/></params></eth></interfaces>
		</slavemachine>
	XML
}
machine ssh/m1.xml one.example 02:00:00:00:00:01
machine ssh/m2.xml two.example 02:00:00:00:00:02
machine twice/m1.xml one.example 02:00:00:00:00:01
machine twice/m2.xml one.example 02:00:00:00:00:02

# --- match ---

run "$NETLAB" match --pool "$pool" pair.xml
is 'match shows the first match' "$status|$out" "0|pair.xml: match 1, pool $pool
  h1 = big, a container
    e = 1  52:54:02:00:00:01  network net = A
  h2 = small, a container
    e = 1  52:54:02:00:00:11  network net = A"
run "$NETLAB" match -u --pool "$pool" --json pair.xml
is 'with -u all of them' "$(jq -r '"\(.event) \(.match) " + ([.hosts[] | "\(.host)=\(.machine):\(.interfaces[0].nic)"] | join(" "))' <<<"$out")" \
	'match 1 h1=big:1 h2=small:1
match 2 h1=big:2 h2=small:2'
run "$NETLAB" match --pool "$pool" router.xml
is 'without a match it says why, and what containers lack' "$status|$out" "2|router.xml: no match in pool $pool
  h1 cannot be:
    big: its param role is \"server\", not \"router\"
    small: its param role is \"client\", not \"router\""
like 'in the words of run' "$err" '^router.xml:4:15: error: host h1: no machine has the param role = "router"'
run "$NETLAB" match --pool "$pool" --json router.xml
is 'also as JSON' "$(jq -r 'select(.event == "no_match").hosts[] | .host as $h | .reasons[] | "\($h) \(.machine): \(.reason)"' <<<"$out")" \
	'h1 big: its param role is "server", not "router"
h1 small: its param role is "client", not "router"'
run "$NETLAB" match plain.xml
is 'without a pool containers are made' "$status|$out" '0|plain.xml: containers are made to fit: 2 hosts'

# --- run ---

run "$NETLAB" run --pool "$pool" pair.xml
is 'a recipe runs on containers of a pool' "$status" 0
like 'the match is told' "$out" "^pair.xml, match 1: pool $pool: h1 = big \(e = 1\), h2 = small \(e = 1\)"
like 'with the verdict, too' "$out" $'\nPASS  pair.xml, match 1: 1 of 1 command passed'
run "$NETLAB" run --pool "$pool" -u --json pair.xml
is 'with -u once for each match' "$status $(jq -r 'select(.event == "verdict").verdict' <<<"$out" | tr '\n' ' ')" '0 pass pass '
is 'which has an event' "$(jq -r 'select(.event == "match") | "\(.run) \(.match) \(.hosts[1].machine) \(.hosts[1].interfaces[0].nic)"' <<<"$out")" '1 1 small 1
2 2 small 2'
run "$NETLAB" run --pool "$pool" -u --result r.xml --junit j.xml pair.xml
like 'and a line at the end' "$out" $'\n  PASS +[0-9.]+ s  pair.xml, match 1\n  PASS +[0-9.]+ s  pair.xml, match 2$'
is 'the result has its machines and NICs' "$(xmllint --xpath 'string(//recipe[@match_num=2]/pool_match[@virtual="False"]/m_match[@host_id="h2"][@pool_id="small"]/if_match[@if_id="e"]/@pool_if_id)' r.xml)" 2
is 'JUnit has a suite for each' "$(xmllint --xpath 'string(//testsuite[2]/@name)' j.xml)" 'pair.xml, match 2'
run "$NETLAB" run --pool "$pool" -u --jobs 2 pair.xml pair.xml
like 'also when several run at once' "$out" $'(\n  PASS +[0-9.]+ s  pair.xml, match 1\n  PASS +[0-9.]+ s  pair.xml, match 2){2}$'
run "$NETLAB" doctor --pool "$pool" pair.xml
is 'doctor looks into pools, too' "$status" 0
run "$NETLAB" topo up --pool "$pool" -n lab pair.xml
is 'topo up takes machines of a pool, too' "$status" 0
is 'with their addresses and MTU' "$("$NETLAB" exec lab h1 -- ip -j link show dev e | jq -r '.[0] | "\(.address) \(.mtu)"')" '52:54:02:00:00:01 9000'
is 'and limits' "$("$NETLAB" topo inspect lab --json | jq -c '[.topology.hosts[] | .limits]')" '[{"memory":536870912},{"memory":268435456,"cpus":0.5}]'
"$NETLAB" topo down lab >log
run "$NETLAB" topo plan --pool "$pool" pair.xml
like 'topo plan likewise' "$out" 'mac 52:54:02:00:00:01 52:54:02:00:00:11  mtu 9000'
run "$NETLAB" run --pool "$pool" router.xml
is 'no match and no container: exit 2' "$status" 2
run "$NETLAB" run --pool "$work/ssh" --pool "$pool" plain.xml
is 'a machine that is no container: exit 3' "$status|$err" "3|plain.xml:3:15: error: host h1: it is the machine m1 of pool $work/ssh, which is reached by SSH, and this version cannot do that; --no-pool makes containers
$work/ssh/m1.xml:1:1: note: the machine
plain.xml:7:15: error: host h2: it is the machine m2 of pool $work/ssh, which is reached by SSH, and this version cannot do that; --no-pool makes containers
$work/ssh/m2.xml:1:1: note: the machine"
run "$NETLAB" run --pool "$work/ssh" --pool "$pool" pair.xml
is 'pools are tried in turn' "$status" 0
run "$NETLAB" run --pool "$work/twice" plain.xml
is 'a machine that is listed twice: exit 2' "$status|$err" "2|$work/twice/m2.xml:2:41: error: You have the same machine listed twice in your pool ('m1' and 'm2'): both have the hostname one.example
$work/twice/m1.xml:1:1: note: the other one is here"

# --- configuration ---

printf '[pools]\nlab = %s\n' "$pool" >"$XDG_CONFIG_HOME/netlab/config"
run "$NETLAB" run pair.xml
is 'pools of the configuration are used without an option' "$status" 0
run "$NETLAB" run --no-pool plain.xml
is '--no-pool makes containers' "$status|$err" '0|'
run "$NETLAB" run router.xml
like 'a pool without a match is told in a note' "$err" 'router.xml:1:1: note: no machines of pool lab match, so containers are made; netlab match tells why'
run "$NETLAB" run --pool lap pair.xml
is 'the nearest name is told' "$status|$err" "2|error: --pool: 'lap' is neither a pool of the configuration nor a folder; did you mean 'lab'?"
printf '[environment]\nrpcport = 9999\n[pools]\nreal = ssh\n' >lnst-ctl.conf
run "$NETLAB" list-pools -c lnst-ctl.conf
is 'list-pools, also from a configuration of LNST' "$status|$out" "0|POOL  MACHINES  FOLDER
lab          2  $pool
real         2  ssh"
run "$NETLAB" list-pools --pool lab -v
like 'with -v its machines' "$out" $'small +backend=native role=client memory=256MiB cpus=0.5\n +1 +A +hwaddr=52:54:02:00:00:11 driver=ixgbe mtu=9000\n'
is 'and as JSON' "$("$NETLAB" list-pools --pool lab --json | jq -r '.machines[] | "\(.machine) \(.params.memory) \(.interfaces | length)"')" \
	'big 512MiB 2
small 256MiB 2'
printf '[pool]\n' >"$XDG_CONFIG_HOME/netlab/config"
run "$NETLAB" run plain.xml
is 'an error in the configuration has its place' "$status|$err" "2|$XDG_CONFIG_HOME/netlab/config:1:1: error: unknown section [pool]; did you mean [pools]?"
rm "$XDG_CONFIG_HOME/netlab/config"
run "$NETLAB" list-pools
is 'no pool at all is no error' "$status|$out" '0|there is no pool; a configuration file names pools, or --pool a folder'
for options in '--no-pool --pool x' '-u --keep' '-u --lab x'; do
	# shellcheck disable=SC2086 # several words
	run "$NETLAB" run $options plain.xml
	is "options that exclude each other: $options" "$status" 2
done
done_testing
