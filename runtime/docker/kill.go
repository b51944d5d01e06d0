package docker

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
	"go.uber.org/zap"
)

// How long a kill inside the container may take before the container itself is
// killed. That is safe but costs what is in /tmp and HOME, and the neighbours'
// lives; so only a deadline, with no neighbour, makes it short.
const (
	killPatienceUrgent = 600 * time.Millisecond
	killPatience       = 2500 * time.Millisecond
)

// The mark in the environment of every process inside.
const (
	markVariable = "PYGENT_COMMAND"
	markInit     = "init"  // PID 1 and what it starts
	markSweep    = "sweep" // the killer
)

var errEnough = errors.New("read enough")

var (
	//go:embed scripts/processes.sh
	processesScript string
	//go:embed scripts/sweep.sh
	sweepScript string
)

// sweepAll kills everything but PID 1. The gate must be shut.
func (s *sandbox) sweepAll(patience time.Duration) (report, error) {
	return s.sweep("", "", patience)
}

// sweepCommand kills the processes that carry the mark id or belong to the
// session of that PID. The report tells whether processes without any mark are
// left, which may be the command's.
func (s *sandbox) sweepCommand(id, session string) (report, error) {
	return s.sweep(id, session, killPatience)
}

// sweep runs the killer as a second exec; there is no call that ends the first.
// When it returns nil, the processes are gone: killed and seen gone.
func (s *sandbox) sweep(id, session string, patience time.Duration) (report, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	text, err := s.output(ctx, []string{"sh", "-c", processesScript + sweepScript, "sh", id, session}, markSweep)
	if err != nil {
		return report{}, fmt.Errorf("kill processes: %w", err)
	}
	r, ok := parseReport(strings.TrimSpace(text))
	if !ok || r.kind != reportSwept {
		return report{}, fmt.Errorf("kill processes: the killer ended without success: %q", text)
	}
	s.log.Debug("killed processes", zap.String("command", id), zap.Duration("took", time.Since(began)))
	return r, nil
}

// output runs one of our own commands and returns the first line that it wrote
// to stdout; when there is none, all that it wrote, up to a cap. It does not
// wait for the end of the stream: the daemon holds that back for seconds while
// a process of any other exec keeps its own stream open.
func (s *sandbox) output(ctx context.Context, argv []string, mark string) (string, error) {
	_, conn, err := s.exec(ctx, argv, mark)
	if err != nil {
		return "", err
	}
	// The end of ctx does not end a read; Close does.
	stop := context.AfterFunc(ctx, conn.Close)
	defer func() {
		stop()
		conn.Close()
	}()
	var text bytes.Buffer
	keep := func(p []byte) (int, error) {
		text.Write(p[:min(len(p), max(0, reportBytes-text.Len()))])
		return len(p), nil
	}
	first := func(p []byte) (int, error) {
		if bytes.IndexByte(p, '\n') >= 0 {
			_, _ = keep(p)
			return 0, errEnough
		}
		return keep(p)
	}
	_, err = stdcopy.StdCopy(writerFunc(first), writerFunc(keep), conn.Reader)
	switch {
	case errors.Is(err, errEnough):
		return text.String(), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	}
	return text.String(), err
}

// exec starts a process inside, with stdin on /dev/null and its two outputs on
// the connection. The caller closes that.
func (s *sandbox) exec(ctx context.Context, argv []string, mark string) (id string, conn types.HijackedResponse, err error) {
	made, err := s.client.api.ContainerExecCreate(ctx, s.id, container.ExecOptions{
		AttachStdout: true,
		AttachStderr: true,
		Env:          []string{markVariable + "=" + mark},
		WorkingDir:   workDir,
		Cmd:          argv,
	})
	if err != nil {
		return "", conn, s.whyNot(ctx, err)
	}
	conn, err = s.client.api.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		return "", conn, s.whyNot(ctx, err)
	}
	return made.ID, conn, nil
}

// whyNot puts a better reason in the place of a refusal: errGone or errPaused.
func (s *sandbox) whyNot(ctx context.Context, err error) error {
	if state := s.state(ctx); state != nil {
		return state
	}
	return s.client.explain("run a process in the container", err)
}

func isLoss(err error) bool { return errors.Is(err, errGone) || errors.Is(err, errPaused) }
