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

// endTime bounds the killing of commands after the host is gone. In a PID
// namespace the kernel kills them.
const endTime = 2 * time.Second

// Options are the options of Serve. The zero value is fine.
type Options struct {
	// MemoryBytes, if not 0, is how much memory all commands together may take.
	// It is for systems where the kernel cannot limit it: the supervisor checks
	// the mapped memory of their processes ten times a second, less often if
	// that takes long, and kills a command that is too large. Memory that only
	// a descriptor (memfd_create) or a file system holds must be limited by
	// other means.
	MemoryBytes int64
	// Disk, if not "", is a directory whose file system commands must not fill.
	// The supervisor checks it ten times a second. When less than 1 GB or a
	// twentieth is free, the smaller of both, it kills each command that began
	// with more free space. A command that began with little free space must
	// leave half of that. Commands can write more than was free in a tenth of a
	// second, and the written files stay.
	Disk string
	// Proxy, if not "", is the socket of the network proxy. Commands reach it
	// on the loopback interface; their environment names it.
	Proxy string
	// TagKey is for sandboxes whose filter of system calls allows setting
	// RLIMIT_RTTIME, the tag of commands, only with this fifth argument of
	// prlimit64.
	TagKey uint64
	// OOMScore, if not nil, is this process's oom_score_adj, open for reading
	// and writing: when memory runs out the kernel must kill commands before
	// this process.
	OOMScore *os.File
	// Shield is for sandboxes where commands could signal this process because
	// it is not PID 1. If not nil it is called, on the thread that forks
	// commands, with the ids of all threads of this process: before it is
	// ready, and before a command if there are new threads. If it fails the
	// command is not started.
	Shield func(threads []int) error
}

// server is the child side. It runs in a process of its own.
type server struct {
	out     frameWriter
	env     []string      // for every command, overrides its own
	null    int           // /dev/null, the standard input of commands
	key     uint64        // Options.TagKey
	disk    string        // Options.Disk
	tagBase uint64        // see newTagBase
	victims *victims      // nil: the kernel's default
	alone   bool          // PID 1: all processes but this one are commands' processes
	born    chan struct{} // has a token when the reaper may have a child to wait for

	shield   func(threads []int) error // Options.Shield
	shielded uint32                    // links of /proc/self/task when it was called; the forking thread's

	mu       sync.Mutex // guards the fields below, and every fork and reaping
	commands map[uint32]*command
	shells   map[int]*command // commands whose first process is not reaped yet, by its pid
}

// Serve runs commands for the host that writes in and reads out, until in ends;
// then it kills the running commands and returns nil. It returns an error if
// the connection fails. The process must exist only for this: Serve makes it a
// subreaper, waits for all its children, no matter who started them, makes it
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
	var err error
	if s.victims, err = newVictims(opts.OOMScore); err != nil {
		return Fail(out, "prepare for want of memory", err)
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
	err = s.read(bufio.NewReader(in))
	s.end()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Fail reports to the host, instead of ready, which step failed and why. It
// returns err with the step.
func Fail(out io.Writer, step string, err error) error {
	f := frameWriter{w: out}
	return errors.Join(fmt.Errorf("%s: %w", step, err), f.sendJSON(kindFailed, 0, failure{Step: step, Error: err.Error()}))
}

// ReadConfig reads the configuration of Client.Configure, and not one byte
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
	// So that commands of the same user can read neither this process's memory
	// nor its descriptors, which are the connection.
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

// read executes the host's frames until the connection ends.
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

// tell passes a signal or credit to a command. For an ended command it does
// nothing.
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

// signal sends a signal to a command's process group. The caller holds s.mu, so
// no shell is reaped meanwhile and its pid is not reused.
func (s *server) signal(c *command, sig syscall.Signal) {
	if s.shells[c.pid] == c {
		_ = unix.Kill(-c.pid, sig)
	}
}

// end kills all commands. As PID 1 it need not, because the kernel does that
// when it exits.
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
