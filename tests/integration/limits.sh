#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Limits of hosts: read back from the cgroups, kept by the kernel, gone with the lab however it ends.
# asan: yes
# timeout: 180
# vm: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

cat >"$work/limits.xml" <<'XML'
<recipe>
  <network>
    <host id="small">
      <params><param name="memory" value="64MiB"/><param name="cpus" value="0.25"/></params>
      <interfaces><eth id="eth0" label="net"/></interfaces>
    </host>
    <host id="slow">
      <params><param name="cpus" value="1.5"/><param name="memory" value=""/></params>
      <interfaces><eth id="eth0" label="net"/></interfaces>
    </host>
    <host id="free"><interfaces><eth id="eth0" label="net"/></interfaces></host>
  </network>
  <task>
    <run host="small" command="head -c 8M /dev/zero | tail -n 1 | wc -c | grep -qx 8388608"/>
    <run host="small" command="set -o pipefail; head -c 256M /dev/zero | tail -n 1 | wc -c" expect="fail"/>
    <run host="small" command="true" desc="the host outlives that"/>
    <run host="free" command="head -c 80M /dev/zero | tail -n 1 | wc -c | grep -qx 83886080"/>
  </task>
</recipe>
XML
pair_recipe "$work/plain.xml"

groups() { cat /run/netlab/"$1"/cgroups 2>/dev/null; }
exist() { for path in "$@"; do [ -d "$path" ] && echo "$path"; done; }
# value HOST FILE...: what the first of these files says, in whichever of the lab's groups it is
value() {
	local host=$1 group file
	shift
	for file in "$@"; do
		for group in $(groups limits); do
			[ -e "$group/host.$host/$file" ] && cat "$group/host.$host/$file" && return
		done
	done
}
# kill_keeper COMMAND...: of the only lab, as this topo ls tells; until then the lab is up
kill_keeper() {
	local pid state
	pid=$("$@" topo ls --json | jq .pid)
	kill -KILL "$pid"
	for ((i = 0; i < 600; i++)); do
		state=$(sed -n 's/^State:\t//p' "/proc/$pid/status" 2>/dev/null)
		[[ $state == [!ZX]* ]] || return
		sleep 0.05
	done
}
# until_gone PATH...: they are removed by somebody else, soon
until_gone() {
	for ((i = 0; i < 600; i++)); do
		[ -z "$(exist "$@")" ] && return
		sleep 0.05
	done
	return 1
}

run "$NETLAB" topo up "$work/limits.xml"
if [ "$status" -eq 3 ]; then
	like 'without a controller the error names it and the place' "$err" 'limits.xml:3:5: error: limits of hosts: .*cgroup'
	skip "a cgroup controller for memory and cpu: $err"
fi
is 'a lab with limits comes up' "$status" 0
mapfile -t made < <(groups limits)
is 'the journal names its groups' "$(exist "${made[@]}")" "$(groups limits)"
is 'the limit of memory is there' "$(value small memory.max memory.limit_in_bytes)" 67108864
like 'it is one of memory and swap' "$(value small memory.swap.max memory.memsw.limit_in_bytes)" '^(0|67108864|)$'
like 'the limit of processor time is there' "$(value small cpu.max cpu.cfs_quota_us)" '^25000( 100000)?$'
like 'so is that of another host' "$(value slow cpu.max cpu.cfs_quota_us)" '^150000( 100000)?$'
like 'a requirement that does not matter makes no limit' "$(value slow memory.max memory.limit_in_bytes)" '^(max|)$'
is 'a host without limits has no group' "$(for g in "${made[@]}"; do ls -d "$g"/host.*; done | grep -c free)" 0
pid=$("$NETLAB" topo inspect limits --json | jq '.hosts[] | select(.id == "small").pid')
is 'the host is in its group, all of it' "$(value small cgroup.procs)" "$pid"
is 'a host sees no group above its own' "$("$NETLAB" exec limits small -- grep -c 'netlab\.' /proc/self/cgroup)" 0
is 'inspect tells as JSON' "$("$NETLAB" topo inspect limits --json | jq -c '[.topology.hosts[] | .limits]')" '[{"memory":67108864,"cpus":0.25},{"cpus":1.5},null]'
like 'and as text' "$("$NETLAB" topo inspect limits)" $'\nlimits of small: memory 64MiB cpus 0.25\nlimits of slow: cpus 1.5$'
like 'the plan has them, too' "$("$NETLAB" topo plan "$work/limits.xml")" 'host      small  memory 64MiB cpus 0.25  \[undo: kill small\]'
run "$NETLAB" topo down limits
is 'it goes down' "$status" 0
is 'its groups are gone' "$(exist "${made[@]}")" ''
is 'so is its run directory' "$(ls /run/netlab 2>/dev/null)" ''

run "$NETLAB" run "$work/limits.xml"
is 'what takes more memory than its host has is killed; the host and the others go on' "$status" 0

"$NETLAB" topo up "$work/limits.xml" >"$work/log"
mapfile -t made < <(groups limits)
kill_keeper "$NETLAB"
run "$NETLAB" topo ls
is 'the next command after a SIGKILL of the keeper removes the groups' "$(exist "${made[@]}")" ''
is 'and the run directory' "$(ls /run/netlab 2>/dev/null)" ''

"$NETLAB" topo up "$work/limits.xml" >"$work/log"
mapfile -t made < <(groups limits)
kill_keeper "$NETLAB"
run "$NETLAB" topo up "$work/limits.xml"
is 'the name can be used again at once' "$status" 0
mapfile -t new < <(groups limits)
is 'in new groups' "$(exist "${made[@]}") $(exist "${new[@]}" | wc -l)" " ${#made[@]}"
"$NETLAB" topo down limits >"$work/log"

sed 's,<task>,<task><run host="free" command="sleep 600" timeout="900"/>,' "$work/limits.xml" >"$work/long.xml"
"$NETLAB" run -n limits "$work/long.xml" >"$work/log" 2>&1 &
command=$!
for ((i = 0; i < 600; i++)); do
	"$NETLAB" exec limits free -- pgrep -x sleep >"$work/log2" 2>&1 && break
	sleep 0.05
done
mapfile -t made < <(groups limits)
kill -KILL "$command"
wait "$command" 2>/dev/null
until_gone "${made[@]}"
is 'a command that is killed leaves no group' "${#made[@]} $(exist "${made[@]}")" "${#made[@]} "

"$NETLAB" topo up "$work/plain.xml" >"$work/log"
is 'a lab without limits has no groups' "$(ls /run/netlab/plain)" control
"$NETLAB" topo down plain >"$work/log"

# with MOUNT-COMMAND COMMAND...: in a mount namespace in which that was done to every hierarchy of cgroups
with() {
	# shellcheck disable=SC2016,SC2317 # for the inner shell; through run
	unshare --mount --propagation private -- sh -c 'do=$1; shift
		awk "/ - cgroup2? / { print \$5 }" /proc/self/mountinfo | tac | while read -r m; do $do "$m" || exit; done
		exec "$@"' sh "$@"
}
run with 'umount -l' "$NETLAB" run "$work/limits.xml"
is 'without a hierarchy: exit 3' "$status" 3
like 'which names the controller and what to do' "$err" 'limits.xml:3:5: error: limits of hosts: a limit of memory needs the cgroup controller memory, and no hierarchy that has it is mounted: mount -t cgroup2 none /sys/fs/cgroup \[ENOSYS\]'
"$NETLAB" topo up "$work/limits.xml" >"$work/log"
mapfile -t made < <(groups limits)
kill_keeper "$NETLAB"
run with 'umount -l' "$NETLAB" topo ls
is 'who does not see the groups leaves the journal' "$(groups limits)" "$(printf '%s\n' "${made[@]}")"
run "$NETLAB" topo ls
is 'for whoever does' "$(exist "${made[@]}")$(ls /run/netlab 2>/dev/null)" ''
run with 'umount -l' "$NETLAB" run "$NETLAB_TOP/recipes/ping.xml"
is 'recipes without limits do not mind' "$status" 0
is 'nothing was built' "$(ls /run/netlab 2>/dev/null)" ''

run with 'mount -o remount,bind,ro' "$NETLAB" run "$work/limits.xml"
is 'hierarchies that are read-only: exit 3' "$status" 3
like 'which says so' "$err" 'limits.xml:3:5: error: limits of hosts: limits need .* cgroup controller (memory|cpu).* \[EROFS\]'

# --- without root: only where the controllers are delegated ---

as_user() { setpriv --reuid=65534 --regid=65534 --clear-groups -- env "HOME=$work/user" "XDG_RUNTIME_DIR=$work/user" "$@"; }
# The scratch folder above is root's alone.
chmod o+x "${NETLAB_TMP%/*}" "$NETLAB_TMP"
chmod 755 "$work"
mkdir -m 700 "$work/user"
chown 65534:65534 "$work/user"
if ! as_user unshare --user --map-root-user --net --mount true >"$work/log" 2>&1; then
	echo "ok $((n_tests += 1)) - without root # SKIP needs user namespaces for unprivileged users: $(cat "$work/log")"
	done_testing
fi
run as_user "$NETLAB" run "$work/limits.xml"
is 'a user without delegated controllers: exit 3' "$status" 3
like 'which says where it would work' "$err" 'limits.xml:3:5: error: limits of hosts: limits need .* controller (memory|cpu)[, ].*(run as root, or where the controllers are delegated|run in a group of its own)'

# A group of the user's in each hierarchy; of version 2 with one in it for the processes, as a session has.
"$NETLAB" topo up "$work/limits.xml" >"$work/log"
mapfile -t made < <(groups limits)
"$NETLAB" topo down limits >"$work/log"
delegated=() inside=()
for path in "${made[@]}"; do
	group=${path%/*}/netlab-test.$$
	mkdir "$group" && delegated+=("$group")
	if [ -e "$group/cgroup.subtree_control" ]; then
		mkdir "$group/session"
		chown 65534 "$group/cgroup.procs" "$group/cgroup.subtree_control" "$group/session" "$group/session/cgroup.procs"
		inside+=("$group/session")
	else
		chown 65534 "$group/cgroup.procs"
		inside+=("$group")
	fi
	chown 65534 "$group"
done
# shellcheck disable=SC2317 # through run
in_session() (
	for group in "${inside[@]}"; do echo "$BASHPID" >"$group/cgroup.procs"; done
	as_user "$@"
)
run in_session "$NETLAB" run "$work/limits.xml"
is 'with delegated controllers the limits hold' "$status" 0
run in_session "$NETLAB" topo up "$work/limits.xml"
like 'the groups are in the one of the user' "$(cat "$work/user/netlab/limits/cgroups")" "^${delegated[0]}/netlab\.limits\."
kill_keeper as_user "$NETLAB"
run as_user "$NETLAB" topo ls
is 'a killed lab of the user is swept by the user' "$(ls "$work/user") $(ls -d "${delegated[@]/%//netlab*}" 2>/dev/null)" ' '
for group in "${inside[@]}" "${delegated[@]}"; do [ ! -d "$group" ] || rmdir "$group"; done
done_testing
