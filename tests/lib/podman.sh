# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# For the bash scripts in tests/integration, after cli.sh: what a Podman of the user's own leaves, which is Podman's way, is taken away.
#
# podman_gone STORE: the mount in its storage and the cgroups of its containers are gone; the last conmon, and what that runs at its end,
# may still be about to go.

# shellcheck disable=SC2317 # called at the end
podman_gone() {
	local end=$((SECONDS + 30))
	while [ $SECONDS -lt $end ]; do
		umount "$1/overlay" 2>/dev/null
		find /sys/fs/cgroup -depth -type d \( -path '*/libpod_parent/*' -o -name libpod_parent \) -exec rmdir {} + 2>/dev/null
		mountpoint -q "$1/overlay" || [ -n "$(find /sys/fs/cgroup -type d -name libpod_parent)" ] || return 0
		sleep 0.05
	done
}
