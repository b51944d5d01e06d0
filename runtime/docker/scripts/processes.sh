# Finds the processes of a command inside the container's PID namespace. Only
# shell builtins: it must work without procps, and when no fork is possible any
# more because the container is at its limit of processes.
#
# In:  id       the command's PYGENT_COMMAND; empty for every command
#      session  the PID of its wrapper, which leads its session; or empty
# Out: mine     PIDs that carry the mark, are in the session, or write to
#               the wrapper's stdout
#      unknown  all others but PID 1's own: other commands', and those whose mark was
#               cleared or changed
# Zombies are in neither: PID 1 reaps them.
pygent_walk() {
	mine= unknown=
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		case $pid in 1 | $$) continue ;; esac
		stat=
		read -r stat 2>/dev/null <"$dir/stat" || continue
		set -- ${stat##*) } # the name in parentheses may hold anything
		case $1 in Z | X) continue ;; esac
		if [ -n "$session" ] && [ "$4" = "$session" ]; then
			mine="$mine $pid"
			continue
		fi
		[ "$4" = 1 ] && continue # PID 1's child: no other process can join its session
		owner=unknown
		while read -r line || [ -n "$line" ]; do
			case $line in
			*"PYGENT_COMMAND=$id"*) owner=mine && break ;;
			esac
		done 2>/dev/null <"$dir/environ"
		if [ "$owner" = unknown ] && [ -n "$session" ]; then
			for fd in 1 2; do
				[ "$dir/fd/$fd" -ef "/proc/$session/fd/1" ] && owner=mine
			done 2>/dev/null
		fi
		case $owner in
		mine) mine="$mine $pid" ;;
		unknown) unknown="$unknown $pid" ;;
		esac
	done
}

# Sets oom to how many processes of the container the kernel has killed for lack
# of memory, or to "-" when that is unknown. Control groups version 2,
# then 1.
pygent_oom() {
	oom=-
	for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
		while read -r key value; do
			[ "$key" = oom_kill ] && oom=$value
		done 2>/dev/null <"$file"
	done
}
