package local_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
)

// childrenOf lists the children of this test process, zombies included.
func childrenOf(t *testing.T) string {
	t.Helper()
	var all []string
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		list, err := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		if err == nil {
			all = append(all, strings.Fields(string(list))...)
		}
	}
	return strings.Join(all, " ")
}

func TestOrphansOfAnEndedCommandAreReaped(t *testing.T) {
	rt := newRuntime(t)
	cleanup(t, rt)
	for _, cmd := range []string{
		"sleep 100 & sleep 0 & exit 0",
		"(setsid sleep 100 &); (setsid sleep 0 &); sleep 0.1",
		"(env -i PATH=$PATH setsid sh -c 'sleep 100 & setsid sleep 100 & sleep 100' >/dev/null 2>&1 &); sleep 0.1",
		"for i in 1 2 3 4 5 6 7 8 9; do (setsid sh -c 'for j in 1 2 3 4 5 6 7 8 9; do setsid sleep 100 & done; wait' &); done; sleep 0.2",
	} {
		res := rt.Bash(t.Context(), cmd, runtime.BashOptions{})
		if left := childrenOf(t); left != "" {
			t.Errorf("children %s are left after\n%s", left, res.Text)
		}
	}
}

// TestServersOwnChildrenAreSpared: not every child of the server is an orphan.
func TestServersOwnChildrenAreSpared(t *testing.T) {
	own := exec.Command("sleep", "100")
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = own.Wait() }()
	defer func() { _ = own.Process.Kill() }()
	rt := newRuntime(t)
	cleanup(t, rt)
	rt.Bash(t.Context(), "(setsid sleep 100 &); exit 0", runtime.BashOptions{})
	if left := childrenOf(t); left != strconv.Itoa(own.Process.Pid) {
		t.Errorf("children: %q, want %d", left, own.Process.Pid)
	}
	if err := own.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the server's own child: %v", err)
	}
}

// TestCommandsOfTwoExecutorsSpareEachOther: the kernel gives the orphans of all
// to the one server process.
func TestCommandsOfTwoExecutorsSpareEachOther(t *testing.T) {
	one, two := newRuntime(t), newRuntime(t)
	cleanup(t, one)
	cleanup(t, two)
	var all sync.WaitGroup
	all.Go(func() {
		cmd := "(setsid sh -c 'sleep 1; echo daemon' &); (env -i PATH=$PATH setsid sh -c 'sleep 1; echo bare' &); sleep 2; echo front"
		res := one.Bash(t.Context(), cmd, runtime.BashOptions{})
		for _, want := range []string{"\ndaemon\n", "\nbare\n", "\nfront\n"} {
			if !strings.Contains(res.Text, want) {
				t.Errorf("%q is missing:\n%s", want, res.Text)
			}
		}
	})
	all.Go(func() {
		for range 20 {
			two.Bash(t.Context(), "(setsid sleep 100 &); sleep 0.05", runtime.BashOptions{})
		}
	})
	all.Wait()
	if left := childrenOf(t); left != "" {
		t.Errorf("children %s are left", left)
	}
}

// TestOrphanThatCannotBeLookedForIsReported: a server without free descriptors
// cannot read /proc, and must not pass that off as nothing found.
func TestOrphanThatCannotBeLookedForIsReported(t *testing.T) {
	rt := newRuntime(t)
	cleanup(t, rt)
	ended := make(chan runtime.Result, 1)
	go func() {
		ended <- rt.Bash(t.Context(), "(setsid sleep 100 &); sleep 0.2; echo x >begun; while [ ! -d go ]; do sleep 0.1; done", runtime.BashOptions{})
	}()
	waitForFile(t, filepath.Join(rt.Workspace().Dir(), "begun"))
	noMoreFiles(t, func() {
		if err := os.Mkdir(filepath.Join(rt.Workspace().Dir(), "go"), 0o700); err != nil {
			t.Error(err)
		}
		res := <-ended
		if !strings.Contains(res.Text, "\n[processes of this command may be left: ") || !strings.Contains(res.Text, "too many open files") {
			t.Errorf("the daemon is not spoken of:\n%s", res.Text)
		}
	})
	rt.Bash(t.Context(), "true", runtime.BashOptions{})
	if left := childrenOf(t); left != "" {
		t.Errorf("children %s are left even after the next command", left)
	}
}

// noMoreFiles calls f while this process can open no file.
func noMoreFiles(t *testing.T, f func()) {
	t.Helper()
	var before unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: before.Max}, nil); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &before, nil); err != nil {
			t.Error(err)
		}
	}()
	f()
}

func waitForFile(t *testing.T, name string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if info, err := os.Stat(name); err == nil && info.Size() > 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s was not written", name)
		}
	}
}

// TestForkBombEnds: it is in one process group, so that one signal gets it all,
// whatever it does meanwhile.
func TestForkBombEnds(t *testing.T) {
	rt := newRuntime(t)
	cleanup(t, rt)
	begin := time.Now()
	// Bounded, for the machine's sake: at the most 2^9 processes at a time.
	res := rt.Bash(t.Context(), "f() { [ $1 -gt 8 ] && sleep 100; f $(($1+1)) & f $(($1+1)) & wait; }; f 0", runtime.BashOptions{Timeout: time.Second})
	if !res.TimedOut || time.Since(begin) > 10*time.Second {
		t.Errorf("after %v:\n%.500s", time.Since(begin), res.Text)
	}
	if left := childrenOf(t); left != "" {
		t.Errorf("children %s are left", left)
	}
}

func TestNoFileDescriptorOrMemoryIsKept(t *testing.T) {
	rt := newRuntime(t)
	cleanup(t, rt)
	rt.Bash(t.Context(), "true", runtime.BashOptions{})
	before := openFiles(t)
	for range 20 {
		rt.Bash(t.Context(), "sleep 100 & echo x", runtime.BashOptions{})
	}
	if after := openFiles(t); after > before {
		t.Errorf("%d open files, %d before", after, before)
	}
	rss := residentKiB(t)
	res := rt.Bash(t.Context(), "yes", runtime.BashOptions{Timeout: time.Second})
	if grown := residentKiB(t) - rss; grown > 20<<10 {
		t.Errorf("%d bytes of output took %d KiB", res.TotalBytes, grown)
	}
}

// TestCommandGetsNoDescriptorOfTheServer besides those for its output. The ones
// that the server itself inherited are not its to close.
func TestCommandGetsNoDescriptorOfTheServer(t *testing.T) {
	rt := newRuntime(t)
	cleanup(t, rt)
	secret, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = secret.Close() }()
	res := rt.Bash(t.Context(), "ls -l /proc/self/fd", runtime.BashOptions{})
	own := exec.Command("ls", "-l", "/proc/self/fd")
	inherited, err := own.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(res.Text, " -> "), strings.Count(string(inherited), " -> "); got != want {
		t.Errorf("%d descriptors, a bare child has %d:\n%s", got, want, res.Text)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(fds)
}

func residentKiB(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	var kib int
	if _, err := fmt.Sscan(string(rest), &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}
