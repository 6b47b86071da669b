#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts in containers of LXD, made by servers of this test's own: their lives, limits, images and snapshots; nothing is left of them, and nobody else's is touched.
# needs: lxd lxc busybox ip python3
. "$NETLAB_TOP/tests/lib/cli.sh"
. "$NETLAB_TOP/tests/lib/lxd.sh"
own_network "$0" "$@"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
export LXD_CONF=$work/client
mkdir "$LXD_CONF"
trap end_servers EXIT
serve one 18443 >"$work/out" 2>&1 || {
	cat "$work/out" "$work/one.log"
	skip 'LXD does not start here'
}
export LXD_DIR=$work/one

# A small image with an init.
mkdir -p "$work/small/rootfs"/{bin,sbin,etc,proc,sys,dev,tmp,run,root,mnt}
cp "$(command -v busybox)" "$work/small/rootfs/bin/busybox"
for name in sh ls cat ping hostname sleep echo kill grep rm tail wc; do ln -s busybox "$work/small/rootfs/bin/$name"; done
ln -s ../bin/busybox "$work/small/rootfs/sbin/init"
echo '::respawn:/bin/sleep 100000' >"$work/small/rootfs/etc/inittab"
echo '{"architecture": "x86_64", "creation_date": 1, "properties": {"description": "small"}}' |
	sed "s/x86_64/$(uname -m)/" >"$work/small/metadata.yaml"
tar -C "$work/small" -cf "$work/small.tar" metadata.yaml rootfs
lxc image import "$work/small.tar" --alias small >/dev/null 2>&1

# one_host PARAMS [ATTRIBUTES]: a recipe with a host of LXD
one_host() {
	cat >"$work/one.xml" <<-XML
		<recipe><network>
		<host id="h1" backend="lxd" ${2:-}><params>$1</params>
		<interfaces><eth id="eth0" label="net"/></interfaces></host>
		<host id="h2"><interfaces><eth id="eth0" label="net"/></interfaces></host>
		</network></recipe>
	XML
}
# left: what is left of labs, here and on the server
left() {
	find /run -mindepth 1 -not -path '/run/mount*' -not -path '/run/lxc*' # of LXD itself
	lxc list -f csv -c n
	lxc image list -f csv -c L,d | grep netlab
	return 0
}
swept() { until [ -z "$(netlab topo ls -q)" ]; do sleep 0.05; done; }
kill_keeper() { kill -KILL "$(netlab topo ls --json | jq .pid)"; }
# group_file FILE...: what the first of these says that is there in the cgroup of the only container
group_file() {
	for file in "$@"; do
		find /sys/fs/cgroup -path "*/lxc.payload.netlab-lab-h1/$file" -exec cat {} + 2>/dev/null | head -n 1 | grep . && return
	done
}

for recipe in ping router background; do
	run netlab run --backend lxd "$NETLAB_TOP/recipes/$recipe.xml"
	is "$recipe.xml passes in hosts of LXD" "$status" 0
done
run netlab backends --json
is 'the server is listed' "$(jq -r 'select(.backend == "lxd") | "\(.there) \(.version)"' <<<"$out")" "true $(lxd --version)"
is 'nothing is left' "$(left)" ''

# --- the life of a host
lxc launch small bystander -c user.netlab.lab=lab -c user.netlab.key=00000000 -c user.netlab.host=h1 >/dev/null 2>&1
one_host '<param name="memory" value="64MiB"/><param name="cpus" value="0.5"/>'
run netlab topo up "$work/one.xml" -n lab
is 'a lab comes up' "$status" 0
is 'the instance is there' "$(lxc list -f csv -c ns netlab-lab-h1)" netlab-lab-h1,RUNNING
is 'its memory is limited' "$(group_file memory.limit_in_bytes memory.max)" 67108864
is 'and its processor time' "$(group_file cpu.cfs_quota_us cpu.max)" "$(
	[ -e /sys/fs/cgroup/cpu ] && echo 50000 || echo 50000 100000
)"
run netlab exec lab h1 -- sh -c 'hostname; ls /sys/class/net; ping -c 1 -W 10 h2 >/dev/null && echo reached; exit 3'
is 'it is in the lab, and has the card of no profile' "$status $out" $'3 h1\neth0\nlo\nreached'
is 'it has the rights of a native host' "$(netlab exec lab h1 -- grep CapBnd /proc/self/status)" \
	"$(netlab exec lab h2 -- grep CapBnd /proc/self/status)"
run netlab exec lab h1 -- sh -c 'echo changed >/etc/issue && cat /etc/issue; ls -A /tmp'
is 'it writes its own files' "$out" changed
is 'the machine has its own' "$(grep -c changed /etc/issue)" 0
run netlab host state lab h1
like 'the server tells what it uses' "$out" 'processes +1'
run netlab host freeze lab h1
is 'it freezes' "$(lxc list -f csv -c s netlab-lab-h1)" FROZEN
run netlab host unfreeze lab h1
run netlab exec lab h1 -- true
is 'and goes on' "$status" 0
# shellcheck disable=SC2016 # for the host's shell
netlab exec lab h1 -- sh -c 'trap "echo asked >/etc/asked; exit" TERM; echo $$ >/etc/trapped; while :; do sleep 0.1; done' >/dev/null 2>&1 &
until netlab exec lab h1 -- test -e /etc/trapped; do sleep 0.05; done
run netlab host stop lab h1
is 'it stops' "$status $(lxc list -f csv -c s netlab-lab-h1)" '0 STOPPED'
wait $!
run netlab host start lab h1
run netlab exec lab h1 -- sh -c 'cat /etc/issue /etc/asked; ping -c 1 -W 10 h2 >/dev/null && echo reached'
is 'and starts, with its files; what ran in it was asked to end before' "$out" $'changed\nasked\nreached'
lxc stop -f netlab-lab-h1
until netlab host list lab | grep -q 'h1 *stopped'; do sleep 0.05; done
run netlab host start lab h1
is 'stopped behind our back it can be started again' "$status" 0
lxc delete -f netlab-lab-h1
until netlab host list lab | grep -q 'h1 *stopped'; do sleep 0.05; done
run netlab host start lab h1
is 'removed behind our back it is gone' "$err" 'error: host h1: lxd: somebody else has removed its instance netlab-lab-h1'
run netlab topo down lab
is 'down' "$status" 0
is 'only what was ours is gone' "$(left)" bystander

# --- snapshots: layers of a root that is lent, and LXD's own
for image in '' 'image="small"'; do
	one_host '' "$image"
	netlab topo up "$work/one.xml" -n lab >/dev/null
	netlab exec lab h1 -- sh -c 'echo first >/etc/state'
	run netlab host snapshot create lab h1 one
	is "${image:-without an image}: a snapshot of a host that runs" "$status" 0
	netlab exec lab h1 -- sh -c 'echo second >/etc/state'
	netlab host stop --timeout 0 lab h1
	run netlab host snapshot create lab h1 two
	is 'of one that is stopped' "$status" 0
	netlab host start lab h1
	run netlab host snapshot restore lab h1 one
	is 'back to the first' "$status" 0
	run netlab exec lab h1 -- cat /etc/state
	is 'its files are as they were' "$out" first
	run netlab host snapshot rename lab h1 two zwei
	run netlab host snapshot list --json lab h1
	is 'they are listed' "$(jq -r '"\(.name) \(.created > 1000000000)"' <<<"$out")" $'one true\nzwei true'
	run netlab host snapshot create lab h1 one
	is 'a name is given once' "$status $err" '2 error: host h1: lxd: it has a snapshot "one" already'
	run netlab host snapshot restore lab h1 zwein
	is 'one that is not there' "$err" 'error: host h1: lxd: it has no snapshot "zwein"; did you mean "zwei"?'
	run netlab host snapshot delete lab h1 one
	run netlab host snapshot restore lab h1 zwei
	run netlab exec lab h1 -- cat /etc/state
	is 'the other one is whole' "$out" second
	netlab topo down lab >/dev/null
done
is 'nothing is left of these' "$(left)" bystander

# --- images
one_host '<param name="init" value="yes"/>' 'image="small"'
run netlab topo up "$work/one.xml" -n lab
is 'with an init of its own' "$status" 0
run netlab exec lab h1 -- sh -c 'cat /proc/1/comm; hostname; ping -c 1 -W 10 h2 >/dev/null && echo reached'
is 'which is the first process' "$out" $'init\nh1\nreached'
is 'commands have the rights of a native host' "$(netlab exec lab h1 -- grep CapBnd /proc/self/status)" \
	"$(netlab exec lab h2 -- grep CapBnd /proc/self/status)"
run netlab host restart lab h1
is 'it is shut down and booted' "$status" 0
netlab topo down lab >/dev/null
one_host '<param name="ephemeral" value="yes"/>' 'image="small"'
netlab topo up "$work/one.xml" -n lab >/dev/null
netlab exec lab h1 -- sh -c 'echo changed >/etc/state'
run netlab host stop lab h1
is 'what is ephemeral goes when it stops' "$(lxc list -f csv -c n netlab-lab-h1)" ''
run netlab host start lab h1
run netlab exec lab h1 -- ls /etc/state
is 'and begins anew' "$status" 1
netlab topo down lab >/dev/null
mkdir "$work/dir"
cp -a "$work/small/rootfs/." "$work/dir"
one_host '' "image=\"$work/dir\""
run netlab topo up "$work/one.xml" -n lab
run netlab exec lab h1 -- sh -c 'echo changed >/changed; ls -d /c*'
is 'a folder is the root of a host' "$out" /changed
netlab topo down lab >/dev/null
is 'it stays as it was' "$(find "$work/dir" -name changed)" ''
lxc profile create bare >/dev/null 2>&1
one_host '<param name="lxd_profile" value="bare"/>' 'image="small"'
run netlab topo up "$work/one.xml" -n lab
is 'a profile without a disk will do' "$status" 0
netlab topo down lab >/dev/null
lxc profile delete bare >/dev/null 2>&1
is 'nothing is left of these' "$(left)" bystander

# --- what cannot be
# refused TEXT STATUS ERROR: bringing the lab up fails so
refused() {
	run netlab topo up "$work/one.xml" -n lab
	is "$1" "$status $err" "$2 $work/one.xml:2:1: error: host h1: lxd: $3"
}
one_host '' 'image="smal"'
refused 'an image that is not there' 2 'there is no image "smal"; did you mean small?'
one_host '' 'image="/nowhere"'
refused 'a path that is not' 2 'image /nowhere: No such file or directory [ENOENT]'
one_host '<param name="ephemeral" value="maybe"/>'
refused 'a setting that makes no sense' 2 'ephemeral must be yes or no, and is "maybe"'
one_host '<param name="lxd_profile" value="none"/>'
refused 'a profile that is not there' 2 'the server has no profile "none" (lxc profile list)'
one_host '<param name="lxd_socket" value="/nowhere/socket"/>'
refused 'a socket that is not there' 3 'cannot connect to /nowhere/socket: No such file or directory [ENOENT]'
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$work/dead"
one_host "<param name=\"lxd_socket\" value=\"$work/dead\"/>"
refused 'one that nobody listens on' 3 "cannot connect to $work/dead: Connection refused [ECONNREFUSED]"
one_host '<param name="lxd_socket" value="socket"/>'
refused 'one that cannot be' 2 'lxd_socket must be an absolute path, and is "socket"'
one_host '<param name="lxd_url" value="127.0.0.1:18443"/>'
refused 'an URL that is none' 2 '"127.0.0.1:18443" is no URL of a server of LXD; for example: https://host:8443'
one_host '<param name="lxd_url" value="https://127.0.0.1:18443"/><param name="lxd_server" value="local"/>'
refused 'two of them' 2 'lxd_socket, lxd_url and lxd_server all say which server: one of them is enough'
one_host '<param name="init" value="yes"/>' "image=\"$work/client\""
run netlab topo up "$work/one.xml" -n lab
like 'a root without an init' "$err" 'host h1: lxd: the container does not start: .*Failed to exec "/sbin/init"$'
is 'nothing is left of these' "$(left)" bystander

# --- other servers
serve two 18444 >/dev/null 2>&1
one_host "<param name=\"lxd_url\" value=\"https://127.0.0.1:18444\"/><param name=\"lxd_ca\" value=\"$work/two/server.crt\"/>"
refused 'a server that does not know us' 2 'the server at https://127.0.0.1:18444 does not trust this client: lxc remote add NAME https://127.0.0.1:18444'
lxc remote add second https://127.0.0.1:18444 --accept-certificate --password secret >/dev/null 2>&1
lxc image copy small second: --alias small2 >/dev/null 2>&1
one_host '<param name="lxd_server" value="second"/>' 'image="small2"'
run netlab topo up "$work/one.xml" -n lab
is 'a server by its name' "$status $(lxc list -f csv -c ns second:)" '0 netlab-lab-h1,RUNNING'
run netlab exec lab h1 -- sh -c 'ping -c 1 -W 10 h2 >/dev/null && echo reached'
is 'its host is in the lab' "$out" reached
netlab exec lab h1 -- sh -c 'echo moved >/etc/moved'
run netlab host migrate lab h1 local
is 'it goes to another server' "$status$err $(lxc list -f csv -c ns netlab) $(lxc list -f csv -c n second:)" '0 netlab-lab-h1,RUNNING '
run netlab exec lab h1 -- sh -c 'cat /etc/moved; ping -c 1 -W 10 h2 >/dev/null && echo reached'
is 'with its files and links' "$out" $'moved\nreached'
run netlab host migrate lab h1 secnd
like 'to one that nobody knows: one line' "$status $err" '^[23] error: host h1: lxd: .*secnd'
run netlab host start lab h1
run netlab host migrate lab h1 second
is 'and back' "$status$err $(lxc list -f csv -c ns second:)" '0 netlab-lab-h1,RUNNING'
kill_keeper
swept
is 'killed, it is swept there' "$(lxc list -f csv -c n second:)" ''
one_host '<param name="lxd_server" value="secod"/>'
run netlab topo up "$work/one.xml" -n lab
like 'one that nobody knows' "$err" 'host h1: lxd: the client lxc knows no server "secod"; did you mean second\? '
one_host "<param name=\"lxd_url\" value=\"https://127.0.0.1:18444\"/><param name=\"lxd_ca\" value=\"$LXD_CONF/servercerts/second.crt\"/>"
run netlab topo up "$work/one.xml" -n lab
is 'and by its URL' "$status $(lxc list -f csv -c ns second:)" '0 netlab-lab-h1,RUNNING'
netlab topo down lab >/dev/null
lxc image delete small >/dev/null
for where in '<param name="lxd_remote" value="second"/> small2' ' second:small2'; do
	one_host "${where% *}" "image=\"${where##* }\""
	run netlab topo up "$work/one.xml" -n lab
	is "an image of another server: ${where##* }" "$status $(lxc list -f csv -c ns netlab-lab-h1)" '0 netlab-lab-h1,RUNNING'
	netlab topo down lab >/dev/null
	lxc image list -f csv -c f | xargs -r lxc image delete # what it has got from there
done
lxc image import "$work/small.tar" --alias small >/dev/null 2>&1
one_host '' 'image="second:smal"'
refused 'an image that that one has not' 2 'Failed getting remote image info: Image not found'
is 'nothing is left of these' "$(left)$(lxc list -f csv -c n second:)" bystander

# --- a cluster, if only of one
LXD_DIR=$work/two lxc cluster enable node1 >/dev/null 2>&1
one_host "<param name=\"lxd_socket\" value=\"$work/two/unix.socket\"/><param name=\"lxd_target\" value=\"node1\"/>" 'image="small2"'
run netlab topo up "$work/one.xml" -n lab
is 'a member of a cluster by its name' "$status $(LXD_DIR=$work/two lxc list -f csv -c nsL)" '0 netlab-lab-h1,RUNNING,node1'
netlab topo down lab >/dev/null
sed -i 's/node1/node2/' "$work/one.xml"
run netlab topo up "$work/one.xml" -n lab
like 'one that is not there' "$status $err" '^2 .*host h1: lxd: .*not found'
is 'nothing is left of these' "$(left)$(LXD_DIR=$work/two lxc list -f csv -c n)" bystander

# --- killed at any moment
one_host '' 'image="small"'
netlab topo up "$work/one.xml" -n lab >/dev/null
netlab host freeze lab h1
kill_keeper
swept
is 'killed with a frozen host the next command sweeps, and nothing is left' "$(left)" bystander
for delay in 0.02 0.1 0.2; do
	netlab topo up "$work/one.xml" -n lab >/dev/null 2>&1 &
	up=$!
	sleep $delay # the moment at which it is killed
	pkill -KILL -P $up
	wait $up || true
	netlab topo down lab >/dev/null 2>&1 # if it was up by then
	run netlab topo up "$work/one.xml" -n lab
	is "after a kill at $delay s the name is free" "$status" 0
	netlab topo down lab >/dev/null 2>&1 &
	down=$!
	kill_keeper 2>/dev/null
	wait $down
	swept
	is 'killed on its way down nothing is left, either' "$(left)" bystander
done
lxc delete -f bystander
done_testing
