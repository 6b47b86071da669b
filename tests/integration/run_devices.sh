#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netlab run: the recipes of all kinds of interfaces. Those that need what this kernel or machine lacks are named, and run in the virtual machine.
# timeout: 600
# vm: yes
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

cd "$NETLAB_TOP" || exit 4
missing=()
for recipe in recipes/devices/*.xml; do
	run "$NETLAB" run "$recipe"
	case $status in
	3) missing+=("$(basename "$recipe" .xml): ${err##*error: }") ;;
	0) like "$recipe" "$(tail -n 1 <<<"$out")" "^PASS  $recipe: " ;;
	*) not_ok "$recipe ends with exit status $status" "$out" "$err" ;;
	esac
	is "$recipe leaves no lab" "$("$NETLAB" topo ls -q)" ''
done
echo "1..$n_tests"
[ "$n_failed" -eq 0 ] || exit 1
[ ${#missing[@]} -eq 0 ] || skip "$(printf '%s; ' "${missing[@]//$'\n'/ }")"
