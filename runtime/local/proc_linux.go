package local

import (
	"bytes"
	"os"
	"strconv"
)

// children lists the children of a process ("self" or a pid) that /proc shows;
// those of a process that is gone are none. The lists are by thread, because a
// thread is what forks.
func children(process string) []int {
	dir := "/proc/" + process + "/task"
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var pids []int
	for _, task := range tasks {
		list, err := os.ReadFile(dir + "/" + task.Name() + "/children")
		if err != nil {
			continue
		}
		for _, field := range bytes.Fields(list) {
			if pid, err := strconv.Atoi(string(field)); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// hasMarker reports whether a process was started with the environment entry.
func hasMarker(pid int, entry string) bool {
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	for kv := range bytes.SplitSeq(env, []byte{0}) {
		if string(kv) == entry {
			return true
		}
	}
	return false
}
