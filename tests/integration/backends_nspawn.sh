#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts in containers of systemd-nspawn: their lives, limits, roots, inits and snapshots, and nothing is left of them however the lab ends.
# needs: systemd-nspawn busybox mkfs.ext4 losetup
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
export NETLAB_IMAGES=$work/images

# one_host PARAMS [ATTRIBUTES]: a recipe with a host of nspawn
one_host() {
	cat >"$work/one.xml" <<-XML
		<recipe><network>
		<host id="h1" backend="nspawn" ${2:-}><params>$1</params>
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
# left LAB: what is left of it: files, cgroups, mounts, loop devices and processes
left() {
	find /run -mindepth 1 -not -path '/run/mount*'
	groups "$1"
	grep "/run/netlab/$1/" /proc/self/mounts /proc/net/unix
	losetup -l -n -O BACK-FILE | grep "$work"
	pgrep -af "[s]ystemd-nspawn.*/run/netlab/$1/"
	return 0
}
kill_keeper() { kill -KILL "$(netlab topo ls --json | jq .pid)"; }
swept() { until [ -z "$(netlab topo ls -q)" ]; do sleep 0.05; done; }

# --- the life of a host
one_host '<param name="memory" value="64MiB"/><param name="cpus" value="0.5"/>'
run netlab topo up "$work/one.xml" -n lab
is 'a lab with a host of nspawn comes up' "$status" 0
is 'its memory is limited' "$(group_file memory.limit_in_bytes memory.max)" 67108864
is 'and its processor time' "$(group_file cpu.cfs_quota_us cpu.max)" "$(
	[ -e /sys/fs/cgroup/cpu ] && echo 50000 || echo 50000 100000
)"
# shellcheck disable=SC2016 # for the host's shell
run netlab exec lab h1 -- sh -c 'touch /sys/x || touch /proc/sys/kernel/x || echo 0 >/proc/sys/kernel/panic || mount -t tmpfs x /mnt ||
	ls /dev/[svn]d* || echo confined; echo 1 >/proc/sys/net/ipv4/ip_forward && cat /proc/sys/net/ipv4/ip_forward'
is 'it may change its network, and nothing of the machine' "$out" $'confined\n1'
run netlab exec lab h1 -- sh -c 'echo kept >/etc/kept; ls -A /tmp'
is '/tmp is its own' "$out" ''
run netlab host state lab h1
like 'it is told what it uses' "$out" $'processes +[0-9]+\nmemory_bytes +[0-9]+\ncpu_us +[0-9]+'
mkdir "$work/shared"
echo shared >"$work/shared/file"
run netlab host mount lab h1 "$work/shared" /mnt/shared
run netlab exec lab h1 -- cat /mnt/shared/file
is 'a folder of the machine appears in it while it runs' "$out" shared
run netlab host umount lab h1 /mnt/shared
run netlab host freeze lab h1
is 'it freezes' "$status" 0
is 'says the kernel' "$(group_file cgroup.freeze freezer.state | sed 's/FROZEN/1/')" 1
run netlab host unfreeze lab h1
is 'and goes on' "$status" 0
run netlab exec lab h1 -- true
is 'as if nothing had been' "$status" 0
# shellcheck disable=SC2016 # for the host's shell
netlab exec lab h1 -- sh -c 'trap "echo asked >/etc/asked; exit" TERM; echo $$ >/etc/trapped; while :; do sleep 0.1; done' >/dev/null 2>&1 &
until netlab exec lab h1 -- test -e /etc/trapped; do sleep 0.05; done
run netlab host stop lab h1
is 'it stops' "$status" 0
wait $!
run netlab host start lab h1
is 'and starts' "$status" 0
is 'within its limits' "$(group_file memory.limit_in_bytes memory.max)" 67108864
run netlab exec lab h1 -- sh -c 'cat /etc/kept /etc/asked; ping -c 1 -W 10 h2 >/dev/null && echo reached'
is 'with its files and links; what ran in it was asked to end before' "$out" $'kept\nasked\nreached'
netlab host freeze lab h1
run netlab host stop --timeout 0 lab h1
is 'a frozen one stops, too' "$status" 0
netlab host start lab h1
kill -KILL "$(netlab host show --json lab h1 | jq .pid)"
until netlab host list lab | grep -q 'h1 *stopped'; do sleep 0.05; done
ok 'killed behind our back it is a stopped host'
run netlab host start lab h1
is 'which can be started again' "$status" 0
kill -KILL "$(pgrep -f '^systemd-nspawn.*/run/netlab/lab/')"
run netlab exec lab h1 -- hostname
is 'without its nspawn it goes on' "$out" h1
run netlab host restart lab h1
is 'and can be stopped and started, too' "$status" 0
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
run netlab exec lab h1 -- cat /etc/state
is 'it goes on from there' "$out" second
run netlab host snapshot restore lab h1 one
is 'back to the first' "$status" 0
run netlab exec lab h1 -- sh -c 'cat /etc/state; ls /etc/issue'
is 'its files are as they were' "$out" $'first\n/etc/issue'
run netlab host snapshot delete lab h1 one
run netlab host snapshot restore lab h1 two
run netlab exec lab h1 -- cat /etc/state
is 'the other one is whole' "$out" second
kill_keeper
swept
is 'killed, and swept: nothing is left' "$(left lab)" ''

# --- roots
mkdir -p "$work/small"/{bin,sbin,etc,proc,sys,dev,tmp,run,root,usr,mnt}
cp "$(command -v busybox)" "$work/small/bin/busybox"
for name in sh ls cat ping hostname sleep grep; do ln -s busybox "$work/small/bin/$name"; done
ln -s ../bin/busybox "$work/small/sbin/init"
echo '::respawn:/bin/sleep 100000' >"$work/small/etc/inittab"
echo 'NAME=small' >"$work/small/etc/os-release"
truncate -s 16M "$work/small.raw"
mkfs.ext4 -q -d "$work/small" "$work/small.raw"
sum=$(md5sum <"$work/small.raw")
netlab image import "$work/small" -t tiny >/dev/null
for image in "$work/small" "$work/small.raw" tiny; do
	one_host '' "image=\"$image\""
	run netlab topo up "$work/one.xml" -n lab
	is "the root is ${image##*/}" "$status" 0
	run netlab exec lab h1 -- sh -c 'echo changed >/changed; cat /etc/os-release; ping -c 1 -W 10 h2 >/dev/null && echo reached'
	is 'it has its files, and is in the lab' "$out" $'NAME=small\nreached'
	[ "$image" != tiny ] || {
		run netlab image rm tiny
		is 'it is not removed under the lab' "$status" 2
	}
	run netlab topo down lab
done
is 'the directory and the file are as they were' "$(ls "$work/small/changed" 2>/dev/null; md5sum <"$work/small.raw")" "$sum"
sed 's/<host id="h2"/<host id="h2" backend="lxc" image="RAW"/' "$work/one.xml" | sed "s|RAW|$work/small.raw|; s|tiny|$work/small.raw|" >"$work/two.xml"
run netlab topo up "$work/two.xml" -n lab
is 'two hosts share a file, whatever makes them' "$status $(losetup -l -n -O BACK-FILE | grep -c "$work/small.raw")" '0 1'
run netlab exec lab --all -- cat /etc/os-release
is 'both have its files' "$(grep -c 'NAME=small' <<<"$out")" 2
kill_keeper
swept
is 'nothing is left of these' "$(left lab)" ''

# --- an init of its own
for image in "$work/small.raw" tiny; do
	one_host '<param name="init" value="yes"/>' "image=\"$image\""
	run netlab topo up "$work/one.xml" -n lab
	is "${image##*/}, with an init of its own" "$status" 0
	run netlab exec lab h1 -- sh -c 'cat /proc/1/comm; hostname; ping -c 1 -W 10 h2 >/dev/null && echo reached'
	is 'which is the first process' "$out" $'init\nh1\nreached'
	is 'commands have the rights of a native host' "$(netlab exec lab h1 -- grep CapBnd /proc/self/status)" \
		"$(netlab exec lab h2 -- grep CapBnd /proc/self/status)"
	run netlab host restart lab h1
	is 'it is shut down and booted' "$status" 0
	run netlab host freeze lab h1
	is 'it freezes' "$status" 0
	run netlab host unfreeze lab h1
	run netlab exec lab h1 -- cat /proc/1/comm
	is 'and goes on' "$out" init
	run netlab topo down lab
done
is 'nothing is left of these' "$(left lab)" ''

# --- what cannot be
# refused TEXT ERROR: bringing the lab up fails so
refused() {
	run netlab topo up "$work/one.xml" -n lab
	is "$1" "$status $err" "2 $work/one.xml:2:1: error: host h1: nspawn: $2"
}
one_host '' 'image="/nowhere"'
refused 'a path that is not there' 'image /nowhere: No such file or directory [ENOENT]'
head -c 100000 /dev/zero >"$work/zero.raw"
one_host '' "image=\"$work/zero.raw\""
refused 'a file that is no file system' "image $work/zero.raw is a file without a file system that this kernel can mount (a disk with partitions is none; a tar archive is for netlab image import)"
one_host '<param name="init" value="maybe"/>'
refused 'a setting that makes no sense' 'init must be yes or no, and is "maybe"'
rm "$work/small/sbin/init"
one_host '<param name="init" value="yes"/>' "image=\"$work/small\""
run netlab topo up "$work/one.xml" -n lab
like 'a root without an init' "$err" 'host h1: nspawn: systemd-nspawn: '
is 'nothing is left of these' "$(left lab)" ''
done_testing
