package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Bounds of the search for what a command left behind. Only a process that
// cannot be killed, or a chain that forks faster than it is read, needs so long.
const (
	huntTime     = 5 * time.Second
	huntTimeLate = 600 * time.Millisecond // after the context's end, when a second is all there is
)

// platformTree is what Linux needs to know of a tree.
type platformTree struct {
	sessions map[int]bool // of the shell, and of descendants seen so far
}

// reaper is the one part of the package that is global, because what it guards
// is: the kernel makes the whole process a subreaper, and all orphans of all
// executors its children alike.
var reaper struct {
	once     sync.Once
	weakness string // set by once

	// mu is held while a command is counted and while orphans are looked at, so
	// that none begins between the finding that no command runs and the killing
	// of what must then be left of one.
	mu      sync.Mutex
	running int // commands whose shell can be alive
}

// adoptOrphans makes the server the parent of orphaned descendants. It returns
// what a user has to know when that is in vain: daemons then live on.
func adoptOrphans() (weakness string) {
	reaper.once.Do(func() {
		err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
		if err == nil {
			_, err = os.Stat("/proc/thread-self/children")
		}
		if err != nil {
			reaper.weakness = "daemons can outlive their command: " + err.Error()
		}
	})
	return reaper.weakness
}

func (t *tree) start(c *exec.Cmd) error {
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	reaper.mu.Lock()
	reaper.running++
	reaper.mu.Unlock()
	if err := c.Start(); err != nil {
		t.leave()
		return err
	}
	t.sessions = map[int]bool{c.Process.Pid: true}
	return nil
}

func (t *tree) leave() {
	reaper.mu.Lock()
	reaper.running--
	reaper.mu.Unlock()
}

// wait returns when the shell has ended and nothing that it started is left.
// left says what could not be ended or found.
func (t *tree) wait(ctx context.Context, c *exec.Cmd) (state *os.ProcessState, left error) {
	pid := c.Process.Pid
	killing := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killing)
		t.killed.Store(true)
		_ = unix.Kill(-pid, unix.SIGKILL)
	})
	// Without reaping it yet: as long as the shell is a zombie, its pid and its
	// group's number belong to nobody else.
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if !stop() {
		<-killing
	}
	_ = unix.Kill(-pid, unix.SIGKILL)
	_ = c.Wait()
	t.leave() // not before: the hunt of another command must not reap the shell
	limit := huntTime
	if ctx.Err() != nil {
		limit = huntTimeLate
	}
	return c.ProcessState, t.hunt(limit)
}

// hunt kills and reaps the tree's orphans, round by round: the children of each
// become orphans in their turn. It returns what is left when time is up.
func (t *tree) hunt(limit time.Duration) (left error) {
	pause := 100 * time.Microsecond
	for end := time.Now().Add(limit); ; {
		over := time.Now().After(end)
		found, alive, err := t.round(over)
		switch {
		case err != nil && over:
			return fmt.Errorf("processes of this command may be left: %w", err)
		case err == nil && (found == 0 || over):
			if alive > 0 {
				return fmt.Errorf("%d processes of this command could not be ended", alive)
			}
			return nil
		}
		// A killed process takes some microseconds to die.
		time.Sleep(pause)
		pause = min(2*pause, 10*time.Millisecond)
	}
}

// round kills the orphans of this tree that there are now and reaps those that
// are dead already; their children are found in the next round. With an error
// it may have missed some. One whose descendants cannot be listed, by which
// they would be known later, is spared until the last round.
func (t *tree) round(last bool) (found, alive int, err error) {
	reaper.mu.Lock()
	defer reaper.mu.Unlock()
	if childless() {
		return 0, 0, nil
	}
	pids, err := children("self")
	for _, pid := range pids {
		own, ownErr := t.owns(pid)
		if ownErr != nil {
			err = ownErr
		}
		if !own {
			continue
		}
		if noteErr := t.note(pid); noteErr != nil {
			err = noteErr
			if !last {
				continue
			}
		}
		found++
		_ = unix.Kill(pid, unix.SIGKILL)
		if reaped, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); err == nil && reaped == 0 {
			alive++
		}
	}
	return found, alive, err
}

// childless reports, for one system call, that the server has no child at all:
// so it is after most commands, which leave nothing behind.
func childless() bool {
	return errors.Is(unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil), unix.ECHILD)
}

// owns reports whether a child of the server is an orphan of this tree. The
// pid cannot change hands meanwhile: only the server can reap it.
func (t *tree) owns(pid int) (bool, error) {
	sid, err := unix.Getsid(pid)
	if err != nil {
		return false, nil //nolint:nilerr // it is gone
	}
	own, err := unix.Getsid(0)
	switch {
	case err != nil || sid == own:
		return false, nil // a child that the server started for itself
	case t.sessions[sid]:
		return true, nil
	case reaper.running == 0:
		return true, nil // of this command or of another that has ended
	}
	return hasMarker(pid, t.marker)
}

// note remembers the sessions of pid and its descendants, by which those will be
// known once they are orphans: an environment can be lost on the way.
func (t *tree) note(pid int) error {
	if sid, err := unix.Getsid(pid); err == nil {
		t.sessions[sid] = true
	}
	below, err := children(strconv.Itoa(pid))
	for _, child := range below {
		if noteErr := t.note(child); noteErr != nil {
			err = noteErr
		}
	}
	return err
}
