#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts in containers of Podman: of a service of the lab's own and of the user's; images, limits, life, errors; nothing is left, however the lab ends.
# needs: podman runc busybox
# timeout: 300
. "$NETLAB_TOP/tests/lib/cli.sh"
. "$NETLAB_TOP/tests/lib/podman.sh"
private_labs "$0" "$@"
netlab() { "$NETLAB" "$@"; }

lab=pod$$ # the cgroups of all labs of the machine are seen
# The machine's storages are out of sight, and these folders are removed again if they were not there.
made=()
for dir in /var/lib/netlab /var/lib/containers; do
	if [ ! -d $dir ]; then
		mkdir $dir
		made+=("$dir")
	fi
	mount -t tmpfs netlab-test $dir
done

# small FILE: the files of a small host, as a tar archive
mkdir -p "$work/small/bin" "$work/small/etc"
cp "$(command -v busybox)" "$work/small/bin/busybox"
for name in sh ls cat ping hostname sleep echo kill; do ln -s busybox "$work/small/bin/$name"; done
tar -C "$work/small" -cf "$work/small.tar" .

# one_host PARAMS [ATTRIBUTES]: a recipe with a host of podman
one_host() {
	cat >"$work/one.xml" <<-XML
		<recipe><network>
		<host id="h1" backend="podman" ${2:-}><params>$1</params>
		<interfaces><eth id="eth0" label="net"/></interfaces></host>
		<host id="h2"><interfaces><eth id="eth0" label="net"/></interfaces></host>
		</network></recipe>
	XML
}
groups() { find /sys/fs/cgroup -mindepth 1 -maxdepth 3 -name "netlab.$1.????????" 2>/dev/null; }
# group_file HOST FILE...: what the first of these says that is there in the cgroup of the only container
group_file() {
	for file in "$@"; do
		cat /sys/fs/cgroup/*/netlab."$lab".*/libpod-*/"$file" /sys/fs/cgroup/netlab."$lab".*/libpod-*/"$file" 2>/dev/null | head -n 1 | grep . &&
			return
	done
}
# Files that podman might have left: everywhere but in the folders of this test and of netlab.
# A lock of podman may stay when its client goes in the middle of a request: that is podman's way.
files() { find /run /dev/shm /etc/cni /etc/containers /var/lib/containers -xdev -not -path '/run/netlab*' -not -path '/run/user-tmp/locks/*' 2>/dev/null | sort; }
files >"$work/before"
# left LAB: what is left of it
left() {
	ls /run/netlab 2>/dev/null
	groups "$1"
	files | comm -13 "$work/before" -
	grep -c "/run/netlab/$1/" /proc/self/mounts | grep -v '^0$'
	return 0
}
# until_true COMMAND...: it holds soon
until_true() {
	for ((i = 0; i < 600; i++)); do
		"$@" && return
		sleep 0.05
	done
	not_ok "$*"
}
# shellcheck disable=SC2317 # until_true calls it
stopped() { netlab host list "$lab" | grep -q 'h1 *stopped'; }
# A keeper that was killed is up until it is gone; the command that finds it gone sweeps.
# shellcheck disable=SC2317 # until_true calls it
swept() { [ -z "$(netlab topo ls -q)" ]; }
kill_keeper() { kill -KILL "$(netlab topo ls --json | jq .pid)"; }

# --- the life of a host
one_host '<param name="memory" value="64MiB"/><param name="cpus" value="0.5"/>'
run netlab topo up "$work/one.xml" -n "$lab"
is 'a lab with a host of Podman comes up' "$status" 0
is 'its memory is limited' "$(group_file memory.limit_in_bytes memory.max)" 67108864
is 'and its processor time' "$(group_file cpu.cfs_quota_us cpu.max)" "$(
	[ -e /sys/fs/cgroup/cpu ] && echo 50000 || echo 50000 100000
)"
run netlab exec "$lab" h1 -- sh -c 'ls -d /run/* /tmp/*'
is '/run and /tmp are its own' "$out" '/run/netlab'
# shellcheck disable=SC2016 # for the host's shell
run netlab exec "$lab" h1 -- sh -c 'touch /sys/x || touch /proc/sys/kernel/x || echo 0 >/proc/sys/kernel/panic || mount -t tmpfs x /mnt ||
	ls /dev/[svn]d* || echo confined; echo 1 >/proc/sys/net/ipv4/ip_forward && cat /proc/sys/net/ipv4/ip_forward'
is 'it may change its network, and nothing of the machine' "$out" $'confined\n1'
netlab exec "$lab" h1 -- sh -c 'echo kept >/etc/kept'
run netlab host state "$lab" h1
like 'the engine tells what it uses' "$out" 'processes +1'
run netlab host freeze "$lab" h1
is 'it freezes' "$status" 0
is 'says the kernel' "$(group_file cgroup.freeze freezer.state | sed 's/FROZEN/1/')" 1
run netlab host unfreeze "$lab" h1
is 'and goes on' "$status" 0
run netlab exec "$lab" h1 -- true
is 'as if nothing had been' "$status" 0
run netlab host stop "$lab" h1
is 'it stops' "$status" 0
run netlab host start "$lab" h1
is 'and starts' "$status" 0
run netlab exec "$lab" h1 -- sh -c 'cat /etc/kept; ping -c 1 -W 10 h2 >/dev/null && echo reached'
is 'with its files and links' "$out" $'kept\nreached'
# snapshots HOST: of a host that has nothing in /etc/state yet
snapshots() {
	local what=$1
	netlab exec "$lab" h1 -- sh -c 'echo one >/etc/state'
	run netlab host snapshot create "$lab" h1 first
	is "$what: a snapshot of a host that runs" "$status$err" 0
	netlab exec "$lab" h1 -- sh -c 'echo two >/etc/state; echo new >/etc/new'
	run netlab host snapshot create "$lab" h1 second
	netlab exec "$lab" h1 -- sh -c 'echo three >/etc/state'
	run netlab host snapshot create "$lab" h1 first
	is 'not two of one name' "$status $err" '2 error: host h1: podman: it has a snapshot "first" already'
	is 'they are listed' "$(netlab host snapshot list "$lab" h1 --json | jq -r '.name + " " + (.current | tostring)')" $'first false\nsecond false'
	run netlab host snapshot restore "$lab" h1 frist
	is 'back to one that is not there: exit 2' "$status $err" '2 error: host h1: podman: it has no snapshot "frist"; did you mean "first"?'
	is 'the host runs on' "$(netlab exec "$lab" h1 -- cat /etc/state)" three
	run netlab host snapshot restore "$lab" h1 first
	is 'back to the first: it runs again' "$status$err" 0
	is 'with the files of then' "$(netlab exec "$lab" h1 -- sh -c 'cat /etc/state; ls /etc/new' 2>/dev/null)" one
	is 'and its network' "$(netlab exec "$lab" h1 -- sh -c 'ping -c 1 -W 10 h2 >/dev/null && echo reached')" reached
	netlab host stop "$lab" h1 --timeout 0
	run netlab host snapshot restore "$lab" h1 second
	is 'a stopped host goes to the second' "$status$err" 0
	netlab host start "$lab" h1
	is 'and has its files' "$(netlab exec "$lab" h1 -- sh -c 'cat /etc/state /etc/new')" $'two\nnew'
	run netlab host snapshot create "$lab" h1 third
	is 'one more, above that' "$status$err" 0
	run netlab host snapshot rename "$lab" h1 second other
	is 'it gets another name' "$status$err" 0
	run netlab host snapshot delete "$lab" h1 other
	is 'and is deleted, though the host goes on from it' "$status$err" 0
	run netlab host snapshot restore "$lab" h1 third
	is 'the last one is whole' "$status$err $(netlab exec "$lab" h1 -- sh -c 'cat /etc/state /etc/new' | tr '\n' ' ')" '0 two new '
	run netlab host snapshot delete "$lab" h1 first
	is 'only that is left' "$(netlab host snapshot list "$lab" h1 --json | jq -r .name)" third
}
snapshots "the machine's files"
kill -KILL "$(group_file cgroup.procs)"
until_true stopped
ok 'killed behind our back it is a stopped host'
run netlab host start "$lab" h1
is 'which can be started again' "$status" 0
run netlab topo down "$lab"
is 'down' "$status" 0
is 'and nothing is left' "$(left "$lab")" ''

one_host '<param name="privileged" value="yes"/>'
run netlab topo up "$work/one.xml" -n "$lab"
run netlab exec "$lab" h1 -- sh -c 'mkdir /x && mount -t tmpfs x /x && echo mounted'
is 'a privileged host may do more' "$out" mounted
netlab topo down "$lab" >/dev/null
one_host '<param name="privileged" value="maybe"/>'
run netlab topo up "$work/one.xml" -n "$lab"
is 'it says so by yes or no' "$err" "$work/one.xml:2:1: error: host h1: podman: privileged \"maybe\" must be yes or no"

# --- images
one_host '' "image=\"$work/small.tar\""
run netlab topo up "$work/one.xml" -n "$lab"
is 'an archive is the root of a host' "$status" 0
run netlab exec "$lab" h1 -- sh -c 'echo changed >/changed; ls /bin | wc -l; ping -c 1 -W 10 h2 >/dev/null && echo reached'
is 'with its programs' "$out" $'9\nreached'
snapshots 'an image'
netlab topo down "$lab" >/dev/null
is 'it has been imported once' "$(find /var/lib/netlab/podman/overlay -maxdepth 1 -regex '.*/[0-9a-f]*' | wc -l)" 1
one_host '' "image=\"$work/small\""
run netlab topo up "$work/one.xml" -n "$lab"
run netlab exec "$lab" h1 -- sh -c 'echo changed >/changed && ls /'
like 'a directory, too' "$out" changed
netlab topo down "$lab" >/dev/null
is 'it stays as it was' "$(ls "$work/small")" $'bin\netc'
netlab image import "$work/small.tar" -t tiny >/dev/null
one_host '' 'image="tiny"'
run netlab topo up "$work/one.xml" -n "$lab"
run netlab exec "$lab" h1 -- hostname
is 'an image of netlab, too' "$out" h1
run netlab image rm tiny
is 'which is not removed under the lab' "$status" 2
netlab topo down "$lab" >/dev/null
one_host '' 'image="tinny"'
run netlab topo up "$work/one.xml" -n "$lab"
is 'an image that is not there: exit 2' "$status" 2
like 'in one line at its place' "$err" ^"$work/one.xml:2:1: error: host h1: podman: there is no image \"tinny\""
one_host '' 'image="/nowhere"'
run netlab topo up "$work/one.xml" -n "$lab"
is 'a path that is not there' "$err" "$work/one.xml:2:1: error: host h1: podman: image /nowhere: No such file or directory [ENOENT]"
is 'nothing is left of these' "$(left "$lab")" ''

# --- a service of the lab's own that cannot run
mkdir "$work/bin"
# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\n[ "$1" = --version ] && exec echo podman version 4\necho "Error: no good" >&2; exit 1\n' >"$work/bin/podman"
chmod +x "$work/bin/podman"
one_host ''
PATH=$work/bin:$PATH run netlab topo up "$work/one.xml" -n "$lab"
like 'it has the last word' "$err" 'host h1: podman: its service has ended: Error: no good$'
is 'and nothing is left' "$(left "$lab")" ''

# --- the user's service
cat >"$work/containers.conf" <<'CONF'
[containers]
default_ulimits=["nofile=1024:1024","nproc=1024:1024"]
netns="none"
[network]
network_config_dir="/run/user-net"
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="none"
lock_type="file"
tmp_dir="/run/user-tmp"
CONF
users_podman=(env "CONTAINERS_CONF=$work/containers.conf" podman --root "$work/store" --runroot /run/user-run)
podman() { "${users_podman[@]}" "$@"; }
"${users_podman[@]}" system service --time 0 "unix://$work/podman.sock" >"$work/service.log" 2>&1 &
service=$!
until_true test -S "$work/podman.sock"
podman import -q "$work/small.tar" localhost/small >/dev/null
podman create --name bystander --label netlab.lab=other localhost/small /bin/sleep 1000 >/dev/null
podman start bystander >/dev/null
files >"$work/before"
mine() { podman ps -a --format '{{.Names}}' | sort | tr '\n' ' '; }
uri="<param name=\"podman_uri\" value=\"unix://$work/podman.sock\"/>"
one_host "$uri" 'image="small"'
run netlab topo up "$work/one.xml" -n "$lab"
is 'a lab in the service that the user names' "$status" 0
like 'the container is there' "$(mine)" "^bystander netlab-$lab-[0-9a-f]{8}-h1 $"
run netlab exec "$lab" h1 -- sh -c 'hostname; ping -c 1 -W 10 h2 >/dev/null && echo reached'
is 'it is in the lab' "$out" $'h1\nreached'
run netlab host freeze "$lab" h1
is 'it freezes' "$(podman ps -a --filter name=netlab --format '{{.State}}')" Paused
run netlab host stop "$lab" h1
is 'and stops' "$status" 0
run netlab host start "$lab" h1
is 'and starts' "$status" 0
snapshots "an image of the user's"
run netlab topo down "$lab"
is 'down' "$status" 0
is 'only what was ours is gone' "$(mine)$(podman images -q -f label=netlab.id | wc -l)" 'bystander 0'
is 'and nothing is left' "$(left "$lab")" ''
one_host "$uri"
run netlab topo up "$work/one.xml" -n "$lab"
run netlab exec "$lab" h1 -- sh -c 'echo changed >/etc/issue && cat /etc/issue'
is "the machine's own files, copy-on-write" "$out" changed
is 'the machine has its own' "$(grep -c changed /etc/issue)" 0
run netlab host snapshot create "$lab" h1 first
is 'without an image no snapshot there: exit 3' "$status $err" "3 error: host h1: podman: the service at unix://$work/podman.sock keeps snapshots of hosts that have an image only"
netlab host freeze "$lab" h1
kill_keeper
until_true swept
is 'the keeper is killed, and the next command sweeps its containers' "$(mine)" 'bystander '
is 'and nothing is left' "$(left "$lab")" ''

# --- killed at any moment
one_host "" "image=\"$work/small.tar\""
mv "$work/one.xml" "$work/own.xml"
one_host "$uri" 'image="small"'
for recipe in own one; do
	for delay in 0.01 0.05 0.1 0.15 0.2 0.3; do
		netlab topo up "$work/$recipe.xml" -n "$lab" >/dev/null 2>&1 &
		up=$!
		sleep $delay # the moment at which it is killed
		pkill -KILL -P $up || kill_keeper
		wait $up
		run netlab topo up "$work/$recipe.xml" -n "$lab"
		is "after a kill at $delay s the name is free" "$status" 0
		netlab topo down "$lab" >/dev/null 2>&1 &
		down=$!
		kill_keeper 2>/dev/null
		wait $down
		until_true swept
		is 'killed on its way down nothing is left, either' "$(mine)$(left "$lab")" 'bystander '
	done
done

podman rm -f -t 0 bystander >/dev/null
kill "$service"
wait "$service"
files >"$work/before"
one_host "$uri"
run netlab topo up "$work/one.xml" -n "$lab"
is 'a service that does not run: exit 3' "$status" 3
is 'with its name' "$err" "$work/one.xml:2:1: error: host h1: podman: cannot connect to $work/podman.sock: No such file or directory [ENOENT]"
one_host '<param name="podman_uri" value="unix:///nowhere/sock"/>'
run netlab topo up "$work/one.xml" -n "$lab"
is 'one that is not there' "$err" "$work/one.xml:2:1: error: host h1: podman: cannot connect to /nowhere/sock: No such file or directory [ENOENT]"
one_host '<param name="podman_uri" value="podman.sock"/>'
run netlab topo up "$work/one.xml" -n "$lab"
is 'one that is no URI: exit 2' "$status" 2
is 'nothing is left of these' "$(left "$lab")" ''

podman_gone "$work/store"
for dir in /var/lib/netlab /var/lib/containers; do umount -l $dir; done
[ ${#made[@]} -eq 0 ] || rmdir "${made[@]}"
done_testing
