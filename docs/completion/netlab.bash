# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of the netlab command for bash: subcommands, options, recipes, and the labs and hosts that run now.

# Words that complete the current one, without those that stand on the command line already.
_netlab_offer()
{
	local word seen
	for word in $1; do
		for seen in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
			[ "$seen" = "$word" ] && continue 2
		done
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
}

_netlab_recipes()
{
	local file
	compopt -o filenames 2>/dev/null
	while IFS= read -r file; do
		[[ -d $file || $file == *.xml ]] && COMPREPLY+=("$file")
	done < <(compgen -f -- "$cur")
}

# Names of the configuration, and folders.
_netlab_pools()
{
	local folder
	compopt -o filenames 2>/dev/null
	_netlab_offer "$("$netlab" list-pools --json 2>/dev/null | sed -n 's/^{"event":"pool","pool":"\([^"]*\)".*/\1/p')"
	while IFS= read -r folder; do COMPREPLY+=("$folder"); done < <(compgen -d -- "$cur")
}

_netlab_labs()
{
	_netlab_offer "$("$netlab" topo ls --quiet 2>/dev/null)"
}

_netlab_hosts()
{
	_netlab_offer "$("$netlab" topo inspect --quiet -- "$1" 2>/dev/null)"
}

# Paths in a host.
_netlab_paths()
{
	local dir=/ word
	[[ $cur == /*/* ]] && dir=${cur%/*}/
	compopt -o nospace 2>/dev/null
	while IFS= read -r word; do
		[[ $dir$word == "$cur"* ]] && COMPREPLY+=("$dir$word")
	done < <("$netlab" host ls --json -- "$1" "$2" "$dir" 2>/dev/null |
		sed -n 's/^{"name":"\([^"]*\)","type":"directory".*/\1\//p; t; s/^{"name":"\([^"]*\)".*/\1/p')
}

_netlab_images()
{
	_netlab_offer "$("$netlab" image ls --json 2>/dev/null | sed -n 's/^{"name":"\([^"]*\)".*/\1/p')"
}

_netlab_kernels()
{
	_netlab_offer "$("$netlab" kernel ls --json 2>/dev/null | sed -n 's/.*"version":"\([^"]*\)".*/\1/p')"
}

# The command behind "--": as bash completes any other command.
_netlab_command()
{
	if declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif [ "$COMP_CWORD" -eq "$1" ]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur" | sort -u)
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}

_netlab()
{
	local netlab=$1 cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local common='--json --verbose --no-colour --help' command='' within='' with_arg='' options='' i=1
	local pools='--config --pool --no-pool --backend --image' pools_with_arg='-c --config --pool --backend --image'
	local -a operands=()

	COMPREPLY=()
	command -v "$netlab" >/dev/null || netlab=netlab
	if [ "$COMP_CWORD" -eq 1 ]; then
		_netlab_offer 'run deconfigure topo match list-pools exec shell host image backends doctor sweep kernel help version --help --version'
		return
	fi
	command=${COMP_WORDS[1]}
	case $command in
	topo) within='up down ls inspect plan status pids' ;;
	kernel) within='fetch ls rm run' ;;
	image) within='import export ls show rm publish' ;;
	host) within='list exists show state start stop restart freeze unfreeze put get ls mkdir rm create delete rename migrate config mount umount snapshot publish exec shell' ;;
	esac
	if [ -n "$within" ]; then
		if [ "$COMP_CWORD" -eq 2 ]; then
			_netlab_offer "$within"
			return
		fi
		command+=" ${COMP_WORDS[2]}"
		i=2
	fi
	case $command in
	ls | inspect) command="topo $command" ;;
	'topo exec' | 'topo shell') command=${command#topo } ;;
	'host exec' | 'host shell') command=${command#host } ;;
	'host publish') command='image publish' ;;
	esac

	case $command in
	run)
		options='--name --define-alias --override-alias --config-only --jobs --keep --kernel --lab --module-dir --only --packet-capture'
		options+=" --repeat --shuffle --timeout --timing --tool-dir --result --junit --html --tap --multi-match $pools"
		with_arg=' -n --name -a --define-alias -A --override-alias -j --jobs --kernel --lab --module-dir --only -p --packet-capture'
		with_arg+=" --repeat --shuffle --timeout --tool-dir -x --result --junit --html $pools_with_arg "
		;;
	deconfigure)
		options='--name --define-alias --override-alias'
		with_arg=' -n --name -a --define-alias -A --override-alias '
		;;
	'topo up')
		options="--name --define-alias --override-alias --timing --hold $pools"
		with_arg=" -n --name -a --define-alias -A --override-alias $pools_with_arg "
		;;
	'topo plan')
		options="--define-alias --override-alias $pools"
		with_arg=" -a --define-alias -A --override-alias $pools_with_arg "
		;;
	match)
		options="--define-alias --override-alias --multi-match $pools"
		with_arg=" -a --define-alias -A --override-alias $pools_with_arg "
		;;
	list-pools)
		options='--config --pool'
		with_arg=" $pools_with_arg "
		;;
	sweep) options='--dry-run' ;;
	'topo down') options='--all' ;;
	'topo ls' | 'topo inspect' | 'topo pids') options='--quiet' ;;
	'topo status')
		options='--quiet --timeout'
		with_arg=' -t --timeout '
		;;
	doctor)
		options="--define-alias --override-alias --module-dir $pools"
		with_arg=" -a --define-alias -A --override-alias --module-dir $pools_with_arg "
		;;
	'kernel run')
		options='--share --memory --cpus --timeout'
		with_arg=' -s --share -m --memory -c --cpus -t --timeout '
		;;
	exec)
		options='--all --netns --timeout'
		with_arg=' --netns -t --timeout '
		;;
	'image import')
		options='--name --description'
		with_arg=' -t --name -d --description '
		;;
	'image publish')
		options='--snapshot --description'
		with_arg=' -s --snapshot -d --description '
		;;
	'host list') options='--quiet' ;;
	'host start' | 'host freeze' | 'host unfreeze') options='--all' ;;
	'host put' | 'host mkdir')
		options='--mode --owner --parents'
		with_arg=' -m --mode -o --owner '
		;;
	'host rm') options='--recursive' ;;
	'host create')
		options='--network --image --memory --cpus --pids --router --ephemeral'
		with_arg=' --network --image --memory --cpus --pids '
		;;
	'host delete') options='--all --force' ;;
	'host config')
		options='--memory --cpus --pids --env --unset --ephemeral'
		with_arg=' --memory --cpus --pids -e --env --unset --ephemeral '
		;;
	'host mount') options='--read-only' ;;
	'host stop' | 'host restart')
		options='--all --timeout'
		with_arg=' -t --timeout '
		;;
	shell)
		options='--netns'
		with_arg=' --netns '
		;;
	help)
		[ "$COMP_CWORD" -eq 2 ] && _netlab_offer 'run deconfigure topo match list-pools exec shell host image backends doctor sweep kernel'
		return
		;;
	esac

	while [ $((++i)) -lt "$COMP_CWORD" ]; do
		case ${COMP_WORDS[i]} in
		--)
			case $command in exec | shell | 'kernel run') _netlab_command $((i + 1)) ;; esac
			return
			;;
		-*) [[ $with_arg == *" ${COMP_WORDS[i]} "* ]] && i=$((i + 1)) ;;
		*) operands+=("${COMP_WORDS[i]}") ;;
		esac
	done
	if [[ $with_arg == *" $prev "* ]]; then
		case $prev in
		--lab) _netlab_labs ;;
		--pool) _netlab_pools ;;
		-c | --config | -x | --result | --junit | --html)
			[ "$command" != 'kernel run' ] || return # -c N
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			;;
		--kernel) _netlab_kernels ;;
		--image) _netlab_images ;;
		-s | --share | --module-dir | --tool-dir | -p | --packet-capture) compopt -o dirnames 2>/dev/null ;;
		esac
		return
	fi
	if [[ $cur == -* ]]; then
		_netlab_offer "$options $common"
		case $command in exec | shell) _netlab_offer -- ;; esac
		return
	fi

	case $command in
	run | deconfigure | match | doctor) _netlab_recipes ;;
	'topo up' | 'topo plan') [ ${#operands[@]} -gt 0 ] || _netlab_recipes ;;
	'topo down') _netlab_labs ;;
	'kernel fetch')
		[ ${#operands[@]} -eq 0 ] || return
		_netlab_offer '6.1 6.12'
		# A package or a folder.
		[ -z "$cur" ] || [ ${#COMPREPLY[@]} -gt 0 ] || {
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		}
		;;
	'kernel rm') _netlab_kernels ;;
	'image show' | 'image rm') _netlab_images ;;
	'image export')
		[ ${#operands[@]} -gt 0 ] || _netlab_images
		[ ${#operands[@]} -ne 1 ] || { compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); }
		;;
	'image import')
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	'kernel run')
		case ${#operands[@]} in
		0) _netlab_kernels ;;
		*) _netlab_command $((COMP_CWORD - ${#operands[@]} + 1)) ;;
		esac
		;;
	'topo inspect' | 'topo status') [ ${#operands[@]} -gt 0 ] || _netlab_labs ;;
	'topo pids' | 'image publish')
		case ${#operands[@]} in
		0) _netlab_labs ;;
		1) _netlab_hosts "${operands[0]}" ;;
		esac
		;;
	exec | 'host '*)
		case $command,${#operands[@]} in
		'host snapshot',0) _netlab_offer 'create list rename restore delete publish' ;;
		'host snapshot',1) _netlab_labs ;;
		'host snapshot',2) _netlab_hosts "${operands[1]}" ;;
		'host snapshot',3)
			[ "${operands[0]}" = list ] || [ "${operands[0]}" = create ] ||
				_netlab_offer "$("$netlab" host snapshot list --json -- "${operands[1]}" "${operands[2]}" 2>/dev/null |
					sed -n 's/^{"name":"\([^"]*\)".*/\1/p')"
			;;
		'host snapshot',*) ;;
		*,0) _netlab_labs ;;
		'host list',*) ;;
		'host put',2 | 'host get',3 | 'host mount',2)
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			;;
		'host get',2 | 'host put',3 | 'host mount',3 | 'host umount',2 | 'host ls',2 | 'host mkdir',2 | 'host rm',2) _netlab_paths "${operands[@]:0:2}" ;;
		'host put',1 | 'host get',1 | 'host mount',1 | 'host umount',1 | 'host ls',1 | 'host mkdir',1 | 'host rm',1) _netlab_hosts "${operands[0]}" ;;
		'host put',* | 'host get',* | 'host mount',* | 'host umount',* | 'host ls',* | 'host mkdir',* | 'host rm',*) ;;
		'host exists',1 | 'host show',1 | 'host state',1 | 'host config',1 | 'host rename',1 | 'host migrate',1) _netlab_hosts "${operands[0]}" ;;
		'host exists',* | 'host show',* | 'host state',* | 'host config',* | 'host create',* | 'host rename',* | 'host migrate',*) ;;
		*) _netlab_hosts "${operands[0]}" ;;
		esac
		;;
	shell)
		case ${#operands[@]} in
		0) _netlab_labs ;;
		1) _netlab_hosts "${operands[0]}" ;;
		esac
		;;
	esac
}

complete -F _netlab netlab
