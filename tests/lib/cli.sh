# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# For the bash scripts in tests/integration: TAP lines, runs of netlab with their output kept, recipes, labs that go away.
#
# private_labs "$0" "$@" goes on in a mount namespace with a /run of its own, so that labs of this
# machine are neither seen nor touched. Tools: ok, not_ok, is, like, run, pair_recipe, lan_recipe, done_testing.
# SLOW is how much slower than others this machine is, for waits: 1, or more in an emulated one.
set -u

SLOW=${NETLAB_SLOW:-1}
n_tests=0
n_failed=0
status=0 out='' err=''

private_labs() {
	if [ "${NETLAB_TEST_PRIVATE:-}" != "$$" ]; then
		# The process id stays the same over the execs, and a nested test gets its own.
		export NETLAB_TEST_PRIVATE=$$
		exec unshare --mount --propagation private -- sh -c 'mount -t tmpfs -o mode=755 netlab-test /run && exec "$@"' sh "$@"
	fi
	work=$(mktemp -d "$NETLAB_TMP/test.XXXXXX") || exit 4
	trap cleanup EXIT
}

cleanup() {
	"$NETLAB" topo down --all >"$work/down" 2>&1 || {
		cat "$work/down"
		echo 'not ok - labs could not be taken down'
	}
	rm -rf "$work"
}

ok() {
	n_tests=$((n_tests + 1))
	echo "ok $n_tests - $1"
}

not_ok() {
	n_tests=$((n_tests + 1))
	n_failed=$((n_failed + 1))
	echo "not ok $n_tests - $1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
}

# is TEXT GOT WANT
is() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got:  $2" "want: $3" "stderr: $err"; fi
}

# like TEXT GOT EXTENDED-REGEX
like() {
	if [[ $2 =~ $3 ]]; then ok "$1"; else not_ok "$1" "got:  $2" "want: $3" "stderr: $err"; fi
}

# run COMMAND...: sets status, out and err
run() {
	"$@" >"$work/out" 2>"$work/err"
	status=$?
	out=$(cat "$work/out")
	err=$(cat "$work/err")
}

skip() {
	echo "$1"
	exit 77
}

# pair_recipe FILE: two hosts, one veth, automatic addresses
pair_recipe() {
	cat >"$1" <<-'XML'
		<lnstrecipe>
		  <network>
		    <host id="h1"><interfaces><eth id="eth0" label="net"/></interfaces></host>
		    <host id="h2"><interfaces><eth id="eth0" label="net"/></interfaces></host>
		  </network>
		</lnstrecipe>
	XML
}

# lan_recipe FILE N: N hosts h1..hN on one bridge
lan_recipe() {
	{
		echo '<lnstrecipe><network>'
		for ((i = 1; i <= $2; i++)); do
			echo "<host id=\"h$i\"><interfaces><eth id=\"eth0\" label=\"lan\"/></interfaces></host>"
		done
		echo '</network></lnstrecipe>'
	} >"$1"
}

done_testing() {
	echo "1..$n_tests"
	[ "$n_failed" -eq 0 ]
	exit
}
