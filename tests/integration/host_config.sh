#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Limits and environment of hosts of a lab that is up: changed while they run, kept when they stop, whatever their backend.
# asan: yes
# timeout: 300
# shellcheck disable=SC2016 # texts in single quotes are for the shells of the hosts
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
host() { "$NETLAB" host "$@"; }
there() { [ "$(netlab backends --json | jq "select(.backend == \"$1\").there")" = true ]; }
# group_of HOST CONTROLLER: the directory of the cgroup that its init is in
group_of() {
	local pid line path
	pid=$(host show "$lab" "$1" --json | jq .pid)
	line=$(grep -E "^[0-9]+:([^:]*,)?$2(,[^:]*)?:" "/proc/$pid/cgroup")
	if [ -n "$line" ]; then
		path=$(awk -v c="$2" '$0 ~ " - cgroup " && $NF ~ "(^|,)" c "(,|$)" { print $5; exit }' /proc/self/mountinfo)
	else
		line=$(grep '^0::' "/proc/$pid/cgroup")
		path=$(awk '$0 ~ " - cgroup2 " { print $5; exit }' /proc/self/mountinfo)
	fi
	echo "$path${line##*:}"
}
# value HOST CONTROLLER FILE...: what the first of these files says that is there in its group; -1 and max are no limit, as is what no machine has
value() {
	local dir file
	dir=$(group_of "$1" "$2")
	for file in "${@:3}"; do
		[ -e "$dir/$file" ] && sed 's/^max.*/none/; s/^-1$/none/; s/^92233720[0-9]*$/none/; s/ 100000$//' "$dir/$file" && return
	done
	echo "no such file in $dir"
}
memory() { value "$1" memory memory.limit_in_bytes memory.max; }
cpus() { value "$1" cpu cpu.cfs_quota_us cpu.max; }
pids() { value "$1" pids pids.max; }
groups() { find /sys/fs/cgroup -mindepth 1 -maxdepth 3 -name "netlab.$lab.????????" 2>/dev/null; }
private_cgroups() { awk '$0 ~ " - cgroup2? "' /proc/self/mountinfo | grep -q .; }

lab=cfg$$
if [ "$(id -u)" -ne 0 ] || ! private_cgroups; then
	skip 'root with a place for cgroups'
fi

# recipe BACKEND: one host of it, and a native one
recipe() {
	cat >"$work/one.xml" <<-XML
		<recipe><network>
		<host id="h1" backend="$1"><interfaces><eth id="eth0" label="net"/></interfaces></host>
		<host id="h2"><params><param name="pids" value="50"/></params><interfaces><eth id="eth0" label="net"/></interfaces></host>
		</network></recipe>
	XML
}

for backend in native podman lxc nspawn; do
	if ! there $backend; then
		ok "$backend # SKIP it is not there: see netlab backends"
		continue
	fi
	recipe $backend
	run netlab topo up "$work/one.xml" -n "$lab"
	is "$backend: a lab comes up" "$status$err" 0
	is 'a limit of processes comes from the recipe' "$(pids h2)" 50
	netlab exec "$lab" h1 -- sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!' >/dev/null
	run host config "$lab" h1 --memory 64MiB --cpus 0.5 --pids 40 --env COLOUR=red --env 'TWO=a b'
	is "$backend: limits of a host that runs" "$status$err" 0
	is 'its memory is limited' "$(memory h1)" 67108864
	is 'its processor time' "$(cpus h1)" 50000
	is 'and its processes' "$(pids h1)" 40
	is 'what ran before is in its groups' "$(netlab exec "$lab" h1 -- sh -c 'diff /proc/self/cgroup /proc/1/cgroup && echo same')" same
	is 'they are shown' "$(host show "$lab" h1 --json | jq -c .limits)" '{"memory":67108864,"cpus":0.5,"pids":40}'
	is 'the other host has its own' "$(pids h2)" 50
	is 'a command has the environment' "$(netlab exec "$lab" h1 -- sh -c 'echo $COLOUR, $TWO')" 'red, a b'
	is 'the other host has not' "$(netlab exec "$lab" h2 -- sh -c 'echo $COLOUR')" ''
	is 'it is shown, too' "$(host show "$lab" h1 --json | jq -c .environment)" '{"COLOUR":"red","TWO":"a b"}'
	run host config "$lab" h1 --memory none --pids 60 --unset TWO
	is 'a limit is taken away while it runs' "$status$err" 0
	is 'says the kernel' "$(memory h1) $(cpus h1) $(pids h1)" 'none 50000 60'
	is 'and so is a variable' "$(netlab exec "$lab" h1 -- sh -c 'echo $COLOUR $TWO')" red
	host stop "$lab" h1 --timeout 0
	run host config "$lab" h1 --cpus 0.25 --env COLOUR=blue
	is 'of a host that is stopped' "$status$err" 0
	run host start "$lab" h1
	is 'it starts' "$status$err" 0
	is 'within its limits, with its environment' "$(memory h1) $(cpus h1) $(pids h1) $(netlab exec "$lab" h1 -- sh -c 'echo $COLOUR')" 'none 25000 60 blue'
	run host config "$lab" h1 --cpus none --pids none
	is 'no limits any more' "$status$err $(memory h1) $(cpus h1) $(pids h1)" '0 none none none'
	netlab topo down "$lab" >/dev/null
	is 'down: no group is left' "$(groups)" ''
done

# --- what cannot be
recipe native
netlab topo up "$work/one.xml" -n "$lab" >/dev/null
# refused MESSAGE OPTION...
refused() {
	run host config "$lab" h1 "${@:2}"
	is "${*:2}: exit 2" "$status" 2
	is 'in one line' "${err%"; try 'netlab host config --help'"}" "$1"
}
refused 'netlab host config: --memory: "1x" is not a size of at least 8MiB; write 256M, 512MiB or 1GiB, or none' --memory 1x
refused 'netlab host config: --cpus: "0" is not a number of processors from 0.01 to 1000; write 2 or 0.5, or none' --cpus 0
refused 'netlab host config: --pids: "3" is not a number of processes from 8 to 4194304, or none' --pids 3
refused "netlab host config: --env: 'COLOUR' is not NAME=VALUE" --env COLOUR
refused "error: host h1: environment: \"1x\" is no name of a variable: letters, digits and '_', the first no digit" --env 1x=y
refused "netlab host config: nothing to change; netlab host show tells what there is"
is 'and nothing has changed' "$(host show "$lab" h1 --json | jq -c '[.limits, .environment]')" '[{},null]'
netlab topo down "$lab" >/dev/null
# shellcheck disable=SC2016
run unshare --mount sh -c 'umount -a -t cgroup,cgroup2
	"$1" topo up "$2" -n "$3" 2>/dev/null; sed "/params/s/<params>.*<.params>//" "$2" >"$2.plain"; "$1" topo up "$2.plain" -n "$3" >/dev/null &&
	"$1" host config "$3" h1 --memory 64MiB; s=$?; "$1" topo down "$3" >/dev/null; exit $s' sh "$NETLAB" "$work/one.xml" "$lab"
is 'without cgroups: exit 3' "$status" 3
like 'the host is named, and what is missing' "$err" '^error: host h1: .*cgroup'
done_testing
