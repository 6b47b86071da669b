#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL of the command, the keeper or its engine process at random moments, with hosts of each engine: then `netlab sweep` and `netlab topo down --all` leave each as it was.
# needs: systemd-nspawn podman runc lxd lxc busybox
# timeout: 900
#
# NETLAB_CRASH_COUNT: moments for each engine. NETLAB_CRASH_SEED repeats a series (what happens at these moments is the machine's affair).
. "$NETLAB_TOP/tests/lib/cli.sh"
. "$NETLAB_TOP/tests/lib/lxd.sh"
. "$NETLAB_TOP/tests/lib/podman.sh"
own_network "$0" "$@"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
COUNT=${NETLAB_CRASH_COUNT:-6}
RANDOM=${NETLAB_CRASH_SEED:=$((RANDOM % 10000))}
echo "# NETLAB_CRASH_SEED=$NETLAB_CRASH_SEED NETLAB_CRASH_COUNT=$COUNT"
lab=crash$$
service='' made=()
# shellcheck disable=SC2317 # called at the end
end_services() {
	[ -z "$service" ] || { kill "$service" && wait "$service"; } 2>/dev/null
	podman_gone "$work/store"
	end_servers
	for dir in /var/lib/netlab /var/lib/containers; do umount -l "$dir"; done
	[ ${#made[@]} -eq 0 ] || rmdir "${made[@]}"
}
# The machine's storages are out of sight, and these folders are removed again if they were not there.
for dir in /var/lib/netlab /var/lib/containers; do
	[ -d $dir ] || made+=("$dir")
	mkdir -p $dir
	mount -t tmpfs netlab-test $dir
done
trap end_services EXIT

# --- the engines that run beside us, each with a container that is somebody else's
serve one 18443 >"$work/out" 2>&1 || {
	cat "$work/out" "$work/one.log"
	skip 'LXD does not start here'
}
export LXD_DIR=$work/one
mkdir -p "$work/small/rootfs"/{bin,sbin,etc,proc,sys,dev,tmp,run,root,mnt}
cp "$(command -v busybox)" "$work/small/rootfs/bin/busybox"
for name in sh sleep true; do ln -s busybox "$work/small/rootfs/bin/$name"; done
ln -s ../bin/busybox "$work/small/rootfs/sbin/init"
echo '::respawn:/bin/sleep 100000' >"$work/small/rootfs/etc/inittab"
echo "{\"architecture\": \"$(uname -m)\", \"creation_date\": 1}" >"$work/small/metadata.yaml"
tar -C "$work/small" -cf "$work/lxd.tar" metadata.yaml rootfs
tar -C "$work/small/rootfs" -cf "$work/small.tar" .
lxc image import "$work/lxd.tar" --alias small >/dev/null 2>&1
lxc launch small bystander -c user.netlab.lab=$lab -c user.netlab.key=00000000 -c user.netlab.host=h1 >/dev/null 2>&1
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
until [ -S "$work/podman.sock" ]; do sleep 0.05; done
podman import -q "$work/small.tar" localhost/small >/dev/null
podman create --name bystander --label netlab.lab=$lab localhost/small /bin/sleep 1000 >/dev/null
podman start bystander >/dev/null

# state: what the engines have, and what is on the machine. A lock of podman may stay when its client goes in the middle of a request: that is podman's way.
state() {
	lxc list -f csv -c ns
	lxc image list -f csv -c f
	find "$work/one" -mindepth 2 -maxdepth 2 \( -path '*/containers/*' -o -path '*/devices/*' -o -path '*/images/*' -o -path '*/snapshots/*' \)
	find "$work/one/storage-pools/default" -mindepth 1 -maxdepth 2
	podman ps -a --format '{{.Names}}'
	podman ps --filter status=running --format '{{.Names}} runs'
	podman images -q
	find /run /etc/lxc /var/lib/lxc /var/lib/machines /etc/cni /etc/containers /var/lib/netlab /var/lib/containers -xdev -not -path '/run/user-*/locks/*' \
		-not -path '/run/user-run/containers/*' -not -path '/run/mount*' -not -path '/run/lxc/lock/*' -not -path '/var/lib/netlab/podman/*' 2>/dev/null | sort
	find /sys/fs/cgroup -type d \( -name "*netlab*$lab*" -o -name payload -o -name supervisor \) | sort
	grep -c "/run/netlab/$lab" /proc/self/mounts
	pgrep -fc -- "/run/netlab/$lab|netlab-engine.*$lab|-n $lab\$"
}

# recipe PARAMS ATTRIBUTES: two hosts of an engine and a task, with a host of netlab's own
recipe() {
	cat >"$work/$backend.xml" <<-XML
		<recipe><network>
		<host id="h1" backend="${backend%-*}" $2><params>$1</params><interfaces><eth id="eth0" label="lan"/></interfaces></host>
		<host id="h2" backend="${backend%-*}" $2><params>$1</params><interfaces><eth id="eth0" label="lan"/></interfaces></host>
		<host id="h3"><interfaces><eth id="eth0" label="lan"/></interfaces></host>
		</network><task><run host="h3" command="ping -c 3 -i 0.05 h1"/><run host="h1" bg_id="b" command="sleep 100"/>
		<run host="h2" command="sleep 0.1"/><kill host="h1" bg_id="b"/></task></recipe>
	XML
}

# do_it OPERATION: in the background; its process id is in $command
do_it() {
	case $1 in
	up) netlab topo up "$work/$backend.xml" -n "$lab" >"$work/said" 2>&1 & ;;
	run) netlab run "$work/$backend.xml" -n "$lab" >"$work/said" 2>&1 & ;;
	down) netlab topo down "$lab" >"$work/said" 2>&1 & ;;
	esac
	command=$!
}

# all_down: as somebody does who finds something left; a keeper that goes on without its command is waited for
all_down() {
	local end=$((SECONDS + 120))
	while netlab sweep >"$work/said" 2>&1 && netlab topo down --all >"$work/said" 2>&1 && [ $SECONDS -lt $end ]; do
		[ -n "$(ls -A /run/netlab 2>/dev/null)" ] || pgrep -f -- "-n $lab\$" >/dev/null || return
		sleep 0.05
	done
}

# settled: the state is as before; the kernel and the engines free what they free behind us
settled() {
	local end=$((SECONDS + 30))
	until [ "$(state)" = "$before" ]; do
		[ $SECONDS -lt $end ] || return
		sleep 0.1
	done
}

declare -A usual_ms=()
# measure OPERATION: how long it takes when nobody is killed
measure() {
	local began=${EPOCHREALTIME/./}
	do_it "$1"
	wait $command || not_ok "$backend: $1 without a kill" "$(cat "$work/said")"
	usual_ms[$1]=$(((${EPOCHREALTIME/./} - began) / 1000))
}

# moment: something begins, and one of its processes is killed
moment() {
	local operations=(up up run down) victims=(command keeper keeper engine) operation victim keeper='' pid ms
	operation=${operations[RANDOM % 4]}
	victim=${victims[RANDOM % 4]}
	if [ "$operation" = down ]; then
		netlab topo up "$work/$backend.xml" -n "$lab" >"$work/said" 2>&1 || not_ok "$backend: up before down" "$(cat "$work/said")"
		keeper=$(netlab topo ls --json | jq .pid)
	fi
	ms=$((usual_ms[$operation] * (RANDOM % 110) / 100))
	do_it "$operation"
	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))" # the moment
	[ -n "$keeper" ] || keeper=$(pgrep -P $command | head -n 1)
	pid=$command
	[ "$victim" = keeper ] && pid=${keeper:-$command}
	[ "$victim" = engine ] && pid=$(pgrep -P "${keeper:-0}" -x netlab-engine || echo $command)
	kill -KILL "$pid" 2>/dev/null
	wait $command 2>/dev/null
	what="$operation, $victim after $ms ms of ${usual_ms[$operation]}"
}

for backend in ${NETLAB_CRASH_BACKENDS:-nspawn lxc podman podman-service lxd}; do
	case $backend in
	podman) recipe '' "image=\"$work/small.tar\"" ;;
	podman-service) recipe "<param name=\"podman_uri\" value=\"unix://$work/podman.sock\"/>" 'image="small"' ;;
	*) recipe '' '' ;;
	esac
	# What an engine makes once is there from now on.
	measure run
	measure up
	measure down
	before=$(state)
	problems=()
	for ((i = 0; i < COUNT; i++)); do
		moment
		all_down
		settled || problems+=("$what:" "$(cat "$work/said")" "$(diff <(echo "$before") <(state))")
		run netlab topo up "$work/$backend.xml" -n "$lab"
		[ "$status" -eq 0 ] || problems+=("$what: then up" "$err")
		run netlab exec "$lab" h1 -- true
		[ "$status" -eq 0 ] || problems+=("$what: then exec" "$err")
		run netlab topo down "$lab"
		[ "$status" -eq 0 ] || problems+=("$what: then down" "$err")
	done
	settled
	is "$backend: after $COUNT moments it is as it was, and the next command works" "$(printf '%s\n' "${problems[@]}"; diff <(echo "$before") <(state))" ''
done
podman rm -f -t 0 bystander >/dev/null
lxc delete -f bystander
done_testing
