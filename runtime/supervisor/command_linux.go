package supervisor

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// drainTime bounds the wait for the end of the output after all processes are
// gone. It matters only if another command's process holds the pipe.
const drainTime = 500 * time.Millisecond

// command is one command from its fork to its exit frame.
type command struct {
	id     uint32
	pid    int
	began  time.Time
	credit *credit
	died   chan syscall.WaitStatus // gets the shell's wait status, once
	floor  uint64                  // free bytes that the command must leave on the disk, 0: any

	timedOut atomic.Bool
	tooLarge atomic.Bool
	diskFull atomic.Bool
	draining atomic.Bool // all processes are gone: no more is written to the pipe
}

// start forks a command. An exit frame follows in any case.
func (s *server) start(id uint32, st start) {
	c := &command{id: id, began: time.Now(), credit: newCredit(), died: make(chan syscall.WaitStatus, 1)}
	out, err := s.fork(c, st)
	if err != nil {
		_ = s.out.sendJSON(kindExit, id, exit{Error: err.Error()})
		return
	}
	go s.follow(c, out, st.Timeout)
}

// fork starts the command's first process and returns the pipe of its output.
func (s *server) fork(c *command, st start) (*os.File, error) {
	if err := s.shieldThreads(); err != nil {
		return nil, fmt.Errorf("shield the supervisor from signals: %w", err)
	}
	dir, release, err := workingDir(string(st.Root), string(st.Dir))
	if err != nil {
		return nil, err
	}
	defer release()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	defer func() { _ = unix.Close(p[1]) }()
	// Only this end: the command shares the flags of the other one.
	if err := unix.SetNonblock(p[0], true); err != nil {
		_ = unix.Close(p[0])
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	out := os.NewFile(uintptr(p[0]), "output")
	c.floor = s.diskFloor()
	argv := stringsOf(st.Argv)
	attr := syscall.ProcAttr{
		Dir:   dir,
		Env:   overlay(stringsOf(st.Env), s.env),
		Files: []uintptr{uintptr(s.null), uintptr(p[1]), uintptr(p[1])},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	}
	if !s.alone {
		attr.Sys.Pdeathsig = syscall.SIGKILL
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.commands[c.id] != nil {
		_ = out.Close()
		return nil, fmt.Errorf("command %d runs already", c.id)
	}
	s.setTag(c.id)
	c.pid, err = s.victims.fork(func() (int, error) { return syscall.ForkExec(argv[0], argv, &attr) })
	if err != nil {
		_ = out.Close()
		return nil, fmt.Errorf("start %s in %s: %w", argv[0], st.Dir, err)
	}
	s.commands[c.id], s.shells[c.pid] = c, c
	select {
	case s.born <- struct{}{}:
	default:
	}
	return out, nil
}

// workingDir returns the path of the directory to start in. A directory below
// root is opened and named by its descriptor, so that nobody can replace it.
func workingDir(root, dir string) (name string, release func(), err error) {
	if root == "" {
		return dir, func() {}, nil
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = r.Close() }()
	f, err := r.Open(dir)
	if err != nil {
		return "", nil, err
	}
	return "/proc/self/fd/" + strconv.Itoa(int(f.Fd())), func() { _ = f.Close() }, nil
}

// follow waits for the end of a command and reports it.
func (s *server) follow(c *command, out *os.File, timeout time.Duration) {
	s.watchDisk(c)
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		s.copyOutput(c, out)
	}()
	if timeout > 0 {
		defer time.AfterFunc(timeout, func() {
			c.timedOut.Store(true)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.signal(c, syscall.SIGKILL)
		}).Stop()
	}
	status := <-c.died
	left := s.killOrphans(c)
	c.draining.Store(true)
	_ = out.SetReadDeadline(time.Now().Add(drainTime))
	<-copied
	_ = out.Close()
	s.mu.Lock()
	delete(s.commands, c.id)
	s.mu.Unlock()
	e := exit{
		Code:        status.ExitStatus(),
		TimedOut:    c.timedOut.Load(),
		OutOfMemory: c.tooLarge.Load(),
		OutOfDisk:   c.diskFull.Load(),
		Left:        left,
		Duration:    time.Since(c.began),
	}
	if status.Signaled() { // as shells do
		e.Code, e.Signal = 128+int(status.Signal()), unix.SignalName(status.Signal())
	}
	_ = s.out.sendJSON(kindExit, c.id, e)
}

// copyOutput sends the command's output as far as the host has given credit.
func (s *server) copyOutput(c *command, out *os.File) {
	frame := make([]byte, headSize+maxChunk)
	for {
		n := c.credit.take(maxChunk)
		if n == 0 {
			return
		}
		if c.draining.Load() {
			// Set it again, because waiting for credit can have taken any time.
			_ = out.SetReadDeadline(time.Now().Add(drainTime))
		}
		got, err := out.Read(frame[headSize : headSize+n])
		c.credit.add(n - got)
		if got > 0 && s.out.send(kindOutput, c.id, frame[:headSize+got]) != nil || err != nil {
			return
		}
	}
}

// credit is how many bytes of output a command may still send.
type credit struct {
	mu      sync.Mutex // guards the fields below
	more    sync.Cond
	left    int
	dropped bool
}

func newCredit() *credit {
	c := &credit{left: Window}
	c.more.L = &c.mu
	return c
}

// take waits for credit and takes at most limit of it; 0 means the end.
func (c *credit) take(limit int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.left == 0 && !c.dropped {
		c.more.Wait()
	}
	if c.dropped {
		return 0
	}
	n := min(limit, c.left)
	c.left -= n
	return n
}

func (c *credit) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = min(c.left+n, Window)
	c.more.Signal()
}

func (c *credit) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped = true
	c.more.Signal()
}
