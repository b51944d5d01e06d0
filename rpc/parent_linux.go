package rpc

import (
	"bytes"
	"fmt"
	"os"
)

// process is known by its start time too, so that another one that gets its
// number later is not mistaken for it.
type process struct {
	pid   int
	start string
}

func findProcess(pid int) (*process, bool) {
	start, ok := startTime(pid)
	return &process{pid, start}, ok
}

func (p *process) alive() bool {
	start, ok := startTime(p.pid)
	return ok && start == p.start
}

func (p *process) close() {}

// startTime reads the start time of a process that lives, in clock ticks since
// boot: field 22 of /proc/PID/stat, see proc_pid_stat(5). The command's name
// before it may hold anything, so fields are counted behind its last bracket.
func startTime(pid int) (string, bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", false
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	const state, start = 0, 19 // fields 3 and 22
	if len(fields) <= start || fields[state][0] == 'Z' || fields[state][0] == 'X' {
		return "", false // dead, or a zombie that nobody has waited for
	}
	return string(fields[start]), true
}
