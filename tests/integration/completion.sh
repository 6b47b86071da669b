#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The bash completion: subcommands, options (all that --help names), recipes, live labs and hosts.
# timeout: 60
. "$NETLAB_TOP/tests/lib/cli.sh"
private_labs "$0" "$@"

. "$NETLAB_TOP/docs/completion/netlab.bash"
cd "$work" || exit 4

# complete_words WORD...: what is offered for the last one, sorted
complete_words() {
	COMP_WORDS=("$NETLAB" "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_netlab "$NETLAB" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	offered=$(printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ')
	offered=${offered% }
}

# offers WANT WORD...
offers() {
	complete_words "${@:2}"
	is "netlab ${*:2}" "$offered" "$1"
}

pair_recipe "$work/pair.xml"
lan_recipe "$work/ring.xml" 3
"$NETLAB" topo up "$work/pair.xml" >"$work/log"
"$NETLAB" topo up "$work/ring.xml" >"$work/log"
mkdir "$work/sub"
touch "$work/other.txt" "$work/with blank.xml"

is 'it registers itself' "$(complete -p netlab)" 'complete -F _netlab netlab'
offers '--help --version backends deconfigure doctor exec help host image kernel list-pools match run shell sweep topo version' ''
offers 'topo' t
offers 'ring.xml' doctor pair.xml r
offers 'fetch ls rm run' kernel ''
offers '6.1 6.12' kernel fetch 6
offers "$work/other.txt" kernel fetch "$work/ot"
offers '' kernel run -c o
mkdir -p "$work/kernels/6.1.0-9-amd64" && touch "$work/kernels/6.1.0-9-amd64/vmlinux"
export NETLAB_KERNELS=$work/kernels
offers '6.1.0-9-amd64' kernel run 6.1.0-9
offers '6.1.0-9-amd64' kernel rm 6.1.0-9
offers '6.1.0-9-amd64' run --kernel 6.1.0-9
rm -r "$work/kernels"
offers 'export import ls publish rm show' image ''
export NETLAB_IMAGES=$work/images
mkdir "$work/.root"
"$NETLAB" image import "$work/.root" -t small >"$work/log"
offers 'small' image show ''
offers 'small' image export s
offers 'small' topo up --image ''
rm -r "$work/.root" "$NETLAB_IMAGES"
offers 'down inspect ls pids plan status up' topo ''
offers 'pair ring' topo down ''
offers 'ring' topo down pair ''
offers 'ring' topo down r
offers 'pair ring' topo inspect ''
offers '' topo inspect pair ''
offers 'pair ring' topo status ''
offers '' topo status pair ''
offers 'pair ring' topo pids ''
offers 'h1 h2' topo pids pair ''
offers '' topo pids pair h1 ''
offers 'pair ring' exec ''
offers 'h1 h2 h3' exec ring ''
offers 'h1 h3' exec ring h2 h
offers 'h1 h2 h3' exec --timeout 5 ring ''
offers '' exec --timeout ''
offers '' exec nosuch ''
offers 'h1 h2' shell pair ''
offers '' shell pair h1 ''
offers 'config create delete exec exists freeze get list ls migrate mkdir mount publish put rename restart rm shell show snapshot start state stop umount unfreeze' host ''
offers 'pair ring' host stop ''
offers 'h1 h2 h3' host stop ring ''
offers 'h2 h3' host freeze ring h1 ''
offers '--all --help --json --no-colour --timeout --verbose' host restart -
offers 'h1 h2' host show pair ''
offers '' host show pair h1 ''
offers 'pair ring' host list ''
offers '' host list pair ''
offers 'h1 h2' host exec pair ''
offers 'pair.xml' host put pair h1 pa
"$NETLAB" host put pair h1 pair.xml /etc/netlab.test
offers '/etc/netlab.test' host get pair h1 /etc/netlab.
offers '/etc/' host ls pair h1 /et
offers '' host rm pair h1 /etc/hosts ''
offers 'create delete list publish rename restore' host snapshot ''
offers 'h1 h2' host snapshot restore pair ''
offers 'pair.xml' topo up pa
offers 'pair.xml ring.xml sub with blank.xml' topo up ''
offers '' topo up pair.xml ''
offers 'sub' topo plan s
offers 'ring.xml' run pair.xml r
offers 'ring.xml' match pair.xml r
offers 'sub' run --pool s
offers 'other.txt' match -c o
offers 'ring.xml' topo up -n name r
offers '' topo up -n ''
complete_words exec ring h1 -- unam
like 'behind -- a command' "$offered" '(^| )uname( |$)'
complete_words exec ring h1 -- cat pai
is 'and its files' "$offered" pair.xml

# Every option that --help names is offered, and no other.
for command in run deconfigure sweep match list-pools 'topo up' 'topo down' 'topo ls' 'topo inspect' 'topo plan' 'topo status' 'topo pids' exec shell \
	'host list' 'host exists' 'host show' 'host state' 'host start' 'host stop' 'host restart' 'host freeze' 'host unfreeze' \
	'host put' 'host get' 'host ls' 'host mkdir' 'host rm' 'host create' 'host delete' 'host rename' 'host migrate' 'host config' 'host mount' 'host umount' 'host snapshot'; do
	read -ra words <<<"$command"
	complete_words "${words[@]}" --
	help=$("$NETLAB" "${words[@]}" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort | tr '\n' ' ')
	is "options of $command" "$(tr ' ' '\n' <<<"$offered" | grep -vx -- -- | sort | tr '\n' ' ')" "$help"
done
done_testing
