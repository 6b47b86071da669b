#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab topo plan: prints what up would do, without privileges and without doing anything.
# timeout: 60
# asan: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
# No capability at all, and so not root in any way that counts here.
powerless=(setpriv --bounding-set=-all --inh-caps=-all --no-new-privs --)

pair_recipe "$work/pair.xml"
lan_recipe "$work/lan.xml" 3

run "${powerless[@]}" "$NETLAB" topo plan "$work/pair.xml"
is 'plan needs no privileges' "$status" 0
is 'and prints nothing else' "$err" ''
plan=$out
is 'each host, link, set-up and agent is one line' "$(awk '{ print $1 }' <<<"$plan" | sort | uniq -c | awk '{ print $2 $1 }' | tr '\n' ' ')" 'agent2 config2 host2 veth1 '
like 'the first is a host' "$plan" '^host +h1'
like 'the link names both ends' "$plan" 'veth +h1:eth0 <-> h2:eth0'
is 'it is the same each time' "$(netlab topo plan "$work/pair.xml")" "$plan"
is 'no lab was made' "$(netlab topo ls -q)" ''
if [ -e /run/netlab ]; then not_ok 'no directory was made' "$(ls -A /run/netlab)"; else ok 'no directory was made'; fi

run netlab topo plan "$work/lan.xml" --json
is '--json: an object a line' "$(jq -r .op <<<"$out" | tr '\n' ' ')" \
	'switch bridge host port config host port config host port config bridge-up agent agent agent '
is 'each with its inverse' "$(jq -r 'has("undo")' <<<"$out" | sort -u)" true

run netlab topo plan "$work/nosuch.xml"
is 'no such recipe: exit 2' "$status" 2
run netlab topo plan
is 'no recipe: exit 2' "$status" 2
echo '<lnstrecipe/>' >"$work/empty.xml"
run netlab topo plan "$work/empty.xml"
is 'a recipe without a network: exit 2' "$status" 2
like 'with its place' "$err" "empty.xml:1:1: error: "
sed 's/"h2"/"{$''h}"/' "$work/pair.xml" >"$work/alias.xml"
run netlab topo plan "$work/alias.xml" -A h=beta
like 'aliases are taken' "$out" 'beta:eth0'

lan_recipe "$work/big.xml" 1000
run netlab topo plan "$work/big.xml"
is 'a thousand hosts' "$(grep -c '^host ' <<<"$out")" 1000
{
	trap '' PIPE
	while printf x 2>"$work/printf"; do :; done
	netlab topo plan "$work/big.xml" 2>"$work/plan.err"
	echo $? >"$work/plan.status"
} | true
is 'a reader that has gone is no error' "$(cat "$work/plan.status" "$work/plan.err")" 0
run netlab topo plan "$work/big.xml" --help
is '--help exits 0' "$status" 0
like 'and shows the usage' "$out" 'netlab topo plan'
done_testing
