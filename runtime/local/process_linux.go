package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/supervisor"
)

const (
	// readyTimeout bounds the start of a supervisor.
	readyTimeout = 20 * time.Second
	// exitTimeout is how long a supervisor may take to kill its commands and
	// exit before it is killed itself.
	exitTimeout = 3 * time.Second
	// maxComplaint bounds the kept part of a supervisor's standard error.
	maxComplaint = 4 << 10

	// childMark is a variable in a supervisor's environment. A program that has
	// it and still tries to start a supervisor did not call RunIfChild.
	childMark = "PYGENT_SUPERVISOR"
)

// process is a running supervisor.
type process struct {
	client *supervisor.Client
	cmd    *exec.Cmd
	group  *cgroup
	limits runtime.Limits // in force
	// watched is set if the supervisor, not the kernel, enforces the limit of
	// memory.
	watched bool
	gone    chan struct{} // closed when the process has been waited for
}

// errNoHook is for programs that do not call RunIfChild.
var errNoHook = errors.New("this program, executed again, did not become a supervisor: its main must begin with local.RunIfChild()")

// startProcess starts a supervisor that confines itself as s says.
func startProcess(ctx context.Context, s spec, want runtime.Limits) (*process, error) {
	if os.Getenv(childMark) != "" {
		return nil, errNoHook
	}
	p := &process{group: newCgroup(want), gone: make(chan struct{})}
	p.limits = p.group.limits
	p.limits.FileBytes = max(want.FileBytes, 0)
	s.FileBytes = p.limits.FileBytes
	if want.MemoryBytes > 0 && p.limits.MemoryBytes == 0 {
		s.Watch, p.limits.MemoryBytes, p.watched = want.MemoryBytes, want.MemoryBytes, true
	}
	// The kernel counts processes by user and user namespace. It does not limit
	// the host's root.
	if want.PIDs > 0 && p.limits.PIDs == 0 && s.Level == runtime.SandboxStrong && os.Getuid() != 0 {
		s.Processes, p.limits.PIDs = want.PIDs, want.PIDs
	}
	if err := p.start(ctx, s); err != nil {
		return nil, errors.Join(err, p.group.close(ctx))
	}
	return p, nil
}

func (p *process) start(ctx context.Context, s spec) error {
	config, err := json.Marshal(s)
	if err != nil {
		return err
	}
	complaint := &head{}
	p.cmd = exec.Command("/proc/self/exe", childArg) //nolint:noctx // it outlives the command that it is started for
	p.cmd.Args[0] = os.Args[0]
	p.cmd.Env = []string{childMark + "=1", "GOMAXPROCS=2"}
	p.cmd.Stderr = complaint
	p.cmd.Dir = "/"
	p.cmd.SysProcAttr = s.attributes()
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start a process in its own namespaces: %w", err)
	}
	p.client = supervisor.NewClient(stdout, stdin)
	go func() {
		defer close(p.gone)
		<-p.client.Done() // read all before Wait closes the pipe
		stop := time.AfterFunc(exitTimeout, func() { _ = p.cmd.Process.Kill() })
		defer stop.Stop()
		_ = p.cmd.Wait()
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, readyTimeout, fmt.Errorf("it was not ready within %v", readyTimeout))
	defer cancel()
	// The child confines itself while the kernel moves it into the groups,
	// which takes some milliseconds; commands start after both.
	err = p.client.Configure(config)
	if err == nil {
		err = p.group.add(p.cmd.Process.Pid)
	}
	if ready := p.client.Ready(ctx); ready != nil {
		err = ready // the child's own message says more
		if errors.Is(err, supervisor.ErrFrame) {
			err = errNoHook // it does not speak the protocol: it is the program itself
		}
	}
	if err != nil {
		_ = p.client.Close()
		<-p.gone
		if text := complaint.String(); text != "" && !strings.HasPrefix(text, "sandbox:") {
			err = fmt.Errorf("%w (%s)", err, text)
		}
	}
	return err
}

// attributes returns the namespaces that the child starts in.
func (s *spec) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if s.Level != runtime.SandboxStrong {
		return attr // without a PID namespace it must live until the end of its input
	}
	attr.Cloneflags = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	if !s.FullNet {
		attr.Cloneflags |= unix.CLONE_NEWNET
	}
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	// A user other than root keeps only these across exec, until the child
	// drops them.
	attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP, unix.CAP_NET_ADMIN}
	attr.Pdeathsig = syscall.SIGKILL
	return attr
}

// alive reports whether the supervisor can run commands.
func (p *process) alive() bool {
	select {
	case <-p.client.Done():
		return false
	default:
		return true
	}
}

// close ends the supervisor and its commands.
func (p *process) close(ctx context.Context) error {
	_ = p.client.Close()
	select {
	case <-p.gone:
	case <-ctx.Done():
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("close the local runtime: its supervisor has not ended: %w", context.Cause(ctx))
	}
	return p.group.close(ctx)
}

// head is a writer that keeps the beginning.
type head struct {
	mu   sync.Mutex
	text []byte
}

func (h *head) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text = append(h.text, b[:min(len(b), maxComplaint-len(h.text))]...)
	return len(b), nil
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(bytes.TrimSpace(h.text))
}
