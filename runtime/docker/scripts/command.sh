# Runs one command ($1, in directory $2) and ends the processes that it left.
# stdout is the command's; stderr is ours alone: one report a line.
id=$PYGENT_COMMAND session=$$
if ! cd -- "$2" 2>/dev/null; then
	echo nodir >&2
	exit 126
fi
pygent_oom
echo "start $$ $oom" >&2
# In a subshell: some shells redirect before they fork, and would then write about
# a signal in the middle of the command's output.
(exec sh -c -- "$1" </dev/null 2>&1)
code=$?
echo "exit $code" >&2
while pygent_walk && [ -n "$mine" ]; do
	kill -9 $mine 2>/dev/null
done
# A process that is ending has no environment any more: look again.
for again in 1 2 3 4 5 6 7 8; do
	[ -z "$unknown" ] && break
	pygent_walk
done
pygent_oom
echo "swept $oom$unknown" >&2
exit $code
