package rpc

import (
	"bytes"
	"fmt"
	"os"
)

// process identifies a process by its number and its start time, because the number may
// be reused.
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

// startTime returns the start time of a living process, in clock ticks since boot: field
// 22 of /proc/PID/stat, see proc_pid_stat(5). The command's name may contain spaces and
// brackets, so startTime counts the fields after the last bracket.
func startTime(pid int) (string, bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", false
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	const state, start = 0, 19 // fields 3 and 22
	if len(fields) <= start || fields[state][0] == 'Z' || fields[state][0] == 'X' {
		return "", false // dead, or a zombie
	}
	return string(fields[start]), true
}
