#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Images: imported from directories and archives that are checked, listed, removed; hosts that are made from them.
# asan: yes
# needs: busybox
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
export NETLAB_IMAGES=$work/images

# A small root: busybox under all its names.
mkdir -p "$work/root"/{bin,etc,root,var/lib}
cp "$(command -v busybox)" "$work/root/bin/busybox"
for name in $("$work/root/bin/busybox" --list); do ln -s busybox "$work/root/bin/$name" 2>/dev/null; done
echo 'small image' >"$work/root/etc/issue"
ln -s ../etc/issue "$work/root/var/issue"
chmod 4755 "$work/root/bin/busybox"

# --- the store -------------------------------------------------------------------------------------------------------------------------
run netlab image ls
is 'no images yet' "$status$err" '0there are no images; netlab image import brings one'
run netlab image import "$work/root" -t small -d 'a busybox'
is 'a directory becomes an image' "$status" 0
is 'the store is closed to others' "$(stat -c %a "$work/images")" 700
is 'the list shows it' "$(netlab image ls --json | jq -r '[.name, .base, .description] | join(" ")')" 'small directory a busybox'
is 'its files are there' "$(cat "$(netlab image show --json small | jq -r .path)/var/issue")" 'small image'
is 'with their modes' "$(stat -c %a "$(netlab image show --json small | jq -r .path)/bin/busybox")" 4755
id=$(netlab image show --json small | jq -r .id)

tar -C "$work/root" -czf "$work/packed.tar.gz" .
run netlab image import "$work/packed.tar.gz"
is 'an archive becomes an image' "$status" 0
is 'the same files have the same id, whatever way they came' "$(netlab image show --json packed | jq -r .id)" "$id"
run netlab image export small "$work/out.tar.zst"
is 'an image becomes an archive' "$status" 0
mkdir "$work/again"
zstd -dqc "$work/out.tar.zst" | tar -C "$work/again" -x
is 'that has the same files' "$(diff -r --no-dereference "$work/root" "$work/again" && stat -c %a "$work/again/bin/busybox")" 4755
run netlab image import - -t piped <"$work/packed.tar.gz"
is 'an archive may come through a pipe' "$status" 0
run netlab image rm packed piped
is 'names are removed' "$status" 0
is 'and the image stays for its other name' "$(netlab image ls --json | jq -r .name)" small
is 'nothing is left of how it was built' "$(ls "$work/images/scratch")" ''

# --- what is refused ---------------------------------------------------------------------------------------------------------------------
refuse() # WHAT MESSAGE: the archive bad.tar is refused with this line, and leaves nothing
{
	run netlab image import "$work/bad.tar"
	is "$1 is refused" "$status $err" "2 error: $work/bad.tar: $2"
	is "$1: nothing is left" "$(ls "$work/images/scratch"; netlab image ls --json | jq -r .name)" small
}
archive() # PYTHON: what fills t, a tarfile
{
	python3 -c "
import tarfile, io
t = tarfile.open('$work/bad.tar', 'w')
def entry(name, **k):
    i = tarfile.TarInfo(name)
    for n in k: setattr(i, n, k[n])
    t.addfile(i)
$1
t.close()"
}
archive "entry('../evil')"
refuse 'a name with ..' '"../evil": a name with ".."'
archive "entry('/etc/passwd')"
refuse 'an absolute name' '"/etc/passwd": an absolute name'
archive "entry('a/up', type=tarfile.SYMTYPE, linkname='../../etc')"
refuse 'a link that leaves the tree' '"a/up": a symbolic link that leaves the tree'
archive "entry('hard', type=tarfile.LNKTYPE, linkname='../../etc/passwd')"
refuse 'a hard link that leaves the tree' '"hard": a link to "../../etc/passwd": a name with ".."'
archive "entry('disk', type=tarfile.BLKTYPE, devmajor=8)"
refuse 'a device node' "\"disk\": a device node; images have none: leave it out, as with tar --exclude='./dev/*'"
echo 'no archive' >"$work/bad.tar"
run netlab image import "$work/bad.tar"
is 'what is no archive is refused' "$status" 2
like 'and said to be none' "$err" "^error: $work/bad.tar: "
archive "entry('esc', type=tarfile.SYMTYPE, linkname='/'); entry('esc/netlab-was-here')"
run netlab image import "$work/bad.tar"
is 'a link to / leads to the root of the image' "$status $(ls -d /netlab-was-here 2>/dev/null)" '0 '
is 'where the file is' "$(ls "$(netlab image show --json bad | jq -r .path)")" $'esc\nnetlab-was-here'
netlab image rm bad
mkdir "$work/nodes"
mknod "$work/nodes/disk" b 8 0
run netlab image import "$work/nodes"
is 'a device node in a directory is refused' "$err" "error: $work/nodes: \"disk\": a device node; images have none"
run netlab image show smal
is 'the nearest name is said' "$status $err" '2 error: there is no image "smal"; did you mean small?'

# --- hosts -------------------------------------------------------------------------------------------------------------------------------
cat >"$work/mixed.xml" <<'END'
<recipe name="mixed">
  <network>
    <host id="a" image="small">
      <interfaces><eth id="1" label="n"><addresses><address>192.0.2.1/24</address></addresses></eth></interfaces>
    </host>
    <host id="b">
      <interfaces><eth id="1" label="n"><addresses><address>192.0.2.2/24</address></addresses></eth></interfaces>
    </host>
    <host id="c">
      <params><param name="image" value="small"/></params>
      <interfaces><eth id="1" label="n"><addresses><address>192.0.2.3/24</address></addresses></eth></interfaces>
    </host>
  </network>
</recipe>
END
run netlab topo up "$work/mixed.xml" -n lab
is 'a lab with hosts of an image and of the machine comes up' "$status" 0
is 'the one has the files of the image' "$(netlab exec lab a -- cat /etc/issue)" 'small image'
is 'and nothing else' "$(netlab exec lab a -- ls / | tr '\n' ' ')" 'bin dev etc proc root run sys tmp var '
is 'the other those of the machine' "$(netlab exec lab b -- cat /etc/issue)" "$(cat /etc/issue)"
is 'they reach one another' "$(netlab exec lab a -- ping -c 1 -W 5 b >/dev/null && netlab exec lab b -- ping -c 1 -W 5 c >/dev/null; echo $?)" 0
netlab exec lab a -- sh -c 'echo mine >/etc/issue; rm /var/issue'
is 'what one writes is its own' "$(netlab exec lab c -- cat /etc/issue /var/issue)" $'small image\nsmall image'
is 'the image does not change' "$(cat "$(netlab image show --json small | jq -r .path)/etc/issue")" 'small image'
is '/run and /tmp are its own' "$(netlab exec lab a -- sh -c 'ls /tmp; touch /tmp/x /run/y && echo done')" 'done'
run netlab image rm small
is 'an image that a lab uses is not removed' "$status $err" "2 error: image ${id:0:12}: a lab uses it"
is 'a stopped host comes back with its image' "$(netlab host stop lab a >/dev/null && netlab host start lab a >/dev/null && netlab exec lab a -- cat /etc/issue)" mine
netlab topo down lab
run netlab topo up "$work/mixed.xml" -n killed
kill -KILL "$(netlab topo ls --json | jq .pid)"
until [ -z "$(netlab topo ls -q)" ]; do sleep 0.05; done
sed -i 's/image="small"/image="smal"/' "$work/mixed.xml"
run netlab topo up "$work/mixed.xml" -n lab
is 'an image that is not there is said at its place' "$status $err" \
	"2 $work/mixed.xml:3:5: error: host a: image: there is no image \"smal\"; did you mean small?"
run netlab doctor "$work/mixed.xml"
is 'by the doctor as well' "$status" 2
run netlab image rm small
is 'the lock of a killed lab is gone' "$status" 0
is 'the store is empty' "$(find "$work/images" -mindepth 2)" ''
done_testing
