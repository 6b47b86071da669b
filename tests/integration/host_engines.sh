#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The life of hosts of each local engine with the commands of native hosts: commands, terminals, files, mounts, another name, publish, delete.
# timeout: 300
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
host() { "$NETLAB" host "$@"; }
there() { [ "$(netlab backends --json | jq "select(.backend == \"$1\").there")" = true ]; }
export NETLAB_IMAGES=$work/images
lab=eng$$

for backend in podman lxc nspawn; do
	if ! there $backend; then
		ok "$backend # SKIP it is not there: see netlab backends"
		continue
	fi
	cat >"$work/one.xml" <<-XML
		<recipe><network>
		<host id="h1" backend="$backend"><interfaces><eth id="eth0" label="lan"/></interfaces></host>
		<host id="h2"><interfaces><eth id="eth0" label="lan"/></interfaces></host>
		<host id="h3" backend="$backend"><interfaces><eth id="eth0" label="lan"/></interfaces></host>
		</network></recipe>
	XML
	run netlab topo up "$work/one.xml" -n "$lab"
	is "$backend: a lab comes up" "$status$err" 0
	run netlab exec "$lab" h1 -- sh -c 'echo to out; echo to err >&2; exit 7'
	is 'a command: its status, its output, its errors' "$status/$out/$err" '7/to out/to err'
	is 'its input' "$(echo through | netlab exec "$lab" h1 -- cat)" through
	is 'a terminal' "$(script -qec "$NETLAB shell $lab h1" /dev/null <<<'tty; exit' 2>/dev/null | grep -c /dev/pts/)" 1
	mkdir -p "$work/tree/deep"
	echo content >"$work/tree/deep/file"
	run host put "$lab" h1 "$work/tree" /srv
	is 'a folder goes in' "$status$err $(netlab exec "$lab" h1 -- cat /srv/tree/deep/file)" '0 content'
	run host get "$lab" h1 /srv/tree "$work/back.$backend"
	is 'and out' "$status$err $(cat "$work/back.$backend/deep/file" "$work/back.$backend/tree/deep/file" 2>/dev/null)" '0 content'
	run host rm "$lab" h1 /srv/tree --recursive
	is 'and is deleted' "$status$err $(host ls "$lab" h1 /srv --json | grep -c tree)" '0 0'
	run host mount "$lab" h1 "$work/tree" /mnt/shared --read-only
	is 'a folder of the machine' "$status$err $(netlab exec "$lab" h1 -- sh -c 'cat /mnt/shared/deep/file; touch /mnt/shared/x 2>/dev/null || echo read-only' | tr '\n' ' ')" \
		'0 content read-only '
	run host umount "$lab" h1 /mnt/shared
	is 'which goes again' "$status$err $(netlab exec "$lab" h1 -- ls /mnt/shared)" '0 '
	run host rename "$lab" h1 web
	is 'another name' "$status$err $(host list "$lab" -q | tr '\n' ' ')" '0 web h2 h3 '
	is 'by which the others reach it' "$(netlab exec "$lab" h2 -- ping -4 -c 1 -W 10 web | grep -c ' 0% packet loss')" 1
	run host restart "$lab" web
	is 'it restarts' "$status$err $(netlab exec "$lab" web -- echo works)" '0 works'
	netlab exec "$lab" web -- sh -c 'echo published >/etc/published'
	run host publish "$lab" web "from-$backend"
	is 'it becomes an image' "$status$err $(cat "$(netlab image show "from-$backend" --json | jq -r .path)/etc/published")" '0 published'
	run host migrate "$lab" web elsewhere
	like 'or says that it cannot migrate' "$status $err" "^[23] error: host web: the backend $backend cannot migrate\$"
	is 'and runs on' "$(netlab exec "$lab" web -- echo works)" works
	run host delete "$lab" web
	is 'not deleted while it runs' "$status $err" '2 error: host web: it is running; stop it first, or delete it with --force'
	run host delete "$lab" web --force
	is 'but by force' "$status$err $(host list "$lab" -q | tr '\n' ' ')" '0 h2 h3 '
	host config "$lab" h3 --ephemeral yes
	run host stop "$lab" h3 --timeout 0
	for ((i = 0; i < 600; i++)); do
		host exists "$lab" h3 || break
		sleep 0.05
	done
	is 'an ephemeral one goes when it stops' "$status$err $(host list "$lab" -q | tr '\n' ' ')" '0 h2 '
	run netlab topo status "$lab" --quiet
	is 'all checks of what is left are good' "$status" 0
	run netlab topo down "$lab"
	is 'down' "$status$err$(ls /run/netlab 2>/dev/null)" 0
done
done_testing
