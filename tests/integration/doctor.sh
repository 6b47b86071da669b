#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab doctor: what it says of this machine is so; what is missing ends run and topo up as well, before anything is built.
# timeout: 120
# vm: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

# --- the machine ---

run "$NETLAB" doctor --json
is 'the machine: nothing is lacking' "$status $(jq -r 'select(.verdict == "lacks").what' <<<"$out")" '0 '
is 'each line is a finding' "$(jq -r .event <<<"$out" | sort -u)" finding
is 'what warns has a fix' "$(jq -r 'select(.verdict == "warns" and (.fix | not)).what' <<<"$out")" ''
wrong=''
for kind in dummy bond vlan macvlan vrf vxlan ifb; do
	case $kind in
	vlan) arguments='link v type vlan id 2' ;;
	macvlan) arguments='link v type macvlan' ;;
	vrf) arguments='type vrf table 9' ;;
	vxlan) arguments='type vxlan id 1 remote 192.0.2.1 dstport 4789' ;;
	*) arguments="type $kind" ;;
	esac
	# shellcheck disable=SC2086 # words
	unshare -n sh -c 'ip link add v type veth && ip link add probe "$@"' sh $arguments >/dev/null 2>&1 && want=ok || want=warns
	got=$(jq -r "select(.what == \"link kind $kind\").verdict" <<<"$out")
	[ "$got" = "$want" ] || wrong+=" $kind: $got, but ip: $want;"
done
is 'the link kinds are those that ip can make' "$wrong" ''
like 'text has a verdict first' "$("$NETLAB" doctor)" $'\n''ok +namespaces: .*'$'\n''ok +overlayfs: '
is 'limits are those of /proc' "$(jq -r 'select(.what == "processes").text' <<<"$out")" "kernel.pid_max is $(cat /proc/sys/kernel/pid_max)"

# --- recipes ---

pair_recipe "$work/pair.xml"
run "$NETLAB" doctor --json "$work/pair.xml"
is 'a pair needs a veth and no bridge' "$status $(jq -r 'select((.what // "") | startswith("link kind")).what' <<<"$out")" '0 link kind veth'
is 'it is needed at a place' "$(jq -r 'select(.what == "link kind veth") | "\(.line):\(.col)"' <<<"$out")" 3:31
lan_recipe "$work/lan.xml" 300
run "$NETLAB" doctor --json "$work/lan.xml"
if [ "$(cat /proc/sys/net/ipv6/neigh/default/gc_thresh3)" -le 1200 ]; then
	is 'the table of neighbours is too small for 300 hosts' "$(jq -r 'select(.what == "neighbours, IPv6") | "\(.verdict): \(.fix)"' <<<"$out")" \
		'warns: sysctl -w net.ipv6.neigh.default.gc_thresh3=2400'
fi
is 'which does not forbid it' "$status" 0
run "$NETLAB" doctor "$work/pair.xml" "$work/lan.xml"
is 'two recipes' "$status $(grep -c '\.xml:$' <<<"$out")" '0 2'

# A program that a module runs is not there.
run env PATH="$work" "$NETLAB" doctor "$NETLAB_TOP/recipes/ping.xml"
is 'a program is missing: exit 3' "$status" 3
like 'it is named with its package' "$out" 'lacks  .*ping.xml:[0-9]+:[0-9]+: modules: module IcmpPing needs the program ping, .*iputils-ping'

# Too few namespaces: doctor, run and topo up say the same.
lan_recipe "$work/many.xml" 120
old=$(cat /proc/sys/user/max_uts_namespaces)
fewer() {
	# In a user namespace of its own, whose limits are nobody else's.
	unshare --user --map-root-user --mount --net sh -c 'echo 110 >/proc/sys/user/max_uts_namespaces && exec "$@"' sh "$@"
}
if fewer true 2>/dev/null; then
	run fewer "$NETLAB" doctor "$work/many.xml"
	is 'too few namespaces: doctor: exit 3' "$status" 3
	says='host name namespaces: user.max_uts_namespaces is 110, 120 hosts can take 122: hosts cannot be made'
	like 'and says which, with the fix' "$out" "lacks  $says"$'\n'" +fix: sysctl -w user.max_uts_namespaces=122"
	for command in 'topo up' run; do
		# shellcheck disable=SC2086
		run fewer "$NETLAB" $command "$work/many.xml"
		is "$command: exit 3" "$status" 3
		like "$command: the same words, at a place" "$out$err" "many.xml:[0-9]+:[0-9]+: error: $says: sysctl -w user.max_uts_namespaces=122"
	done
fi
is 'the limit of the machine is as it was' "$(cat /proc/sys/user/max_uts_namespaces)" "$old"

# --- kernels ---

# Kinds that this kernel may lack: doctor, run and topo up say the same, before anything is built.
sed 's|</interfaces></host>|<team id="t"><slaves><slave id="eth0"/></slaves></team><dummy id="d"/></interfaces></host>|' "$work/pair.xml" >"$work/kinds.xml"
lacks=''
for kind in dummy team; do
	# shellcheck disable=SC2016 # $1 is the inner shell's
	unshare -n sh -c 'ip link add probe type "$1"' sh "$kind" >/dev/null 2>&1 || lacks+="link kind $kind "
done
run "$NETLAB" doctor --json "$work/kinds.xml"
is 'link kinds that the kernel lacks' "$status $(jq -r 'select((.what // "") | startswith("link kind")) | select(.verdict == "lacks").what' <<<"$out" | tr '\n' ' ')" \
	"$([ -n "$lacks" ] && echo 3 || echo 0) $lacks"
fix='netlab kernel fetch 6.1, then netlab run --kernel 6.1'
if [[ $lacks = *team* ]]; then
	is 'have a fix, at the place that needs them first' "$(jq -r 'select(.what == "link kind team") | "\(.line):\(.col) \(.fix)"' <<<"$out")" "3:59 $fix"
	for command in run 'run --config-only' 'topo up'; do
		# shellcheck disable=SC2086 # words
		run "$NETLAB" $command "$work/kinds.xml"
		is "$command: exit 3" "$status" 3
		like "$command: the same words" "$err" "kinds.xml:3:59: error: link kind team: this kernel lacks it \(CONFIG_NET_TEAM\): $fix"
	done
	run "$NETLAB" topo ls --json
	is 'nothing was built' "$out" ''
fi

sed '3s|/></|/><ovs_bridge id="b"><slaves><slave id="eth0"/></slaves></ovs_bridge></|' "$work/pair.xml" >"$work/ovs.xml"
sed 's|<ovs_bridge id="b">|&<options><option name="datapath_type" value="netdev"/></options>|' "$work/ovs.xml" >"$work/netdev.xml"
needs() { jq -r 'select((.what // "") | test("link kind|datapath|program ovs")).what' <<<"$out" | tr '\n' ' '; }
run "$NETLAB" doctor --json "$work/ovs.xml"
is 'a bridge of Open vSwitch needs a datapath, and programs' "$(needs)" \
	'link kind veth datapath of Open vSwitch program ovsdb-tool program ovsdb-server program ovs-vswitchd program ovs-vsctl '
has=$(jq -r 'select(.what == "datapath of Open vSwitch") | "\(.verdict) \(.fix)"' <<<"$out")
if genl ctrl list 2>/dev/null | grep -q ovs_datapath || modprobe openvswitch 2>/dev/null; then
	is 'the kernel has a datapath' "$has" 'ok null'
else
	is 'the kernel has no datapath' "$has" "lacks $fix; or the bridges with datapath_type = netdev"
	is 'exit 3' "$status" 3
fi
run "$NETLAB" doctor --json "$work/netdev.xml"
is 'one in user space needs a tap' "$(needs)" \
	'link kind veth link kind tap program ovsdb-tool program ovsdb-server program ovs-vswitchd program ovs-vsctl '

# Links that a task makes, perhaps: no reason not to begin.
sed 's|</network>|&<task python="task.py"/>|' "$work/pair.xml" >"$work/task.xml"
cat >"$work/task.py" <<-'PY'
	from lnst.Controller.Task import ctl
	# h.create_vrf()
	h = ctl.get_host("h1")
	if False:
	    h.create_team()
	h.create_vxlan (7)
PY
run "$NETLAB" doctor --json "$work/task.xml"
is 'links that a Python task may make' "$status $(jq -r 'select(.file // "" | endswith("task.py")) | "\(.line):\(.col) \(.what)"' <<<"$out" | grep -v program)" \
	'0 5:7 link kind team'$'\n''6:3 link kind vxlan'
[[ $lacks != *team* ]] || is 'warn when the kernel lacks them' "$(jq -r 'select(.what == "link kind team") | "\(.verdict) \(.fix)"' <<<"$out")" "warns $fix"
is 'and it needs the interpreter' "$(jq -r 'select(.what == "Python tasks").verdict' <<<"$out")" ok
sed 's|task.py|none.py|' "$work/task.xml" >"$work/none.xml"
run "$NETLAB" doctor "$work/none.xml"
is 'a task that is not there: exit 2' "$status" 2

# --- the command line ---

run "$NETLAB" doctor /nonexistent.xml
is 'a recipe that is not there: exit 2' "$status" 2
echo '<recipe>' >"$work/bad.xml"
run "$NETLAB" doctor "$work/bad.xml"
is 'a recipe that is wrong: exit 2' "$status" 2
like 'with the place' "$err" 'bad.xml:[0-9]+:[0-9]+: error: '

done_testing
