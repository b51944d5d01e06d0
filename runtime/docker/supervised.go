package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/supervisor"
)

const (
	readyTimeout   = 10 * time.Second       // for a started supervisor to say that it is one
	endPatience    = 900 * time.Millisecond // for a cancelled command to end, before its container does
	oomTimeout     = 2 * time.Second
	oomQuick       = 50 * time.Millisecond // too short to fill memory
	diagnosticsMax = 4 << 10
	shellPath      = "/bin/sh"
	// The PATH that the daemon sets where the image has none.
	defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

var errStuck = errors.New("a cancelled command did not end in time")

// connect makes PID 1's streams the supervisor's connection, and owns conn from
// then on.
func (s *sandbox) connect(conn types.HijackedResponse) {
	frames, from := io.Pipe()
	s.work.Go(func() {
		_, err := stdcopy.StdCopy(from, &s.said, conn.Reader)
		_ = from.CloseWithError(err)
	})
	s.sup = supervisor.NewClient(frames, conn.Conn)
}

// await waits until the supervisor accepts commands. It returns a
// supervisorError if it never will.
func (s *sandbox) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyTimeout, errors.New("it did not answer in time"))
	defer cancel()
	err := s.sup.Ready(ctx)
	if err == nil {
		return nil
	}
	_ = s.sup.Close()
	s.work.Wait() // s.said is complete
	said := strings.TrimSpace(s.said.String())
	if strings.HasSuffix(said, "no such file or directory") {
		said += " (if it needs shared libraries, build it with CGO_ENABLED=0)"
	}
	return &supervisorError{fmt.Errorf("%w; %s", err, said)}
}

// commandEnv returns a command's environment: the container's without the
// variables for PID 1, plus those that the daemon adds for every process.
func commandEnv(container []string) []string {
	env := []string{"HOSTNAME=" + hostname}
	if !slices.ContainsFunc(container, func(v string) bool { return strings.HasPrefix(v, "PATH=") }) {
		env = append(env, defaultPath)
	}
	for _, v := range container {
		if !slices.Contains(supervisorEnv, v) {
			env = append(env, v)
		}
	}
	return env
}

// execSupervised runs one command as a child of the supervisor.
func (e *Executor) execSupervised(ctx context.Context, s *sandbox, script, dir string, out io.Writer) (runtime.Exit, error) {
	select {
	case <-s.sup.Done():
		err := lost(s, s.whyLost())
		e.discard(s, err)
		return runtime.Exit{}, &notBegunError{err}
	default:
	}
	began, oomBefore := time.Now(), s.oomKills.Load()
	settled := e.guard(ctx, s)
	exit, err := s.sup.Exec(ctx, supervisor.Start{Argv: []string{shellPath, "-c", "--", script}, Env: s.env, Dir: dir}, out)
	settled()
	switch {
	case err == nil:
		if exit.Code != 0 || time.Since(began) > oomQuick {
			exit.OutOfMemory = exit.OutOfMemory || e.countOOM(s) > oomBefore && exit.Code != 0
		}
		return exit, nil
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return runtime.Exit{}, err
	case s.sup.Err() != nil:
		err = lost(s, s.whyLost())
		e.discard(s, err)
	}
	return runtime.Exit{}, err
}

// whyLost finds out why the connection to PID 1 has ended.
func (s *sandbox) whyLost() error {
	if why := s.why.Load(); why != nil {
		return *why
	}
	ctx, cancel := context.WithTimeout(context.Background(), inspectTimeout)
	defer cancel()
	if err := s.state(ctx); err != nil {
		return err
	}
	return fmt.Errorf("%w (%w %s)", errGone, s.sup.Err(), strings.TrimSpace(s.said.String()))
}

// guard discards the container while a command runs in it if the container was
// paused, which no stream shows, or if the command outlives ctx. The caller
// calls settled when the command has ended.
func (e *Executor) guard(ctx context.Context, s *sandbox) (settled func()) {
	over := make(chan struct{})
	e.work.Go(func() {
		look := time.NewTicker(stateInterval)
		defer look.Stop()
		ended := ctx.Done()
		var late <-chan time.Time
		for {
			select {
			case <-over:
				return
			case <-s.gone:
				return
			case <-ended:
				ended, late = nil, time.After(endPatience)
			case <-late:
				e.lose(s, errStuck)
				return
			case <-look.C:
				if err := s.look(e.life); err != nil {
					e.lose(s, err)
					return
				}
			}
		}
	})
	return sync.OnceFunc(func() { close(over) })
}

// lose discards a container for a reason that its commands report.
func (e *Executor) lose(s *sandbox, why error) {
	s.why.CompareAndSwap(nil, &why)
	e.discard(s, why)
}

// countOOM returns how many processes of the container the kernel has killed
// because memory ran out; 0 when that is unknown. A new container begins at 0.
func (e *Executor) countOOM(s *sandbox) int64 {
	ctx, cancel := context.WithTimeout(e.life, oomTimeout)
	defer cancel()
	var out strings.Builder
	if _, err := s.sup.Exec(ctx, supervisor.Start{
		Argv: []string{shellPath, "-c", processesScript + "pygent_oom\necho $oom"}, Env: s.env, Dir: "/",
	}, &out); err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(out.String()), 10, 64)
	if err != nil {
		return 0
	}
	for {
		seen := s.oomKills.Load()
		if seen >= n || s.oomKills.CompareAndSwap(seen, n) {
			return n
		}
	}
}

// diagnostics keeps the end of what PID 1 wrote to its stderr.
type diagnostics struct {
	mu   sync.Mutex
	text []byte
}

func (d *diagnostics) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.text = append(d.text, p[max(0, len(p)-diagnosticsMax):]...)
	d.text = d.text[max(0, len(d.text)-diagnosticsMax):]
	return len(p), nil
}

func (d *diagnostics) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return string(d.text)
}
