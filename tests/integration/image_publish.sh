#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts become images: what they changed in the machine's files or in those of their image, as one layer above it.
# asan: yes
# needs: busybox
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

netlab() { "$NETLAB" "$@"; }
export NETLAB_IMAGES=$work/images

mkdir -p "$work/root"/{bin,etc,srv/old,tmp}
cp "$(command -v busybox)" "$work/root/bin/busybox"
for name in $("$work/root/bin/busybox" --list); do ln -s busybox "$work/root/bin/$name" 2>/dev/null; done
echo first >"$work/root/etc/issue"
echo old >"$work/root/srv/old/file"
echo kept >"$work/root/srv/kept"
netlab image import "$work/root" -t small >/dev/null
cat >"$work/lab.xml" <<'END'
<recipe name="lab">
  <network>
    <host id="a"><interfaces><eth id="1" label="n"/></interfaces></host>
    <host id="b" image="small"><interfaces><eth id="1" label="n"/></interfaces></host>
  </network>
</recipe>
END
sed 's/image="small"/image="second"/' "$work/lab.xml" >"$work/second.xml"
sed 's/<host id="a">/<host id="a" image="own">/; s/image="small"/image="third"/' "$work/lab.xml" >"$work/third.xml"
path() { netlab image show --json "$1" | jq -r .path; }

# --- a host of an image ------------------------------------------------------------------------------------------------------------------
netlab topo up "$work/lab.xml" -n lab
netlab exec lab b -- sh -c 'echo second >/etc/issue; rm -r /srv/old; mkdir /srv/old; echo new >/srv/old/new; rm /srv/kept
	echo gone >/tmp/x; echo gone >/run/y; echo 192.0.2.9 z >>/etc/hosts; chmod 4755 /bin/busybox'
run netlab image publish lab b second -d 'one step on'
is 'a host becomes an image' "$status" 0
is 'that lies on the one that the host is of' "$(netlab image show --json second | jq -r '[.base, .description, .below] | join(" ")')" \
	"host one step on $(netlab image show --json small | jq -r .id)"
is 'only what it changed is in it' "$(cd "$(path second)" && find . -type f | sort | tr '\n' ' ')" './bin/busybox ./etc/issue ./srv/old/new '
is 'what it removed is marked' "$(stat -c '%F %t %T' "$(path second)/srv/kept")" 'character special file 0 0'
is 'nothing is left of how it was made' "$(ls "$work/images/scratch")" ''
is 'the host runs on' "$(netlab host list lab --json | jq -r 'select(.id == "b") | .state') $(netlab exec lab b -- cat /etc/issue)" 'running second'
# --- snapshots ---------------------------------------------------------------------------------------------------------------------------
netlab host snapshot create lab b s1
netlab exec lab b -- sh -c 'echo after >/etc/issue; touch /srv/after'
run netlab image publish lab b at-s1 --snapshot s1
is 'a snapshot becomes one' "$status $(cat "$(path at-s1)/etc/issue")" '0 second'
is 'it is the same as the host was then' "$(netlab image show --json at-s1 | jq -r .id)" "$(netlab image show --json second | jq -r .id)"
run netlab host snapshot publish lab b s1 again
is 'in the words of the life of a host, too' "$status $(netlab image show --json again | jq -r .id)" "0 $(netlab image show --json second | jq -r .id)"
run netlab host publish lab b now
is 'and the host itself' "$status $(cat "$(path now)/etc/issue")" '0 after'
run netlab host snapshot publish lab b s1
is 'without a name for the image: exit 2' "$status $err" "2 netlab host snapshot: no name for the image given; try 'netlab host snapshot --help'"
run netlab image publish lab b x --snapshot s
is 'a snapshot that is not there' "$status $err" '2 error: host b: it has no snapshot "s"; did you mean "s1"?'
netlab host stop lab b >/dev/null
netlab host snapshot restore lab b s1
netlab host start lab b >/dev/null
netlab exec lab b -- sh -c 'rm -r /srv/old; echo x >/srv/old'
netlab host stop lab b >/dev/null
run netlab image publish lab b third
is 'a stopped host that lies on a snapshot becomes one' "$status $(cat "$(path third)/etc/issue" "$(path third)/srv/old" | tr '\n' ' ')" '0 second x '
is 'of the layers one is made' "$(netlab image show --json third | jq -r .below)" "$(netlab image show --json small | jq -r .id)"
# --- a host of the machine -----------------------------------------------------------------------------------------------------------------
netlab exec lab a -- sh -c 'echo here >/etc/netlab-was-here; mkdir -p /opt/x; echo y >/opt/x/y'
run netlab image publish lab a own
is 'a host of the machine becomes one' "$status $(netlab image show --json own | jq -r .below) $(cat "$(path own)/etc/netlab-was-here")" '0 machine here'
# --- what is refused -------------------------------------------------------------------------------------------------------------------------
run netlab image publish lab c x
is 'a host that is not there' "$status" 2
like 'is said' "$err" '^error: lab lab has no host "c"'
run netlab image publish no-lab a x
is 'a lab that is not there' "$status" 2
run netlab image publish lab a .x
is 'a name that is none' "$status" 2
run netlab image publish lab a
is 'a name that is not given' "$err" \
	"netlab image publish: no name for the image given; try 'netlab image publish --help'"
is 'nothing is left of what failed' "$(ls "$work/images/scratch")" ''
netlab topo down lab
run netlab image rm small
like 'the image below stays' "$status $err" "^2 error: image $(netlab image show --json small | jq -r .id | cut -c 1-12): [a-z0-9-]+ lies on it\$"

# --- and back -----------------------------------------------------------------------------------------------------------------------------------
netlab topo up "$work/second.xml" -n lab
is 'a host of it has what was changed' "$(netlab exec lab b -- sh -c 'cat /etc/issue /srv/old/new; ls /srv /srv/old; stat -c %a /bin/busybox')" \
	$'second\nnew\n/srv:\nold\n\n/srv/old:\nnew\n4755'
netlab exec lab b -- sh -c 'echo deeper >/etc/issue'
run netlab image publish lab b deeper
is 'it becomes an image in its turn' "$status $(netlab image show --json deeper | jq -r .below)" "0 $(netlab image show --json second | jq -r .id)"
netlab topo down lab
netlab topo up "$work/third.xml" -n lab
is 'a file in the place of a directory' "$(netlab exec lab b -- cat /srv/old)" x
is 'the files of the machine with those of the image' "$(netlab exec lab a -- sh -c 'cat /etc/netlab-was-here /opt/x/y; cat /etc/issue')" \
	$'here\ny\n'"$(cat /etc/issue)"
netlab topo down lab
is 'the machine has none of it' "$(ls /etc/netlab-was-here /opt/x 2>/dev/null)" ''
done_testing
