package local

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// children lists the children of a process ("self" or a pid) that /proc shows;
// those of a process that is gone are none. The lists are by thread, because a
// thread is what forks. Beside an error, such as that no file can be opened,
// some are missing.
func children(process string) ([]int, error) {
	dir := "/proc/" + process + "/task"
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return nil, unlessGone(err)
	}
	var pids []int
	for _, task := range tasks {
		list, err := os.ReadFile(dir + "/" + task.Name() + "/children")
		if err := unlessGone(err); err != nil {
			return pids, err
		}
		for _, field := range bytes.Fields(list) {
			if pid, err := strconv.Atoi(string(field)); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids, nil
}

// hasMarker reports whether a process was started with the environment entry.
func hasMarker(pid int, entry string) (bool, error) {
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if errors.Is(err, fs.ErrPermission) {
		return false, nil // nobody can tell; it goes when no command runs
	}
	if err != nil {
		return false, unlessGone(err)
	}
	for kv := range bytes.SplitSeq(env, []byte{0}) {
		if string(kv) == entry {
			return true, nil
		}
	}
	return false, nil
}

// unlessGone drops the errors of a process or thread that has ended.
func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}
