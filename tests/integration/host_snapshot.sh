#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Snapshots of hosts, and directories of the machine mounted into them: made, used, taken away, and gone with the lab.
# asan: yes
# timeout: 300
# shellcheck disable=SC2013,SC2016,SC2030,SC2031,SC2317 # texts in single quotes are for the shells of the hosts; some functions are called by name
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
host() { "$NETLAB" host "$@"; }
snap() { "$NETLAB" host snapshot "$@"; }
in_h1() { netlab exec t h1 -- sh -c "$1"; }
cat >"$work/t.xml" <<'XML'
<lnstrecipe>
  <network>
    <host id="h1"><interfaces><eth id="eth0" label="net"/><eth id="blue0" label="blue" netns="blue"/></interfaces></host>
    <host id="h2"><interfaces><eth id="eth0" label="net"/><eth id="blue0" label="blue"/></interfaces></host>
  </network>
</lnstrecipe>
XML
netlab topo up "$work/t.xml" >"$work/log" 2>&1 || cat "$work/log"
cd "$work" || exit 4

# --- mounts ---

mkdir dir && echo machine >dir/file
run host mount t h1 dir /mnt/new/place
is 'a directory is mounted into a host' "$status$out$err" 0
is 'the host sees it' "$(in_h1 'cat /mnt/new/place/file')" machine
is 'in its further network namespace as well' "$(netlab exec t --netns blue h1 -- cat /mnt/new/place/file)" machine
is 'the other host does not' "$(netlab exec t h2 -- sh -c '[ -e /mnt/new/place/file ] || echo no')" no
in_h1 'echo host >/mnt/new/place/file'
is 'it may write there' "$(cat dir/file)" host
run host mount t h1 dir /mnt/ro --read-only
is 'another one, read-only' "$status$out$err" 0
like 'it may not write there' "$(in_h1 'echo no >/mnt/ro/file' 2>&1)" 'Read-only file system'
in_h1 'mknod /mnt/new/place/null c 1 3' 2>/dev/null
mknod dir/null c 1 3
like 'devices there do nothing' "$(in_h1 'cat /mnt/ro/null' 2>&1)" 'Permission denied'
run host mount t h1 dir/file /etc/mounted
is 'a file is mounted' "$status $(in_h1 'cat /etc/mounted')" '0 host'
is 'mounts are shown' "$(host show t h1 --json | jq -r '.mounts[] | .path + " " + (.read_only | tostring)' | tr '\n' ',')" '/mnt/new/place false,/mnt/ro true,/etc/mounted false,'
run host mount t h1 dir /mnt/ro
is 'not twice at one place' "$status $err" '2 error: host h1: /mnt/ro is mounted already'
run host mount t h1 nothing /mnt/x
is 'what is not there: exit 2' "$status $err" '2 error: nothing: No such file or directory [ENOENT]'
run host mount t h1 dir /etc/hosts
is 'a directory on a file: exit 2' "$status $err" '2 error: host h1: /etc/hosts: Not a directory [ENOTDIR]'
run host mount t h1 dir/file /etc
is 'a file on a directory: exit 2' "$status $err" '2 error: host h1: /etc: Is a directory [EISDIR]'
for bad in / relative /a/../b /a/. /.. //; do
	run host mount t h1 dir "$bad"
	is "not at $bad" "$status $err" '2 error: host h1: path must be an absolute one without "." and "..", and not the root'
done
run host umount t h1 /mnt/r
is 'what is not mounted cannot be taken away' "$status $err" '2 error: host h1: nothing is mounted at "/mnt/r"; did you mean "/mnt/ro"?'
run host umount t h1 /mnt/new/place
is 'a mount is taken away' "$status$out$err" 0
is 'all of it' "$(in_h1 'ls -A /mnt/new/place | wc -l') $(netlab exec t --netns blue h1 -- sh -c 'ls -A /mnt/new/place | wc -l')" '0 0'
is 'the machine has its files' "$(cat dir/file)" host
host stop t h1 --timeout 0
run host mount t h1 dir /mnt/x
is 'not into a stopped host' "$status $err" '2 error: host h1 is stopped; start it first'
host start t h1
is 'mounts go when a host stops' "$(host show t h1 --json | jq '.mounts | length') $(in_h1 'ls -A /mnt/ro | wc -l')" '0 0'

# --- snapshots ---

in_h1 'echo one >/etc/state; ln /etc/state /etc/state2; rm /etc/issue.net /etc/services; mkdir -p /opt/d; head -c 5000000 /dev/urandom >/root/big; ln -s nowhere /opt/link; chmod 4750 /opt/d; mkfifo /opt/pipe; truncate -s 10000000 /opt/hole; chown 33 /opt/hole'
# shellcheck disable=SC2016
sum() { in_h1 'for f in /etc/state /etc/state2 /root/big /opt/hole; do sha256sum $f; done; for f in /etc/state /etc/state2 /root/big /opt /opt/d /opt/link /opt/pipe /opt/hole /etc/issue.net /etc/services; do stat -c "%n %a %u %h %F %b" $f; done' 2>&1; }
first=$(sum)
run snap create t h1 first
if [ "$status" -eq 3 ]; then
	like 'without a cgroup a running host cannot be kept' "$err" '^error: host h1: to freeze a host takes '
	host stop t h1 --timeout 0
	run snap create t h1 first
	host start t h1
fi
is 'a snapshot of a host' "$status$out$err" 0
is 'the host runs on' "$(host show t h1 --json | jq -r .state) $(in_h1 'echo hello')" 'running hello'
in_h1 'echo two >/etc/state; rm -r /root/big /opt/d; echo mine >/etc/services; touch /etc/new'
is 'is listed' "$(snap list t h1 --json | jq -r '.name + " " + (.current | tostring)')" 'first false'
like 'for people' "$(snap list t h1)" $'^SNAPSHOT +MADE +CURRENT\nfirst +20[0-9-]+ [0-9:]+$'
mkfifo started
netlab exec t h1 -- sh -c 'echo started; sleep 1000' >started 2>job.err &
job=$!
read -r _ <started
run snap restore t h1 first
is 'the host goes back to it' "$status$out$err" 0
wait "$job"
is 'commands in it end' "$?" 255
is 'its files are as they were, all of them' "$(sum)" "$first"
is 'newer ones are not there' "$(in_h1 '[ -e /etc/new ] || echo no')" no
is 'its links are' "$(in_h1 'ping -c 1 -W 10 h2 | grep -c "1 received"')" 1
is 'that is where it goes on from' "$(snap list t h1 --json | jq .current)" true
in_h1 'echo three >/etc/state; rm /root/big'
host stop t h1 --timeout 0
run snap create t h1 second
is 'a snapshot of a stopped host' "$status$out$err" 0
host start t h1
is 'it goes on above that' "$(in_h1 'cat /etc/state; [ -e /root/big ] || echo no' | tr '\n' ' ')" 'three no '
in_h1 'echo four >/etc/state'
for name in first second first second second; do
	run snap restore t h1 "$name"
	is "back and forth: $name" "$status $(in_h1 'cat /etc/state; ls -A /root/big 2>/dev/null | wc -l' | tr '\n' ' ')" \
		"0 $([ "$name" = first ] && echo 'one 1 ' || echo 'three 0 ')"
done
run snap delete t h1 first
is 'one that another one lies on is deleted' "$status$out$err" 0
is 'it is not listed' "$(snap list t h1 --json | jq -r .name)" second
run snap restore t h1 second
is 'what lies on it is whole' "$status $(in_h1 'cat /etc/state; stat -c %s /opt/hole' | tr '\n' ' ')" '0 three 10000000 '
run snap rename t h1 second 2nd.of-all
is 'another name' "$status $(snap list t h1 --json | jq -r .name)" '0 2nd.of-all'
host stop t h1 --timeout 0
run snap restore t h1 2nd.of-all
is 'a stopped host stays stopped' "$status $(host show t h1 --json | jq -r .state)" '0 stopped'
host start t h1
if host freeze t h1 2>/dev/null; then
	run snap create t h1 frozen
	is 'a frozen host stays frozen' "$status $(host show t h1 --json | jq -r .state)" '0 frozen'
	run snap restore t h1 frozen
	is 'but not when it goes back' "$status $(host show t h1 --json | jq -r .state)" '0 running'
	snap delete t h1 frozen
fi
is 'other hosts are not concerned' "$(snap list t h2 --json)" ''
for ((i = 0; i < 40; i++)); do
	host stop t h1 --timeout 0 && snap create t h1 "n$i" && host start t h1 && in_h1 "echo $i >/etc/n$i"
done
is 'many snapshots, one above the other' "$(snap list t h1 --json | wc -l) $(in_h1 'cat /etc/n0 /etc/n39 /etc/state' | tr '\n' ' ')" '41 0 39 three '
run snap restore t h1 n20
is 'one in the middle' "$status $(in_h1 'cat /etc/n19; [ -e /etc/n20 ] || echo no' | tr '\n' ' ')" '0 19 no '

run snap restore t h1 n99
is 'one that is not there: exit 2' "$status" 2
like 'with the nearest name' "$err" '^error: host h1: it has no snapshot "n99"; did you mean "n[0-9]*9"\?$'
run snap create t h1 n1
is 'one that is there: exit 2' "$status $err" '2 error: host h1: it has a snapshot "n1" already'
run snap create t h1 'a b'
is 'a bad name: exit 2' "$status" 2
like 'with what is right' "$err" '^error: host h1: "a b" is no name of a snapshot: letters, digits'
run snap creat t h1 x
is 'no such word: exit 2' "$status" 2
like 'with the nearest one' "$err" "snapshot: there is no 'creat'; did you mean 'create'\?"
for bad in '' 'create t h1' 'create' 'list t' 'rename t h1 n1' 'list t h1 x'; do
	# shellcheck disable=SC2086 # words
	run snap $bad
	is "snapshot $bad: exit 2" "$status" 2
done
run snap create t h9 x
is 'no such host: exit 2' "$status" 2

# --- a keeper that is killed amid one ---

in_h1 'head -c 50000000 /dev/urandom >/root/big'
snap create t h1 amid 2>"$work/err" &
job=$!
kill -KILL "$(netlab topo ls --json | jq .pid)"
wait "$job"
gone() { [ -z "$(netlab topo ls --quiet 2>/dev/null)" ] && [ ! -e /run/netlab/t ]; }
for ((i = 0; i < 600; i++)); do
	gone && break
	sleep 0.05
done
is 'nothing is left of a lab whose keeper is killed amid a snapshot' "$(ls -A /run/netlab 2>/dev/null)" ''
done_testing
