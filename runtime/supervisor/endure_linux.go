package supervisor

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	goruntime "runtime"
	"strconv"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reservedThreads is more than this process ever needs at once.
const reservedThreads = 10

// lastSignal is the highest number of a signal.
const lastSignal = 64

// reserveThreads makes the threads that the Go runtime may need later, while
// that is still possible: commands can use up the limit of processes, which
// includes threads, and a runtime that cannot make a thread ends the program.
// Idle threads are never ended.
func reserveThreads() {
	var all, done sync.WaitGroup
	all.Add(reservedThreads)
	for range reservedThreads {
		done.Go(func() {
			goruntime.LockOSThread()
			defer goruntime.UnlockOSThread()
			all.Done()
			all.Wait() // so that no thread runs two of them
		})
	}
	done.Wait()
}

// ignoreSignals prevents commands of the same user from ending this process
// with a signal; only the end of its input ends it. It catches all signals that
// can be caught; in commands a caught signal has its default action.
//
// The Go runtime still ends the program for some signals, such as a queued
// SIGSEGV, and does not catch those of the C library, which end the program by
// default. So PID 1, to which the kernel does not pass SIGKILL and SIGSTOP from
// its namespace, ignores all signals without the runtime's knowledge. Leaving
// them at the default, at which the kernel drops them for PID 1 as well
// (pid_namespaces(7)), is not enough: the kernel does that only while the first
// thread does not block them, as it does to fork. The price: no goroutine is
// preempted, and none here loops for long; a nil pointer ends the process
// without a trace; and commands begin with the C library's signals ignored,
// which the runtime does not reset between fork and exec, but that library
// does.
func (s *server) ignoreSignals() error {
	signal.Notify(make(chan os.Signal, 1))
	if !s.alone {
		return nil
	}
	var action [4]uint64 // no architecture has a larger struct sigaction
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		if sig == unix.SIGKILL || sig == unix.SIGSTOP {
			continue
		}
		action[0] = 1            // SIG_IGN
		if sig == unix.SIGCHLD { // ignored, it would leave no zombies
			action[0] = 0
		}
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, lastSignal/8, 0, 0)
		if errno != 0 {
			return fmt.Errorf("ignore signal %d: %w", sig, errno)
		}
	}
	return nil
}

// shieldThreads calls Options.Shield if there are new threads. The thread that
// forks commands calls it.
func (s *server) shieldThreads() error {
	const dir = "/proc/self/task"
	if s.shield == nil {
		return nil
	}
	var stat unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, dir, 0, unix.STATX_NLINK, &stat); err != nil {
		return err
	}
	// The number of links is the number of threads plus two. Threads never end.
	if stat.Nlink == s.shielded {
		return nil
	}
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	threads := make([]int, len(tasks))
	for i, task := range tasks {
		var bad error
		threads[i], bad = strconv.Atoi(task.Name())
		err = errors.Join(err, bad)
	}
	if err = errors.Join(err, s.shield(threads)); err == nil {
		s.shielded = stat.Nlink
	}
	return err
}
