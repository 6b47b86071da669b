#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts that other container engines make: the recipes run in them, and nothing is left however the lab ends.
# needs: systemd-nspawn podman runc python3
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

recipes=$NETLAB_TOP/recipes
netlab() { "$NETLAB" "$@"; }

backends=(nspawn lxc podman)
for backend in "${backends[@]}"; do
	for recipe in ping router background; do
		run netlab run --backend "$backend" "$recipes/$recipe.xml"
		is "$recipe.xml passes in hosts of $backend" "$status" 0
	done
	pair_recipe "$work/pair.xml"
	run netlab topo up --backend "$backend" "$work/pair.xml" -n lab
	is "$backend: a lab comes up" "$status" 0
	run netlab exec lab h1 -- sh -c 'hostname; ls /sys/class/net; exit 3'
	is 'a command has its exit status' "$status" 3
	is 'it is in the host, with its links' "$out" $'h1\neth0\nlo'
	is 'it has the rights of a native host' \
		"$(netlab exec lab h1 -- grep CapBnd /proc/self/status)" "$(
			netlab topo up "$work/pair.xml" -n native >/dev/null
			netlab exec native h1 -- grep CapBnd /proc/self/status
			netlab topo down native >/dev/null
		)"
	run netlab exec lab h1 -- sh -c "echo changed >/etc/issue && cat /etc/issue && ping -c 1 -W 5 h2"
	is 'it writes its own files, and knows the others' "$status" 0
	is 'the machine has its own' "$(grep -c changed /etc/issue)" 0
	run netlab topo down lab
	is 'down' "$status" 0
	is 'and nothing is left' "$(ls /run/netlab 2>/dev/null)" ''

	netlab topo up --backend "$backend" "$work/pair.xml" -n killed >"$work/out"
	kill -KILL "$(netlab topo ls --json | jq .pid)"
	until [ -z "$(netlab topo ls -q)" ]; do sleep 0.05; done
	is "$backend: the keeper is killed: its containers, too, and the next command sweeps the rest" \
		"$(pgrep -cf 'systemd-nspaw[n]|[l]xc monitor|[c]onmon .*/run/netlab/killed'; ls /run/netlab 2>/dev/null)" 0
done

run netlab run --backend nspwan "$recipes/ping.xml"
is 'a backend that is none: exit 2' "$status" 2
is 'with the nearest name' "$err" "netlab run: --backend: there is no backend \"nspwan\"; did you mean nspawn?; try 'netlab run --help'"

sed 's/<network>/<network backend="nspawn">/; s/<host id="h2">/<host id="h2" backend="native">/' "$recipes/ping.xml" >"$work/mixed.xml"
run netlab run "$work/mixed.xml"
is 'a lab of both kinds passes' "$status" 0
run netlab topo plan "$work/mixed.xml"
is 'the plan names what makes a host' "$(grep -c 'h1  backend nspawn' <<<"$out")" 1
is 'but for the usual' "$(grep -c 'h2  backend' <<<"$out")" 0
run netlab backends --json
is 'backends are listed, native first' "$(jq -r .backend <<<"$out" | head -n 1)" native
is 'with their versions' "$(jq -r 'select(.backend == "nspawn") | "\(.there) \(.version)"' <<<"$out")" \
	"true $(systemd-nspawn --version | sed -n '1s/systemd \([0-9.]*\).*/\1/p')"
run "$NETLAB_TOP/tools/backends-table" --check "$NETLAB" "$NETLAB_TOP/README.md"
is 'the table in the README says what they can do' "$status $err" '0 '
mkdir "$work/bin"
for program in ping sh; do ln -s "$(command -v $program)" "$work/bin/$program"; done
run env PATH="$work/bin" "$NETLAB" run "$work/mixed.xml"
is 'without the engine: exit 3' "$status" 3
is 'before anything is built, with what brings it' "$(head -n 1 <<<"$err")" \
	"$work/mixed.xml:5:3: error: backend nspawn: the program systemd-nspawn is missing: apt-get install systemd-container"
run env PATH="$work/bin" "$NETLAB" backends
like 'and it is listed as such' "$out" 'nspawn +no '
done_testing
