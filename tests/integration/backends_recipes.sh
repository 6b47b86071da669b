#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The recipes that are shipped pass, or fail, in hosts of each engine as they do in native ones, and a lab of all engines passes.
# needs: systemd-nspawn podman runc lxd lxc
# timeout: 600
. "$NETLAB_TOP/tests/lib/cli.sh"
. "$NETLAB_TOP/tests/lib/lxd.sh"
own_network "$0" "$@"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
trap end_servers EXIT
serve one 18443 >"$work/out" 2>&1 || {
	cat "$work/out" "$work/one.log"
	skip 'LXD does not start here'
}
export LXD_DIR=$work/one
cd "$NETLAB_TOP" || exit 4

mapfile -t backends < <(netlab backends --json | jq -r 'select(.there and .backend != "native").backend')
is 'the engines of this machine' "${backends[*]}" 'nspawn lxc lxd podman'

# All but the large one, and those that come with python's tasks.
recipes=(recipes/background.xml recipes/counters.xml recipes/expect-fail.xml recipes/fails.xml recipes/include.xml recipes/iperf-bridge.xml
	recipes/iperf-veth.xml recipes/lan3.xml recipes/multicast.xml recipes/ping-lnst.xml recipes/ping.xml recipes/router.xml recipes/tcp-connections.xml)
for backend in "${backends[@]}"; do
	run netlab run --json --backend "$backend" "${recipes[@]}"
	is "$backend: a verdict for each recipe, as it is meant to be" \
		"$status $(jq -r 'select(.event == "verdict") | "\(.recipe) \(.verdict)"' <<<"$out")" \
		"1 $(printf '%s pass\n' "${recipes[@]}" | sed 's/fails.xml pass/fails.xml fail/')"
	is "$backend: nothing is left" "$(netlab topo ls -q; find /run/netlab -mindepth 1 2>/dev/null; lxc list -f csv -c n)" ''
done

run netlab run recipes/backends/mixed.xml
is 'a lab of all of them passes' "$status" 0
is 'and leaves nothing' "$(netlab topo ls -q; find /run/netlab -mindepth 1 2>/dev/null; lxc list -f csv -c n)" ''
done_testing
