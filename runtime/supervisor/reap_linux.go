package supervisor

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// killTime bounds the search for processes that a command left behind. It is
// reached only by a process that cannot be killed, or by processes that fork
// faster than they are found while another command runs.
const killTime = 800 * time.Millisecond

// minTag is the least tag of a process. A tag is a soft limit of RLIMIT_RTTIME, in
// microseconds: at least 35 years of real-time scheduling, so it limits nothing; it
// is inherited over fork and exec, and a process of the same user can read it of
// another.
const minTag = 1 << 50

// newTagBase returns the base of a supervisor's tags, to which the command's
// number is added. It is random, because a supervisor that is not PID 1 sees
// the processes of other supervisors too.
func newTagBase() uint64 { return minTag + uint64(rand.Uint32N(1<<18))<<32 } //nolint:gosec // no secret

// setTag tags the processes that this one forks from now on. Where the limit is
// lower already there are no tags, and the remaining processes of concurrent
// commands are found only when no command runs.
func (s *server) setTag(id uint32) {
	var lim unix.Rlimit
	if unix.Prlimit(0, unix.RLIMIT_RTTIME, nil, &lim) == nil && lim.Max >= 2*minTag {
		lim.Cur = s.tagBase + uint64(id)
		_, _, _ = unix.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_RTTIME, uintptr(unsafe.Pointer(&lim)), 0, uintptr(s.key), 0)
	}
}

// tagOf reads the number of a process's command; ok is false if the process
// does not belong to this supervisor, or hides its tag.
func (s *server) tagOf(pid int) (id uint32, ok bool) {
	var lim unix.Rlimit
	if unix.Prlimit(pid, unix.RLIMIT_RTTIME, nil, &lim) != nil {
		return 0, false
	}
	if lim.Cur < s.tagBase || lim.Cur >= s.tagBase+1<<32 {
		return 0, false
	}
	return uint32(lim.Cur - s.tagBase), true
}

// siginfo is the result of waitid(2); the kernel writes 128 bytes.
type siginfo struct {
	_     [3]int32 // signo, errno, code
	child struct {
		pid int32
		_   [14]uintptr // aligned as the kernel's union
	}
}

// nextZombie waits for the end of a child and leaves it unreaped. The error is
// ECHILD if there is no child.
func nextZombie() (pid int, err error) {
	for {
		var info siginfo
		_, _, errno := unix.Syscall6(unix.SYS_WAITID, unix.P_ALL, 0, uintptr(unsafe.Pointer(&info)), unix.WEXITED|unix.WNOWAIT, 0, 0)
		if errno == 0 {
			return int(info.child.pid), nil
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// hasChildren reports whether this process has a child. If it has none, no
// process of any command is left, because orphaned processes become children of
// this one.
func hasChildren() bool {
	return !errors.Is(unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, nil), unix.ECHILD)
}

// reap reaps all children: shells of commands and orphaned processes.
func (s *server) reap() {
	for {
		pid, err := nextZombie()
		if err != nil {
			<-s.born
			continue
		}
		s.reapOne(pid)
	}
}

func (s *server) reapOne(pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.shells[pid]
	if c != nil {
		// While the shell is a zombie no other process group can have its
		// number.
		_ = unix.Kill(-pid, unix.SIGKILL)
	}
	var status syscall.WaitStatus
	_, _ = syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
	if c != nil {
		delete(s.shells, pid)
		c.died <- status
	}
}

// killOrphans kills the processes that a command left behind, in rounds: the
// children of each process that dies become children of this one. It returns
// how many are left after killTime.
func (s *server) killOrphans(c *command) (left int) {
	pause := 50 * time.Microsecond
	for end := time.Now().Add(killTime); ; {
		if left = s.round(c); left == 0 || time.Now().After(end) {
			return left
		}
		// A killed process takes some microseconds to die.
		time.Sleep(pause)
		pause = min(2*pause, 10*time.Millisecond)
	}
}

// round kills the present orphaned processes of a command and counts them. Only
// reap reaps them, so their pids are not reused while s.mu is held.
func (s *server) round(c *command) (found int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !hasChildren():
		return 0
	case s.alone && len(s.shells) == 0:
		_ = unix.Kill(-1, unix.SIGKILL)
		return 1
	}
	for _, pid := range children() {
		if s.shells[pid] == nil && s.ownedBy(pid, c) {
			found++
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
	return found
}

// ownedBy reports whether an orphaned process must end with command c: it
// belongs to c, or to a command that has ended, or to no known command and no
// other command runs.
func (s *server) ownedBy(pid int, c *command) bool {
	id, ok := s.tagOf(pid)
	if !ok {
		return len(s.shells) == 0
	}
	return id == c.id || s.commands[id] == nil
}

// children lists the children of this process. The kernel lists them by thread,
// because threads fork; where it does not list them (CONFIG_PROC_CHILDREN), all
// processes are examined.
func children() []int {
	const dir = "/proc/self/task"
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var pids []int
	for _, task := range tasks {
		list, err := os.ReadFile(dir + "/" + task.Name() + "/children")
		if errors.Is(err, os.ErrNotExist) {
			return childrenByParent()
		}
		for _, field := range bytes.Fields(list) {
			if pid, err := strconv.Atoi(string(field)); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func childrenByParent() (pids []int) {
	self := os.Getpid()
	for _, pid := range processes() {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			continue
		}
		// The name in brackets can hold anything; state and parent follow it.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) > 1 && string(fields[1]) == strconv.Itoa(self) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// processes lists all processes in /proc.
func processes() (pids []int) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
