package supervisor

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	goruntime "runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// endTime bounds the end of what still runs when the host is gone. In a PID
// namespace the kernel does it without us.
const endTime = 2 * time.Second

// Options are the options of Serve. The zero value is fine.
type Options struct {
	// MemoryBytes, if not 0, is how much memory all commands may take together.
	// It is for places where the kernel cannot be told: what their processes have
	// mapped is looked at ten times a second, less often when that takes long, and
	// a command that is too large is killed. What only a descriptor holds
	// (memfd_create) or a file system does, has to be limited by other means.
	MemoryBytes int64
	// Disk, if not "", is a directory whose file system commands must not fill: it
	// is looked at ten times a second, and when less is left than 1 GB or a
	// twentieth, the smaller of both, each command is killed that began with more. One
	// that began with less has half of that. What is written in a tenth of a second
	// can be more than was left, and stays.
	Disk string
	// Proxy, if not "", is the socket of the network proxy that commands are to
	// find on the loopback interface, by their environment.
	Proxy string
	// TagKey is for places where a filter of system calls lets RLIMIT_RTTIME, the
	// tag of commands, be set only with this fifth argument of prlimit64.
	TagKey uint64
	// Shield is for places where commands could signal this process because it is
	// not PID 1. If not nil it is called, on the thread that forks commands, with
	// the ids of all threads of this process: before it is ready, and before a
	// command when there are more. When it fails the command is not started.
	Shield func(threads []int) error
}

// server is the child side. It runs in a process of its own.
type server struct {
	out     frameWriter
	env     []string      // of every command, whatever its own says
	null    int           // /dev/null, the standard input of commands
	key     uint64        // Options.TagKey
	disk    string        // Options.Disk
	tagBase uint64        // see newTagBase
	alone   bool          // PID 1: all processes but this one are commands' processes
	born    chan struct{} // has a token when the reaper may have a child to wait for

	shield   func(threads []int) error // Options.Shield
	shielded uint32                    // links of /proc/self/task when it was called; the forking thread's

	mu       sync.Mutex // guards what is below, and every fork and reaping
	commands map[uint32]*command
	shells   map[int]*command // whose first process is not reaped yet, by its pid
}

// Serve runs commands for the host that writes in and reads out, until in ends;
// then it kills what runs and returns nil. Another error tells what was wrong
// with the connection. The process must have been made for this: Serve makes it
// a subreaper, waits for all of its children whoever started them, makes it
// undumpable and keeps the calling thread.
func Serve(in io.Reader, out io.Writer, opts Options) error {
	// The kernel kills commands when the thread that forked them ends.
	goruntime.LockOSThread()
	s := &server{
		out:      frameWriter{w: out},
		key:      opts.TagKey,
		disk:     opts.Disk,
		tagBase:  newTagBase(),
		shield:   opts.Shield,
		alone:    os.Getpid() == 1,
		born:     make(chan struct{}, 1),
		commands: map[uint32]*command{},
		shells:   map[int]*command{},
	}
	reserveThreads()
	if err := s.prepare(); err != nil {
		return Fail(out, "prepare the supervisor", err)
	}
	if opts.Proxy != "" {
		stop, err := s.forward(opts.Proxy)
		if err != nil {
			return Fail(out, "reach the network proxy", err)
		}
		defer stop()
	}
	go s.reap()
	if opts.MemoryBytes > 0 {
		go s.watchMemory(opts.MemoryBytes)
	}
	if err := s.out.sendJSON(kindReady, 0, struct{}{}); err != nil {
		return err
	}
	err := s.read(bufio.NewReader(in))
	s.end()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Fail tells the host, in place of readiness, which step failed and why. It
// returns err with the step.
func Fail(out io.Writer, step string, err error) error {
	f := frameWriter{w: out}
	return errors.Join(fmt.Errorf("%s: %w", step, err), f.sendJSON(kindFailed, 0, failure{Step: step, Error: err.Error()}))
}

// ReadConfig reads what the host sent with Client.Configure, and not one byte
// more.
func ReadConfig(in io.Reader) ([]byte, error) {
	k, _, payload, err := readFrame(in)
	if err == nil && k != kindConfig {
		err = fmt.Errorf("%w: kind %d where the configuration was due", ErrFrame, k)
	}
	return payload, err
}

func (s *server) prepare() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become a subreaper: %w", err)
	}
	// So that commands of the same user can look neither into this process's
	// memory nor at its descriptors, which are the connection.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("become undumpable: %w", err)
	}
	if err := s.ignoreSignals(); err != nil {
		return err
	}
	var err error
	s.null, err = unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", os.DevNull, err)
	}
	if err := s.shieldThreads(); err != nil {
		return fmt.Errorf("shield it from signals: %w", err)
	}
	return nil
}

// read obeys the host until the connection ends.
func (s *server) read(in io.Reader) error {
	for {
		k, id, payload, err := readFrame(in)
		if err != nil {
			return err
		}
		switch k {
		case kindStart:
			var st start
			if err := json.Unmarshal(payload, &st); err != nil || len(st.Argv) == 0 {
				return fmt.Errorf("%w: start: %w", ErrFrame, err)
			}
			s.start(id, st)
		case kindSignal, kindCredit:
			n, err := number(payload)
			if err != nil {
				return err
			}
			s.tell(id, k, n)
		default:
			return fmt.Errorf("%w: kind %d is not for the child", ErrFrame, k)
		}
	}
}

// tell passes a signal or credit on. A command that has ended needs neither.
func (s *server) tell(id uint32, k kind, n uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.commands[id]
	switch {
	case c == nil:
	case k == kindCredit:
		c.credit.add(int(n))
	default:
		s.signal(c, syscall.Signal(n))
	}
}

// signal sends a signal to a command's process group. It is called with s.mu
// held: no shell is reaped meanwhile, so its pid is still its own.
func (s *server) signal(c *command, sig syscall.Signal) {
	if s.shells[c.pid] == c {
		_ = unix.Kill(-c.pid, sig)
	}
}

// end kills everything. As PID 1 it need not: the kernel does when it exits.
func (s *server) end() {
	s.mu.Lock()
	for _, c := range s.commands {
		s.signal(c, syscall.SIGKILL)
		c.credit.drop()
	}
	s.mu.Unlock()
	if s.alone {
		return
	}
	for end := time.Now().Add(endTime); hasChildren() && time.Now().Before(end); time.Sleep(time.Millisecond) {
		s.mu.Lock()
		for _, pid := range children() {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		s.mu.Unlock()
	}
}
