#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Files of hosts: put, got, listed, made and deleted; with modes and owners, and never out of the place where they belong.
# asan: yes
# timeout: 300
# shellcheck disable=SC2013,SC2015,SC2016,SC2030,SC2031,SC2317 # texts in single quotes are for the shells of the hosts; some functions are called by name
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
host() { "$NETLAB" host "$@"; }
in_h1() { netlab exec p h1 -- sh -c "$1"; }
pair_recipe "$work/p.xml"
netlab topo up "$work/p.xml" >"$work/log" 2>&1 || cat "$work/log"
cd "$work" || exit 4

# --- files ---

head -c 3000000 /dev/urandom >big
chmod 640 big
touch -d '2020-01-02 03:04:05 UTC' big
run host put p h1 big /srv/big
is 'a file is put' "$status$out$err" 0
is 'it is the same' "$(in_h1 'sha256sum </srv/big')" "$(sha256sum <big)"
is 'with its mode and time, and belongs to root' "$(in_h1 'stat -c "%a %u:%g %Y" /srv/big')" '640 0:0 1577934245'
is 'the other host does not have it' "$(netlab exec p h2 -- ls /srv/big 2>&1 | grep -c 'No such file')" 1
run host put p h1 big /srv/ --mode 4711 --owner 33:44
is 'into a directory, with another mode and owner' "$status $(in_h1 'stat -c "%a %u:%g" /srv/big')" '0 4711 33:44'
run host put p h1 big /srv/a/b/c
is 'a directory that is not there: exit 2' "$status" 2
is 'with a clear line' "$err" 'error: host h1: /srv/a/b: No such file or directory [ENOENT]'
run host put p h1 big /srv/a/b/c -p
is 'unless it is to be made' "$status $(in_h1 'stat -c %s /srv/a/b/c')" '0 3000000'
run host get p h1 /srv/big copy
is 'a file is got' "$status$out$err" 0
is 'it is the same' "$(cmp big copy && echo same)" same
is 'not set-user-ID, and ours' "$(stat -c '%a %u' copy)" "711 $(id -u)"
mkdir here
run host get p h1 /srv/big here --json
is 'into a directory' "$status $(jq -r '.host + " " + .path' <<<"$out") $(cmp big here/big && echo same)" '0 h1 here same'
if (cd here && run host get p h1 /srv/a/b/c && [ -e c ]); then ok 'or into this one'; else not_ok 'or into this one'; fi
run host get p h1 /srv/nothing x
is 'a file that is not there: exit 2' "$status" 2
is 'with a clear line' "$err" 'error: host h1: /srv/nothing: No such file or directory [ENOENT]'
is 'and nothing is left of it' "$(ls -A x .netlab* 2>/dev/null)" ''
run host put p h1 nothing /srv/x
is 'one that is not there to put' "$status $err" '2 error: nothing: No such file or directory [ENOENT]'
run host get p h1 /srv/big nodir/x
is 'no place to get it to' "$status $err" '2 error: nodir: No such file or directory [ENOENT]'
run host get p h1 /dev/null x
is 'a device is no file' "$status $err" '2 error: host h1: /dev/null: neither a file nor a directory'
run host put p h1 big relative
is 'a path that is not absolute: exit 2' "$status" 2
like 'with a clear line' "$err" "'relative' is a path in the host: it must begin with '/'"
run host put p h9 big /x
is 'a host that is not there: exit 2' "$status" 2
for bad in 9 77777 rw; do
	run host put p h1 big /x --mode "$bad"
	is "--mode $bad: exit 2" "$status" 2
done
run host put p h1 big /x --owner root
is '--owner root: exit 2, it takes numbers' "$status" 2
run host put p h1 big /etc
is 'into an existing directory as a matter of course' "$status $(in_h1 'ls /etc/big')" '0 /etc/big'
in_h1 'mkdir -p /srv/d/big'
run host put p h1 big /srv/d
is 'a directory is not replaced by a file' "$status $err" '2 error: host h1: /srv/d: Is a directory [EISDIR]'

mkdir full && mount -t tmpfs -o size=1m none full
run host get p h1 /srv/big full
is 'a full disk: exit 3' "$status" 3
is 'with a clear line' "$err" 'error: full: No space left on device [ENOSPC]'
is 'and nothing is left there' "$(ls -A full)" ''
umount full

# --- directories ---

mkdir -p "tree/sub/deep" tree/empty
echo one >tree/one
echo two >"tree/sub/with blank"
printf 'x' >tree/sub/deep/x
chmod 700 tree/sub
chmod 755 tree/one
ln -s ../one tree/sub/link
ln -s /etc/shadow tree/out
ln -s . tree/self
mkfifo tree/pipe
run host put p h1 tree /srv/t
is 'a directory is put' "$status$out$err" 0
want=$(cd tree && find . ! -type p -printf '%y %m %p %l\n' | sort)
is 'with all that is in it' "$(in_h1 'cd /srv/t && find . -printf "%y %m %p %l\n"' | sort)" "$want"
is 'and the content' "$(in_h1 'cat "/srv/t/sub/with blank" /srv/t/sub/link' | tr '\n' ' ')" 'two one '
in_h1 'echo more >/srv/t/more; rm -r /srv/t/sub/deep'
echo changed >tree/one
run host put p h1 tree/ /srv/t/../
is 'again, over itself, through a path with ..' "$status$err" 0
run host put p h1 tree /srv/up --owner 5
is 'with another owner, links as well' "$status $(in_h1 'find /srv/up -printf "%U:%G\n"' | sort -u)" '0 5:5'
run host get p h1 /srv/t back
is 'a directory is got' "$status$out$err" 0
is 'with all that is in it' "$(cd back && find . -type f | sort | tr '\n' ' ')" './more ./one ./sub/with blank '
run host get p h1 /srv/t/ here
is 'into a directory' "$status $(cat here/t/one)" '0 one'

# --- a host that means harm ---

mkdir outside && echo mine >outside/file
ln -s "$work/outside" here/t/sub2
in_h1 'mkdir -p /srv/evil/t/sub2 && echo theirs >/srv/evil/t/sub2/file'
run host get p h1 /srv/evil/t here
is 'a link here is not followed on the way' "$status $(cat outside/file)" '2 mine'
like 'that is said' "$err" '^error: here/sub2: Not a directory \[ENOTDIR\]$'
in_h1 'mkdir -p /srv/l && ln -s /proc/1/root/etc/hosts /srv/l/1 && ln -s ../../../../../../../../etc/passwd /srv/l/2'
run host get p h1 /srv/l lnk
is 'links are got as links' "$status $(readlink lnk/2)" '0 ../../../../../../../../etc/passwd'

# --- ls, mkdir, rm ---

run host mkdir p h1 /srv/new
is 'a directory is made' "$status$out$err $(in_h1 'stat -c %a:%u /srv/new')" '0 755:0'
run host mkdir p h1 /srv/new
is 'it is there already: exit 2' "$status $err" '2 error: host h1: /srv/new: File exists [EEXIST]'
run host mkdir p h1 /srv/n1/n2 -p -m 1777 -o 7:8
is 'with those above it, mode and owner' "$status $(in_h1 'stat -c %a:%u:%g /srv/n1/n2; stat -c %a /srv/n1' | tr '\n' ' ')" '0 1777:7:8 755 '
run host ls p h1 /srv/t --json
is 'files are listed' "$(jq -r '.type + " " + .name' <<<"$out" | tr '\n' ',')" 'directory empty,file more,file one,link out,link self,directory sub,'
is 'with what they are' "$(jq -c 'select(.name == "one" or .name == "out") | [.mode, .uid, .size, .target]' <<<"$out" | tr '\n' ' ')" '[493,0,4,null] [511,0,11,"/etc/shadow"] '
like 'for people' "$(host ls p h1 /srv/t)" $'MODE +OWNER +SIZE +CHANGED +NAME\nd0755 +0:0 .* empty\n(.*\n)*l0777 +0:0 +11 .* out -> /etc/shadow\n'
like 'the root without a path' "$(host ls p h1)" ' etc'
run host ls p h1 /srv/no
is 'what is not there: exit 2' "$status $err" '2 error: host h1: /srv/no: No such file or directory [ENOENT]'
run host rm p h1 /srv/t/one
is 'a file is deleted' "$status$out$err $(in_h1 '[ -e /srv/t/one ] || echo gone')" '0 gone'
run host rm p h1 /srv/t/one
is 'it is not there any more: exit 2' "$status $err" '2 error: host h1: /srv/t/one: No such file or directory [ENOENT]'
run host rm p h1 /srv/t
is 'a directory with something in it: exit 2' "$status $err" '2 error: host h1: /srv/t: Directory not empty [ENOTEMPTY]'
run host rm p h1 /srv/t -r
is 'unless that is wanted' "$status$out$err $(in_h1 '[ -e /srv/t ] || echo gone')" '0 gone'
in_h1 'mkdir /srv/k && echo kept >/srv/k/f && mkdir /srv/r && ln -s /srv/k /srv/r/l'
run host rm p h1 /srv/r -r
is 'a link in it is not followed' "$status $(in_h1 'cat /srv/k/f')" '0 kept'
run host rm p h1 /.. -r
is 'the root stays' "$status $err" '2 error: host h1: /..: the root stays'
run host rm p h1 /proc/sys -r
is 'what the kernel has stays' "$([ "$status" -ne 0 ] && echo refused)" refused

# --- when it cannot be ---

if in_h1 'mount | grep -q " / .*overlay"'; then ok 'the root is an overlay'; else not_ok 'the root is an overlay'; fi
host stop p h2 --timeout 0
run host put p h2 big /x
is 'a stopped host takes nothing: exit 2' "$status $err" '2 error: host h2 is stopped'
run host ls p h2 /
is 'and tells nothing' "$status $err" '2 error: host h2 is stopped'
netlab topo down p >"$work/log"
done_testing
