//go:build unix && !linux

package rpc

import (
	"errors"
	"syscall"
)

type process struct{ pid int }

func findProcess(pid int) (*process, bool) {
	p := &process{pid}
	return p, pid > 0 && p.alive()
}

// alive sends signal 0, which only checks the process. EPERM means that it is alive and
// belongs to another user.
func (p *process) alive() bool {
	err := syscall.Kill(p.pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

func (p *process) close() {}
