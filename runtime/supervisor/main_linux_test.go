package supervisor_test

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime/supervisor"
)

func TestMain(m *testing.M) {
	supervisor.RunIfChild()
	os.Exit(m.Run())
}

// child is a supervisor that a test has started.
type child struct {
	*supervisor.Client
	cmd *exec.Cmd
}

func startChild(t testing.TB) child {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", supervisor.Arg)
	cmd.Env = []string{}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	inR, inW := pipe(t)
	outR, outW := pipe(t)
	cmd.Stdin, cmd.Stdout = inR, outW
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = inR.Close(), outW.Close()
	c := child{supervisor.NewClient(outR, inW), cmd}
	t.Cleanup(func() {
		_ = c.Close()
		_ = cmd.Wait()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := c.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return c
}

func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}

func sh(script string) supervisor.Start {
	return supervisor.Start{Argv: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Dir: "/"}
}
