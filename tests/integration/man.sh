#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual pages: clean for mandoc, and they name every option and every element that there is.
# timeout: 60
. "$NETLAB_TOP/tests/lib/cli.sh"
work=$(mktemp -d "$NETLAB_TMP/test.XXXXXX") || exit 4
trap 'rm -rf "$work"' EXIT

man=$NETLAB_TOP/docs/man
for page in netlab.1 netlab-run.1 netlab-topo.1 netlab-match.1 netlab-exec.1 netlab-host.1 netlab-image.1 netlab-kernel.1 netlab-doctor.1 netlab-recipe.5; do
	if ! command -v mandoc >/dev/null; then
		n_tests=$((n_tests + 1))
		echo "ok $n_tests - mandoc finds nothing in $page # SKIP mandoc is missing (Debian package mandoc)"
		continue
	fi
	run mandoc -T lint -W warning "$man/$page"
	is "mandoc finds nothing in $page" "$status$out$err" 0
done

# text PAGE: with macros and escapes taken away
text() { sed -E 's/^\.(Nm netlab )?//; s/\\[&-]//g' "$man/$1"; }

# documents PAGE WORD...: each option of `netlab WORD... --help` stands in the page
documents() {
	local page=$1 option missing=''
	shift
	for option in $("$NETLAB" "$@" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
		text "$page" | grep -qE -- "Fl (. , )?-${option#--}\b" || text netlab.1 | grep -qE -- "Fl (. , )?-${option#--}\b" || missing+=" $option"
	done
	is "$page names all options of netlab $*" "$missing" ''
}
documents netlab-run.1 run
documents netlab-run.1 deconfigure
for command in up down ls inspect plan status pids; do
	documents netlab-topo.1 topo "$command"
done
documents netlab-match.1 match
documents netlab-match.1 list-pools
documents netlab-exec.1 exec
documents netlab-exec.1 shell
for command in list exists show state start stop restart freeze unfreeze put get ls mkdir rm create delete rename migrate config mount umount snapshot publish; do
	documents netlab-host.1 host "$command"
done
for command in import export ls show rm publish; do
	documents netlab-image.1 image "$command"
done
documents netlab-doctor.1 doctor
documents netlab.1 sweep
for command in fetch ls rm run; do
	documents netlab-kernel.1 kernel "$command"
done

# Every element and attribute of the schema stands in the page and in the reference.
names=$(grep -oE '<(element|attribute) name="[^"]+"' "$NETLAB_TOP/recipes/recipe.rng" | sed 's/.*name="//; s/"//' | sort -u)
missing=''
for name in $names; do
	text netlab-recipe.5 | grep -qw -- "$name" || missing+=" $name"
done
is 'netlab-recipe.5 names all elements and attributes of the schema' "$missing" ''
missing=''
for name in $names; do
	grep -qE "\`<?$name\b" "$NETLAB_TOP/docs/recipes.md" || missing+=" $name"
done
is 'docs/recipes.md names all elements and attributes of the schema' "$missing" ''

# The complete recipes of the page, the reference and the README are right.
extract() { # FILE: its complete recipes, one file each
	awk -v out="$work/$2" '/^ *<(lnst)?recipe>/ { n++; on = 1 } on { print > (out n ".xml") } /<\/(lnst)?recipe>/ { on = 0 }' "$1"
}
extract "$man/netlab-recipe.5" man
extract "$NETLAB_TOP/docs/recipes.md" md
extract "$NETLAB_TOP/README.md" readme
for recipe in "$work"/man*.xml "$work"/md*.xml "$work"/readme*.xml; do
	run "$NETLAB" topo plan "$recipe"
	is "the example $(basename "$recipe" .xml) can be planned" "$status" 0
done
done_testing
