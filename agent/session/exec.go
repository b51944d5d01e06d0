package session

import (
	"context"
	"fmt"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// maxExecTimeout bounds the time limit that a client can set.
const maxExecTimeout = 24 * time.Hour

// ExecParams are the parameters of runtime/exec.
type ExecParams struct {
	SessionID      string  `json:"sessionId,omitempty" jsonschema:"absent: the connection's own session"`
	Command        string  `json:"command" jsonschema:"as for sh -c"`
	CWD            string  `json:"cwd,omitempty" jsonschema:"workspace-relative, with slashes; absent: the workspace"`
	TimeoutSeconds float64 `json:"timeoutSeconds,omitempty" jsonschema:"default 30"`
}

// Exec serves runtime/exec: it runs a command of the user in the runtime of the
// session's agent, also while a turn runs. It asks nobody, and the model does not
// learn of it. When ctx ends, the command and all its processes are killed, and
// the output so far is the result. An error says that the command did not run.
func (s *Manager) Exec(ctx context.Context, p ExecParams) (runtime.Result, error) {
	if !(p.TimeoutSeconds >= 0 && p.TimeoutSeconds <= maxExecTimeout.Seconds()) { // NaN is refused too
		return runtime.Result{}, &runtime.InvalidError{
			Field:  "timeoutSeconds",
			Reason: fmt.Sprintf("%g: give seconds, from 0 (the default) to %.0f", p.TimeoutSeconds, maxExecTimeout.Seconds()),
		}
	}
	at, err := s.Place(ctx, p.SessionID)
	if err != nil {
		return runtime.Result{}, err
	}
	res := at.Runtime.Bash(ctx, p.Command, runtime.BashOptions{Dir: p.CWD, Timeout: event.Duration(p.TimeoutSeconds)})
	return res, res.Err
}
