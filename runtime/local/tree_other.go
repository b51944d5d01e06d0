//go:build !unix

package local

import (
	"context"
	"os"
	"os/exec"

	"github.com/pygent/pygent/runtime"
)

func weakness() string {
	return "processes in the background outlive their command"
}

func (t *tree) start(c *exec.Cmd) error { return c.Start() }

// wait returns when the shell has ended; its children live on.
func (t *tree) wait(ctx context.Context, c *exec.Cmd) (state *os.ProcessState, left error) {
	stop := context.AfterFunc(ctx, func() {
		t.killed.Store(true)
		_ = c.Process.Kill()
	})
	defer stop()
	_ = c.Wait()
	return c.ProcessState, nil
}

func exitOf(state *os.ProcessState) runtime.Exit { return runtime.Exit{Code: state.ExitCode()} }

// platform lists variables that programs need on this system.
func platform() []string {
	var env []string
	for _, key := range []string{"SystemRoot", "SystemDrive", "ComSpec", "PATHEXT", "TEMP", "TMP", "USERPROFILE"} {
		if value, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+value)
		}
	}
	return env
}
