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
// killed. Killing the container is safe but loses the files in /tmp and HOME
// and ends all other commands; so the time is short only after a deadline when
// no other command runs.
const (
	killPatienceUrgent = 600 * time.Millisecond
	killPatience       = 2500 * time.Millisecond
)

// The variable that marks every process inside, and its values.
const (
	markVariable = "PYGENT_COMMAND"
	markInit     = "init"  // PID 1 and its children
	markSweep    = "sweep" // the script that kills
)

var errEnough = errors.New("read enough")

var (
	//go:embed scripts/processes.sh
	processesScript string
	//go:embed scripts/sweep.sh
	sweepScript string
)

// sweepAll kills all processes but PID 1. The gate must be shut.
func (s *sandbox) sweepAll(patience time.Duration) (report, error) {
	return s.sweep("", "", patience)
}

// sweepCommand kills the processes that carry the mark id or belong to the
// session of that PID. The report says whether processes without a mark are
// left, which may be the command's.
func (s *sandbox) sweepCommand(id, session string) (report, error) {
	return s.sweep(id, session, killPatience)
}

// sweep runs the killing script as a second exec, because no call of the daemon
// ends the first. When it returns nil, the processes were killed and are
// verified to be gone.
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

// output runs one of our own commands and returns its first line on stdout; if
// there is none, all its output, up to a cap. It does not wait for the end of
// the stream: the daemon delays that for seconds while a process of any other
// exec keeps its own stream open.
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

// whyNot replaces a refusal by a better reason, errGone or errPaused, if one
// applies.
func (s *sandbox) whyNot(ctx context.Context, err error) error {
	if state := s.state(ctx); state != nil {
		return state
	}
	return s.client.explain("run a process in the container", err)
}

func isLoss(err error) bool { return errors.Is(err, errGone) || errors.Is(err, errPaused) }
