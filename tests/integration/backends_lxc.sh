#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts in containers of LXC: their lives, limits, roots and snapshots, and nothing is left of them however the lab ends.
# needs: busybox
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
[ "$(netlab backends --json | jq 'select(.backend == "lxc").there')" = true ] || skip 'liblxc.so.1 is missing'

# one_host PARAMS [ATTRIBUTES]: a recipe with a host of LXC
one_host() {
	cat >"$work/one.xml" <<-XML
		<recipe><network>
		<host id="h1" backend="lxc" ${2:-}><params>$1</params>
		<interfaces><eth id="eth0" label="net"/></interfaces></host>
		<host id="h2"><interfaces><eth id="eth0" label="net"/></interfaces></host>
		</network></recipe>
	XML
}
groups() { find /sys/fs/cgroup -mindepth 1 -maxdepth 3 -name "netlab.$1.????????" 2>/dev/null; }
# group_file FILE...: what the first of these says that is there in the cgroup of the only container
group_file() {
	for file in "$@"; do
		cat /sys/fs/cgroup/*/netlab.lab.*/host.*/"$file" /sys/fs/cgroup/netlab.lab.*/host.*/"$file" 2>/dev/null | head -n 1 | grep . &&
			return
	done
}
# left LAB: what is left of it: files, cgroups, mounts, monitors and their sockets
left() {
	find /run -mindepth 1 -not -path '/run/mount*'
	groups "$1"
	grep "/run/netlab/$1/" /proc/self/mounts /proc/net/unix
	pgrep -af "[l]xc monitor.*/run/netlab/$1/"
	return 0
}
kill_keeper() { kill -KILL "$(netlab topo ls --json | jq .pid)"; }
swept() { until [ -z "$(netlab topo ls -q)" ]; do sleep 0.05; done; }

# --- the life of a host
one_host '<param name="memory" value="64MiB"/><param name="cpus" value="0.5"/>'
run netlab topo up "$work/one.xml" -n lab
is 'a lab with a host of LXC comes up' "$status" 0
is 'its memory is limited' "$(group_file memory.limit_in_bytes memory.max)" 67108864
is 'and its processor time' "$(group_file cpu.cfs_quota_us cpu.max)" "$(
	[ -e /sys/fs/cgroup/cpu ] && echo 50000 || echo 50000 100000
)"
# shellcheck disable=SC2016 # for the host's shell
run netlab exec lab h1 -- sh -c 'touch /sys/x || touch /proc/sys/kernel/x || echo 0 >/proc/sys/kernel/panic || mount -t tmpfs x /mnt ||
	ls /dev/[svn]d* || echo confined; echo 1 >/proc/sys/net/ipv4/ip_forward && cat /proc/sys/net/ipv4/ip_forward'
is 'it may change its network, and nothing of the machine' "$out" $'confined\n1'
run netlab exec lab h1 -- sh -c 'echo kept >/etc/kept; ls -A /tmp; ls -A /run | grep -v mount'
is '/run and /tmp are its own' "$out" netlab
run netlab exec lab h1 -- sh -c 'script -qc "tty" /dev/null'
like 'it has terminals' "$out" '/dev/pts/0'
run netlab host state lab h1
like 'the engine tells what it uses' "$out" 'processes +1'
is 'its init is known' "$(tr '\0' ' ' <"/proc/$(netlab host show --json lab h1 | jq .pid)/cmdline" | cut -d ' ' -f 1)" /run/netlab/agent
mkdir "$work/shared"
echo shared >"$work/shared/file"
run netlab host mount lab h1 "$work/shared" /mnt/shared
run netlab exec lab h1 -- cat /mnt/shared/file
is 'a folder of the machine appears in it while it runs' "$out" shared
run netlab host umount lab h1 /mnt/shared
run netlab exec lab h1 -- ls /mnt/shared
is 'and goes' "$status $out" '0 '
run netlab host freeze lab h1
is 'it freezes' "$status" 0
is 'says the kernel' "$(group_file cgroup.freeze freezer.state | sed 's/FROZEN/1/')" 1
run netlab host unfreeze lab h1
is 'and goes on' "$status" 0
run netlab exec lab h1 -- true
is 'as if nothing had been' "$status" 0
run netlab host stop lab h1
is 'it stops' "$status" 0
run netlab host start lab h1
is 'and starts' "$status" 0
is 'within its limits' "$(group_file memory.limit_in_bytes memory.max)" 67108864
run netlab exec lab h1 -- sh -c 'cat /etc/kept; ping -c 1 -W 10 h2 >/dev/null && echo reached'
is 'with its files and links' "$out" $'kept\nreached'
kill -KILL "$(netlab host show --json lab h1 | jq .pid)"
until netlab host list lab | grep -q 'h1 *stopped'; do sleep 0.05; done
ok 'killed behind our back it is a stopped host'
run netlab host start lab h1
is 'which can be started again' "$status" 0
kill -KILL "$(ps -o ppid= -p "$(netlab host show --json lab h1 | jq .pid)")"
until netlab host list lab | grep -q 'h1 *stopped'; do sleep 0.05; done
ok 'its monitor does not outlive it, nor it its monitor'
run netlab topo down lab
is 'down' "$status" 0
is 'and nothing is left' "$(left lab)" ''

# --- snapshots
one_host ''
netlab topo up "$work/one.xml" -n lab >/dev/null
netlab exec lab h1 -- sh -c 'echo first >/etc/state'
run netlab host snapshot create lab h1 one
is 'a snapshot of a host that runs' "$status" 0
netlab exec lab h1 -- sh -c 'echo second >/etc/state; rm /etc/issue'
netlab host stop lab h1
run netlab host snapshot create lab h1 two
is 'of one that is stopped' "$status" 0
run netlab host start lab h1
run netlab exec lab h1 -- sh -c 'cat /etc/state; echo third >/etc/state'
is 'it goes on from there' "$out" second
run netlab host snapshot restore lab h1 one
is 'back to the first' "$status" 0
run netlab exec lab h1 -- sh -c 'cat /etc/state; ls /etc/issue'
is 'its files are as they were' "$out" $'first\n/etc/issue'
run netlab host snapshot rename lab h1 two zwei
run netlab host snapshot list --json lab h1
is 'they are listed' "$(jq -r '"\(.name) \(.current)"' <<<"$out")" $'one true\nzwei false'
run netlab host snapshot create lab h1 one
is 'a name is given once: exit 2' "$status" 2
is 'one line' "$err" 'error: host h1: lxc: it has a snapshot "one" already'
run netlab host snapshot restore lab h1 zwein
is 'one that is not there' "$err" 'error: host h1: lxc: it has no snapshot "zwein"; did you mean "zwei"?'
run netlab exec lab h1 -- cat /etc/state
is 'the host runs on' "$out" first
run netlab host snapshot delete lab h1 one
is 'the current one is deleted' "$status" 0
run netlab host snapshot restore lab h1 zwei
run netlab exec lab h1 -- cat /etc/state
is 'the other one is whole' "$out" second
for i in $(seq 20); do
	netlab host stop --timeout 0 lab h1
	netlab exec lab h1 -- true 2>/dev/null
	netlab host snapshot create lab h1 "deep$i"
	netlab host start lab h1
	netlab exec lab h1 -- sh -c "echo $i >>/etc/state"
done
run netlab host snapshot restore lab h1 deep20
run netlab exec lab h1 -- sh -c 'tail -n 1 /etc/state; wc -l </etc/state'
is 'twenty of them on one another' "$out" $'19\n20'
netlab topo down lab >/dev/null
is 'nothing is left' "$(left lab)" ''

# --- roots
one_host '' 'image="busybox"'
run netlab topo up "$work/one.xml" -n lab
is 'the template: a lab comes up' "$status" 0
run netlab exec lab h1 -- sh -c 'readlink /bin/sh; ls -d /gateways; touch /usr/x || ping -c 1 -W 10 h2 >/dev/null && echo "reached with the programs of the machine"'
is 'busybox, and the files of the machine' "$out" $'busybox\n/gateways\nreached with the programs of the machine'
is 'all that busybox can do' "$(netlab exec lab h1 -- sh -c 'ls /bin /sbin' | grep -c .)" \
	"$(($(busybox --list | sort -u | wc -l) + 2))"
run netlab exec lab h1 -- cat /etc/machine-id
like 'it has an id of its own' "$out" '^[0-9a-f]{32}$'
run netlab exec lab h1 -- sh -c 'echo through >/gateways/file'
is 'the machine sees what is in its gateways' "$(cat /run/netlab/lab/engine/h1/gateways/file)" through
netlab topo down lab >/dev/null
one_host '<param name="init" value="yes"/>' 'image="busybox"'
run netlab topo up "$work/one.xml" -n lab
is 'with an init of its own' "$status" 0
run netlab exec lab h1 -- sh -c 'cat /proc/1/comm; hostname; exit 3'
is 'which is the first process' "$status $out" $'3 init\nh1'
is 'commands have the rights of a native host' "$(netlab exec lab h1 -- grep CapBnd /proc/self/status)" \
	"$(netlab exec lab h2 -- grep CapBnd /proc/self/status)"
is 'and are in its groups' "$(netlab exec lab h1 -- sed 's,.*:,,' /proc/self/cgroup | sort -u)" /
run netlab host freeze lab h1
is 'so they freeze with it' "$status" 0
run netlab host stop lab h1
is 'it is shut down' "$status" 0
run netlab host start lab h1
is 'and booted' "$status" 0
netlab topo down lab >/dev/null
mkdir -p "$work/small/bin" "$work/small/etc"
cp "$(command -v busybox)" "$work/small/bin/busybox"
for name in sh ls cat ping hostname; do ln -s busybox "$work/small/bin/$name"; done
one_host '' "image=\"$work/small\""
run netlab topo up "$work/one.xml" -n lab
run netlab exec lab h1 -- sh -c 'echo changed >/changed && ls -d /c* && ping -c 1 -W 10 h2 >/dev/null && echo reached'
is 'a folder is the root of a host' "$out" $'/changed\nreached'
netlab topo down lab >/dev/null
is 'it stays as it was' "$(ls "$work/small")" $'bin\netc'
is 'nothing is left of these' "$(left lab)" ''

# --- what cannot be
one_host '' 'image="/nowhere"'
run netlab topo up "$work/one.xml" -n lab
is 'an image that is not there: exit 2' "$status" 2
is 'in one line at its place' "$err" "$work/one.xml:2:1: error: host h1: lxc: image /nowhere: No such file or directory [ENOENT]"
one_host '' 'image="busibox"'
run netlab topo up "$work/one.xml" -n lab
is 'a name, with the nearest' "$err" "$work/one.xml:2:1: error: host h1: lxc: there is no image \"busibox\"; did you mean busybox?"
one_host '<param name="init" value="maybe"/>'
run netlab topo up "$work/one.xml" -n lab
is 'a setting that makes no sense' "$status $err" "2 $work/one.xml:2:1: error: host h1: lxc: init must be yes or no, and is \"maybe\""
one_host '<param name="init" value="yes"/>' "image=\"$work/small\""
run netlab topo up "$work/one.xml" -n lab
like 'an image without an init' "$err" 'host h1: lxc: the container does not start: .*Failed to exec "/sbin/init"$'
one_host '<param name="memory" value="64MiB"/>'
# shellcheck disable=SC2016
run unshare --mount sh -c 'umount -a -t cgroup,cgroup2; "$@"' sh "$NETLAB" topo up "$work/one.xml" -n lab
is 'limits without cgroups: exit 3' "$status" 3
is 'nothing is left of these' "$(left lab)" ''

# --- killed at any moment
one_host ''
netlab topo up "$work/one.xml" -n lab >/dev/null
netlab host freeze lab h1
kill_keeper
swept
is 'killed with a frozen host the next command sweeps, and nothing is left' "$(left lab)" ''
# Where only version 1 can freeze, what is frozen cannot be killed.
if [ -e /sys/fs/cgroup/freezer ] && grep -q ' cgroup2 ' /proc/self/mounts; then
	# shellcheck disable=SC2016
	unshare --mount bash -c '
		umount -a -t cgroup2
		"$NETLAB" topo up "$1" -n lab && "$NETLAB" host freeze lab h1 || exit
		kill -KILL "$("$NETLAB" topo ls --json | jq .pid)"
		until [ -z "$("$NETLAB" topo ls -q)" ]; do sleep 0.05; done' bash "$work/one.xml" >/dev/null
	is 'nor is it where only version 1 can freeze' "$? $(left lab)" '0 '
fi
for delay in 0.005 0.01 0.02 0.03 0.05 0.1; do
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
	is 'killed on its way down nothing is left, either' "$(left lab)" ''
done
done_testing
