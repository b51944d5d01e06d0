package local_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
)

// childrenOf lists the children of a process ("self" or a pid), zombies included.
func childrenOf(t *testing.T, process string) (pids []string) {
	t.Helper()
	tasks, err := os.ReadDir("/proc/" + process + "/task")
	if err != nil && process == "self" {
		t.Fatal(err)
	}
	for _, task := range tasks {
		list, err := os.ReadFile("/proc/" + process + "/task/" + task.Name() + "/children")
		if err == nil {
			pids = append(pids, strings.Fields(string(list))...)
		}
	}
	return pids
}

// leftovers lists the children of this process's supervisors.
func leftovers(t *testing.T) string {
	t.Helper()
	var all []string
	for _, pid := range childrenOf(t, "self") {
		all = append(all, childrenOf(t, pid)...)
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
		if left := leftovers(t); left != "" {
			t.Errorf("children %s are left after\n%s", left, res.Text)
		}
	}
}

// TestCommandsOfTwoExecutorsSpareEachOther, though both kill remaining
// processes.
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
	if left := leftovers(t); left != "" {
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

// TestCommandGetsNoDescriptorOfTheServer besides those for its output. It does
// not close those that the server itself inherited.
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
