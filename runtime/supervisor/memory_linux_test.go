package supervisor_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

const watchedBytes = 256 << 20 // the race detector takes some in each process

// eat takes memory of a kind in each of some processes and keeps it.
func eat(kind, processes, size string) int {
	n, _ := strconv.Atoi(processes)
	bytes, _ := strconv.Atoi(size)
	if n > 1 {
		for range n {
			cmd := exec.Command("/proc/self/exe", eatArg, kind, "1", size)
			cmd.Stdout = os.Stdout
			cmd.ExtraFiles = []*os.File{os.NewFile(3, "")} // common
			if kind != "common" {
				cmd.ExtraFiles = nil
			}
			if err := cmd.Start(); err != nil {
				return fail(err)
			}
		}
		time.Sleep(time.Minute)
		return 0
	}
	if kind == "untagged" { // as a command can where nothing forbids it
		if err := unix.Setrlimit(unix.RLIMIT_RTTIME, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}); err != nil {
			return fail(err)
		}
	}
	mem, err := take(kind, bytes)
	if err != nil {
		return fail(err)
	}
	for i := 0; i < len(mem); i += os.Getpagesize() {
		mem[i] = 1
	}
	fmt.Println("ate")
	if kind == "thread" && unix.Gettid() == unix.Getpid() {
		_, _, _ = unix.Syscall(unix.SYS_EXIT, 0, 0, 0) // of the first thread alone
	}
	time.Sleep(time.Minute)
	return 0
}

func take(kind string, size int) ([]byte, error) {
	fd, flags := -1, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS
	switch kind {
	case "shared":
		flags = unix.MAP_SHARED | unix.MAP_ANONYMOUS
	case "memfd":
		var err error
		if fd, err = unix.MemfdCreate("x", 0); err != nil {
			return nil, err
		}
		if err := unix.Ftruncate(fd, int64(size)); err != nil {
			return nil, err
		}
		flags = unix.MAP_SHARED
	case "common":
		fd, flags = 3, unix.MAP_SHARED
	}
	return unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, flags)
}

// TestWatchedMemory: for each kind of memory and any number of processes, the
// command that takes too much ends and the next one works.
func TestWatchedMemory(t *testing.T) {
	for name, start := range map[string]func() child{
		"subreaper": func() child { return startArgs(t, 0, watchArg, strconv.Itoa(watchedBytes)) },
		"alone":     func() child { return startAlone(t, watchedBytes) },
	} {
		t.Run(name, func(t *testing.T) {
			c := start()
			for _, kind := range []string{"private", "shared", "memfd", "thread", "untagged"} {
				if kind == "untagged" && name != "alone" {
					continue // they have no tag, like the host's processes
				}
				for _, processes := range []int{1, 4} {
					size := 2 * watchedBytes / processes
					exit, err := c.Exec(t.Context(), again(t, eatArg, kind, strconv.Itoa(processes), strconv.Itoa(size)), io.Discard)
					if want := (runtime.Exit{Code: 137, Signal: "SIGKILL", OutOfMemory: true}); err != nil || exit != want {
						t.Errorf("%s in %d processes: %+v, %v", kind, processes, exit, err)
					}
					var out bytes.Buffer
					if exit, err := c.Exec(t.Context(), sh("sleep 0.2; echo fine"), &out); err != nil || exit.Code != 0 || out.String() != "fine\n" {
						t.Errorf("after %s: %q, %+v, %v", kind, out.String(), exit, err)
					}
				}
			}
		})
	}
}

// TestWatchedMemoryKillsTheLargest, but not the others, nor those of another
// supervisor, whose commands have the same numbers.
func TestWatchedMemoryKillsTheLargest(t *testing.T) {
	other := startArgs(t, 0, watchArg, strconv.Itoa(watchedBytes))
	var all sync.WaitGroup
	all.Go(func() {
		exit, err := other.Exec(t.Context(), sh("sleep 1"), io.Discard)
		if err != nil || exit.Code != 0 {
			t.Errorf("the other supervisor's: %+v, %v", exit, err)
		}
	})
	c := startArgs(t, 0, watchArg, strconv.Itoa(watchedBytes))
	all.Go(func() {
		if exit, err := c.Exec(t.Context(), sh("sleep 1"), io.Discard); err != nil || exit.Code != 0 {
			t.Errorf("the small one: %+v, %v", exit, err)
		}
	})
	exit, err := c.Exec(t.Context(), again(t, eatArg, "private", "3", strconv.Itoa(watchedBytes/2)), io.Discard)
	if err != nil || !exit.OutOfMemory {
		t.Errorf("the large one: %+v, %v", exit, err)
	}
	all.Wait()
}

// TestWatchedMemoryCountsSharedOnce: five processes map the same two fifths of the
// limit.
func TestWatchedMemoryCountsSharedOnce(t *testing.T) {
	c := startArgs(t, 0, watchArg, strconv.Itoa(watchedBytes))
	const size = watchedBytes * 2 / 5
	exe := again(t).Argv[0]
	file := "/dev/shm/pygent-test-" + strconv.Itoa(os.Getpid())
	if err := os.WriteFile(file, make([]byte, size), 0o600); err != nil {
		runtimetest.Missing(t, err)
	}
	t.Cleanup(func() { _ = os.Remove(file) })
	var out bytes.Buffer
	cmd := sh("exec 3<>" + file + "; " + exe + " " + eatArg + " common 5 " + strconv.Itoa(size) + " & sleep 1.5; echo end")
	if exit, err := c.Exec(t.Context(), cmd, &out); err != nil || exit.Code != 0 || out.String() != "ate\nate\nate\nate\nate\nend\n" {
		t.Errorf("%q, %+v, %v", out.String(), exit, err)
	}
}
