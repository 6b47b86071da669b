# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# For the bash scripts in tests/integration, after cli.sh: servers of LXD that a test has for itself. Needs: lxd lxc.
#
# own_network "$0" "$@", before private_labs: go on in a network namespace, as the servers listen on ports and LXD makes cards.
# serve NAME PORT: a server with its folder at $work/NAME. end_servers, instead of cleanup at the end: they and what they have made are gone.
LXD_SERVERS=()

own_network() {
	if [ "${NETLAB_TEST_NET:-}" != "$$" ]; then
		export NETLAB_TEST_NET=$$
		exec unshare --net sh -c 'ip link set lo up && exec "$@"' sh "$@"
	fi
}

serve() {
	[ -e "$work/groups" ] || find /sys/fs/cgroup -type d -name 'lxc.*' 2>/dev/null | sort >"$work/groups"
	mkdir "$work/$1"
	LXD_DIR=$work/$1 lxd --group root --logfile "$work/$1.log" >/dev/null 2>&1 &
	LXD_SERVERS+=($!)
	LXD_DIR=$work/$1 lxd waitready --timeout 60 || return
	LXD_DIR=$work/$1 lxd init --preseed <<-YAML
		config: {images.auto_update_interval: "0", core.https_address: "127.0.0.1:$2", core.trust_password: secret}
		storage_pools: [{name: default, driver: dir}]
		profiles: [{name: default, devices: {root: {path: /, pool: default, type: disk}, eth0: {type: nic, nictype: p2p, name: eth0}}}]
	YAML
}

# shellcheck disable=SC2317 # called at the end
end_servers() {
	for server in "${LXD_SERVERS[@]}"; do kill "$server" && wait "$server"; done 2>/dev/null
	umount "$work"/*/shmounts "$work"/*/devlxd 2>/dev/null
	[ ! -e "$work/groups" ] ||
		find /sys/fs/cgroup -depth -type d -name 'lxc.*' 2>/dev/null | sort | comm -13 "$work/groups" - | xargs -r rmdir 2>/dev/null
	cleanup
}
