//go:build unix && !linux

package local

import (
	"context"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// weakness is part of Info's Reason: there is no subreaper here.
func weakness() string {
	return "processes that leave their group outlive their command"
}

func (t *tree) start(c *exec.Cmd) error {
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return c.Start()
}

// wait returns when the shell has ended and its process group is killed.
func (t *tree) wait(ctx context.Context, c *exec.Cmd) (state *os.ProcessState, left error) {
	pid := c.Process.Pid
	killing := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killing)
		t.killed.Store(true)
		_ = unix.Kill(-pid, unix.SIGKILL)
	})
	_ = c.Wait()
	if !stop() {
		<-killing
	}
	_ = unix.Kill(-pid, unix.SIGKILL)
	return c.ProcessState, nil
}
