#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab kernel without booting: what is missing is named, kernels are made from folders and packages, listed and removed.
# timeout: 120
. "$NETLAB_TOP/tests/lib/cli.sh"
work=$(mktemp -d "$NETLAB_TMP/test.XXXXXX") || exit 4
trap 'rm -rf "$work"' EXIT
for tool in depmod zstd xz qemu-system-x86_64; do
	command -v $tool >/dev/null || skip "$tool is missing: tools/install-deps vm"
done
export NETLAB_KERNELS=$work/kernels

# says TEXT STATUS REGEX COMMAND...
says() {
	run "${@:4}"
	is "$1: exit $2" "$status" "$2"
	like "$1: says so" "$err$out" "$3"
}

# --- the command line ---

says 'no verb' 2 '^netlab: kernel: which of fetch, ls, rm, run\?' "$NETLAB" kernel
says 'a verb that is none' 2 "there is no command 'kernel fetsch'; did you mean 'kernel fetch'\?" "$NETLAB" kernel fetsch
says 'run without a kernel' 2 '^netlab kernel run: which kernel\?' "$NETLAB" kernel run
says 'run without a command' 2 '^netlab kernel run: which command\?' "$NETLAB" kernel run 6.1 --
says 'too little memory' 2 "--memory: '100M' is not a size of at least 512M" "$NETLAB" kernel run -m 100M 6.1 true
says 'no processors' 2 "--cpus: '0' is not a number from 1 to 64" "$NETLAB" kernel run -c 0 6.1 true
says 'a share that is not there' 2 "--share: there is no folder '/nonexistent'" "$NETLAB" kernel run -s /nonexistent 6.1 true
says 'a share of everything' 2 '--share: the root itself cannot be shared' "$NETLAB" kernel run -s / 6.1 true
says 'a lab that is kept' 2 '--kernel and --keep exclude each other' "$NETLAB" run --kernel 6.1 --keep "$NETLAB_TOP/recipes/ping.xml"

# --- what is missing ---

says 'a kernel that is not here' 3 '^error: kernel 5.4 is not here: netlab kernel fetch 5.4$' "$NETLAB" kernel run 5.4 true
says 'the same for a recipe' 3 '^error: kernel 5.4 is not here: netlab kernel fetch 5.4$' \
	"$NETLAB" run --kernel 5.4 "$NETLAB_TOP/recipes/ping.xml"
says 'no QEMU' 3 'needs the program qemu-system-x86_64, which this machine lacks: install the package qemu-system-x86$' \
	env PATH=/nonexistent "$NETLAB" kernel run 6.1 true
mkdir "$work/bin"
for tool in bash mkdir flock timeout dpkg-deb; do
	ln -s "$(command -v $tool)" "$work/bin/$tool"
done
says 'no depmod' 3 'the program depmod is missing: install the package kmod$' env PATH="$work/bin" "$NETLAB" kernel fetch 6.1
says 'no kernels' 0 'there are no kernels; netlab kernel fetch 6.1 gets one' "$NETLAB" kernel ls

# --- kernels of one's own ---

# An image as bzImage has it: a header that says where the packed kernel is.
mkdir -p "$work/k/boot" "$work/k/lib/modules/9.9.1-test"
python3 - "$work/k/boot/vmlinuz-9.9.1-test" <<'PY'
import lzma, struct, sys
payload = lzma.compress(b"\x7fELF the kernel\n") + struct.pack("<I", 16)
head = bytearray(1024)
head[0x1f1] = 1
head[0x202:0x206] = b"HdrS"
struct.pack_into("<II", head, 0x248, 100, len(payload))
open(sys.argv[1], "wb").write(bytes(head) + bytes(100) + payload + bytes(50))
PY
run "$NETLAB" kernel fetch "$work/k"
is 'a folder becomes a kernel' "$status $out" '0 9.9.1-test'
is 'its vmlinux is unpacked' "$(tail -c +2 "$work/kernels/9.9.1-test/vmlinux")" 'ELF the kernel'
is 'its modules are there' "$([ -e "$work/kernels/9.9.1-test/lib/modules/9.9.1-test/modules.dep" ] && echo yes)" yes
run "$NETLAB" kernel fetch "$work/k"
like 'the second time it is here' "$err" '9.9.1-test is here already'
is 'ls has it' "$("$NETLAB" kernel ls --json | jq -r .version)" 9.9.1-test
like 'for people as well' "$("$NETLAB" kernel ls)" '^KERNEL +FETCHED +PATH.*9.9.1-test'

# As a package, and two at once.
mkdir -p "$work/p/DEBIAN"
cp -r "$work/k/boot" "$work/k/lib" "$work/p/"
printf 'Package: k\nVersion: 1\nArchitecture: amd64\nMaintainer: x\nDescription: x\n' >"$work/p/DEBIAN/control"
dpkg-deb -b "$work/p" "$work/k.deb" >"$work/log" 2>&1
"$NETLAB" kernel rm 9.9.1-test
"$NETLAB" kernel fetch "$work/k.deb" >"$work/one" 2>&1 &
"$NETLAB" kernel fetch "$work/k.deb" >"$work/two" 2>&1
wait
is 'a package becomes a kernel; two at once are one' "$(tail -qn 1 "$work/one" "$work/two" | tr '\n' ' ')" '9.9.1-test 9.9.1-test '

# --- what is none ---

says 'a folder that has no kernel' 2 'has no boot/vmlinuz-VERSION and lib/modules$' "$NETLAB" kernel fetch "$work/bin"
echo 'no kernel' >"$work/k/boot/vmlinuz-9.9.1-test"
"$NETLAB" kernel rm 9.9.1-test
says 'an image that is none' 2 'is no kernel for x86$' "$NETLAB" kernel fetch "$work/k"
says 'a file that is not there' 2 'there is no file /nonexistent/k.deb$' "$NETLAB" kernel fetch /nonexistent/k.deb
says 'a package that is none' 2 'is no Debian package$' "$NETLAB" kernel fetch "$work/log"
is 'nothing is left of them' "$(ls -A "$work/kernels")" .lock

# --- away with it ---

says 'rm of one that is not here' 2 'kernel 9.9.1-test is not in ' "$NETLAB" kernel rm 9.9.1-test
says 'rm of a path' 2 "'../k' is no version$" "$NETLAB" kernel rm ../k
mkdir "$work/kernels/1.0" && touch "$work/kernels/1.0/vmlinux"
exec 7<"$work/kernels/1.0"
flock -s 7
says 'rm of one that is in use' 3 'kernel 1.0 is in use$' "$NETLAB" kernel rm 1.0
exec 7<&-
run "$NETLAB" kernel rm 1.0
is 'rm' "$status $(ls -A "$work/kernels")" '0 .lock'

done_testing
