# Ends the processes of command $1, or of all commands when $1 is empty, and
# reports when none is left.
id=$1 session=$2
if [ -z "$id" ]; then
	kill -9 -1 2>/dev/null # all but PID 1 and this shell, at once
fi
while pygent_walk; do
	[ -z "$id" ] && mine="$mine$unknown"
	[ -z "$mine" ] && break
	kill -9 $mine 2>/dev/null
done
pygent_oom
echo "swept $oom$unknown"
