#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A machine with file systems of their own below its root: hosts see the files, and change only their copies.
# timeout: 120
# vm: yes
# shellcheck disable=SC2016,SC2317 # texts in single quotes are for the shells of hosts; leave is called at the end
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

audit=$NETLAB_TOP/tests/lib/audit
files=/var/tmp/netlab-mounts-$$
in_host() { "$NETLAB" exec mounts "$@"; }
leave() {
	umount -l /usr /var 2>"$work/log"
	cleanup
	rm -rf --one-file-system "$files"
}

if [ "$(stat -f -c %T /var/tmp)" = tmpfs ]; then
	skip 'needs a /var/tmp that is no tmpfs'
fi
mkdir "$files"
trap leave EXIT
"$audit" snapshot "$work/snapshot"
mkdir -p "$files"/{home,srv/"a b",nested,below,above,tmpfs}
for d in home srv nested below above; do
	echo "machine $d" >"$files/$d/file"
	mkdir "$files/$d/dir"
	echo "machine $d" >"$files/$d/dir/deep"
done
echo 'machine single' >"$files/single"
pair_recipe "$work/mounts.xml"

# --- the machine: a bind of a directory looks like a file system of its own ---

for d in /usr /var; do mount --bind $d $d; done
mount --bind "$files/home" /home
mount --bind "$files/srv" /srv
mount -o remount,bind,ro /srv
mount --bind "$files/nested" '/srv/a b'
mount --bind "$files/below" /opt
mount --bind "$files/above" /opt
mount --bind "$files/single" /etc/issue
mount -t tmpfs secret /mnt
echo secret >/mnt/secret
# Where mounts are passed on, as systemd has it, those of a lab must not come back.
mount --make-rshared /
mounts=$(awk '{ print $5, $6, $9 }' /proc/self/mountinfo)

run "$NETLAB" topo up "$work/mounts.xml"
is 'the lab comes up' "$status" 0
is 'the mounts of the machine are as before' "$(awk '{ print $5, $6, $9 }' /proc/self/mountinfo)" "$mounts"

while IFS='|' read -r path text; do
	is "a host sees $path/file" "$(in_host h1 -- cat "$path/file")" "$text"
	is "and $path/dir/deep" "$(in_host h1 -- cat "$path/dir/deep")" "$text"
	run in_host h1 -- sh -c 'echo host >"$1/file" && rm -r "$1/dir" && mkdir "$1/new" && cat "$1/file"' sh "$path"
	is "it changes its own $path" "$status $out" '0 host'
	is "another host sees the machine's $path" "$(in_host h2 -- sh -c 'cd "$1" && cat file dir/deep' sh "$path")" "$text"$'\n'"$text"
	is "the machine's $path is as it was" "$(cd "$path" && cat file dir/deep && ls -d new 2>&1)" "$text"$'\n'"$text"$'\n'"ls: cannot access 'new': No such file or directory"
	is "$path of the host is an overlay" "$(in_host h1 -- stat -f -c %T "$path")" overlayfs
done <<-TABLE
	/home|machine home
	/srv|machine srv
	/srv/a b|machine nested
	/opt|machine above
TABLE

is 'a host sees a single file that is mounted' "$(in_host h1 -- cat /etc/issue)" 'machine single'
in_host h1 -- sh -c 'echo host >/etc/issue'
is 'changing it leaves the machine its own' "$(cat /etc/issue) $(cat "$files/single")" 'machine single machine single'
is 'a host does not see a tmpfs of the machine' "$(in_host h1 -- ls -A /mnt)" "$(umount /mnt && ls -A /mnt)"
for d in /usr /var; do
	is "$d of the host is an overlay" "$(in_host h1 -- stat -f -c %T $d)" overlayfs
	in_host h1 -- touch $d/netlab-mark
	is "a host writes to its own $d" "$(in_host h1 -- ls $d/netlab-mark)" $d/netlab-mark
	if [ -e $d/netlab-mark ]; then not_ok "not to the machine's"; else ok "not to the machine's"; fi
done
in_host h1 -- rm -rf /usr/lib/python3 /var/lib/dpkg
if [ -d /usr/lib/python3 ] && [ -d /var/lib/dpkg ]; then ok 'a host removes only its own directories'; else not_ok 'a host removes only its own directories'; fi
run "$NETLAB" topo down mounts
is 'the lab goes down' "$status" 0

# --- one with an image ---

umount /opt /opt /home
if truncate -s 16M "$files/image" && mkfs.ext4 -q "$files/image" && mount -o loop "$files/image" /home 2>"$work/log"; then
	echo image >/home/file
	run "$NETLAB" topo up "$work/mounts.xml"
	is 'with an image the lab comes up' "$status" 0
	run in_host h1 -- sh -c 'cat /home/file && echo host >/home/file && cat /home/file'
	is 'a host sees its files, and changes its own' "$status $out" $'0 image\nhost'
	is "the image's are as they were" "$(cat /home/file)" image
	"$NETLAB" topo down mounts >"$work/log"
	run umount /home
	is 'the image is not held any longer' "$status" 0
else
	echo "ok $((n_tests += 1)) - an image # SKIP no loop device: $(tail -n 1 "$work/log")"
fi

# --- too many ---

for ((i = 0; i < 41; i++)); do
	mkdir -p "$files/srv/many$i"
	mount --bind "$files/nested" "/srv/many$i"
done
run "$NETLAB" topo up "$work/mounts.xml"
is 'more file systems than there is room for: exit 3' "$status" 3
like 'and the message names one' "$err" '^[^[:cntrl:]]*error: [^[:cntrl:]]*more than [0-9]+ file systems.*/srv/many[0-9]+'
is 'in one line' "$(wc -l <<<"$err")" 1
"$NETLAB" topo down --all >"$work/log"
for ((i = 0; i < 41; i++)); do umount "/srv/many$i"; done
umount '/srv/a b' /srv /etc/issue
umount -l /usr /var
run "$audit" compare "$work/snapshot"
is 'nothing is left' "$status$out" 0
done_testing
