package supervisor_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/runtime/supervisor"
)

// First arguments of this binary, besides supervisor.Arg.
const (
	watchArg  = "__watch"  // be a supervisor that watches memory, of the bytes that follow
	eatArg    = "__eat"    // see eat
	diskArg   = "__disk"   // serveSmallDisk
	signalArg = "__signal" // runtimetest.SignalAll
)

func TestMain(m *testing.M) {
	supervisor.RunIfChild()
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case watchArg:
			os.Exit(serveWatched(os.Args[2]))
		case diskArg:
			os.Exit(serveSmallDisk(os.Args[2]))
		case eatArg:
			os.Exit(eat(os.Args[2], os.Args[3], os.Args[4]))
		case signalArg:
			pid, _ := strconv.Atoi(os.Args[2])
			os.Exit(fail(runtimetest.SignalAll(pid)))
		}
	}
	os.Exit(m.Run())
}

// serveWatched is a supervisor; as PID 1 it has a /proc of its own.
func serveWatched(limit string) int {
	if os.Getpid() == 1 {
		if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
			return fail(supervisor.Fail(os.Stdout, "mount /proc", err))
		}
	}
	bytes, err := strconv.ParseInt(limit, 10, 64)
	if err == nil {
		err = supervisor.Serve(os.Stdin, os.Stdout, supervisor.Options{MemoryBytes: bytes})
	}
	return fail(err)
}

func fail(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// child is a supervisor that a test has started.
type child struct {
	*supervisor.Client
	cmd *exec.Cmd
}

func startChild(t testing.TB) child {
	t.Helper()
	return startArgs(t, 0, supervisor.Arg)
}

// startAlone starts a supervisor that is PID 1, which watches memory.
func startAlone(t testing.TB, limit int64) child {
	t.Helper()
	needNamespaces(t)
	return startArgs(t, unix.CLONE_NEWUSER|unix.CLONE_NEWNS|unix.CLONE_NEWPID, watchArg, strconv.FormatInt(limit, 10))
}

func needNamespaces(t testing.TB) {
	t.Helper()
	if err := (&exec.Cmd{Path: "/bin/true", SysProcAttr: namespaces(unix.CLONE_NEWUSER)}).Run(); err != nil {
		runtimetest.Missing(t, "no user namespaces: ", err)
	}
}

func namespaces(flags uintptr) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true, Cloneflags: flags}
	if flags&unix.CLONE_NEWUSER != 0 {
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
		attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN}
	}
	return attr
}

func startArgs(t testing.TB, flags uintptr, args ...string) child {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = []string{}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = namespaces(flags)
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

// again is a command that is this binary.
func again(t testing.TB, args ...string) supervisor.Start {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return supervisor.Start{Argv: append([]string{exe}, args...), Env: []string{"PATH=/usr/bin:/bin"}, Dir: "/"}
}
