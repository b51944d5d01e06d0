package tools

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/pygent/pygent/runtime"
)

//go:embed bash.md
var bashDescription string

// maxBashTimeout bounds the timeout that a model can set.
const maxBashTimeout = time.Hour

type bashIn struct {
	Cmd     string  `json:"cmd" jsonschema:"the command, as for sh -c"`
	Timeout float64 `json:"timeout,omitempty" jsonschema:"seconds; default 30, in the background none"`

	Background bool `json:"background,omitempty" jsonschema:"true: return a job id at once; the command keeps running during later ones, as a server for them"`
}

// Bash runs shell commands through the active runtime.
func Bash() Tool {
	return New("bash", bashDescription, func(ctx context.Context, env Env, in bashIn) (Result, error) {
		timeout, err := seconds("timeout", in.Timeout, maxBashTimeout)
		if err != nil {
			return Result{}, err
		}
		if in.Background {
			return startJob(env, in.Cmd, timeout)
		}
		out := env.Runtime.Bash(ctx, in.Cmd, runtime.BashOptions{Timeout: timeout, Output: env.Output})
		failed := out.Err != nil || out.TimedOut || out.ExitCode == nil || *out.ExitCode != 0
		return Result{Text: out.Text, IsError: failed, ExitCode: out.ExitCode, Truncated: out.Truncated}, nil
	}, proposeBash)
}

func proposeBash(_ context.Context, _ Env, in bashIn) (Proposal, error) {
	title := "Run a command"
	if in.Background {
		title += " in the background"
	}
	return Proposal{Effect: EffectCommand, Title: title, Command: in.Cmd, Viewable: !in.Background}, nil
}

func (in bashIn) Label() Label {
	if in.Background { // the answer is a job's id
		return Label{Title: "Run in the background", Detail: in.Cmd}
	}
	return Label{Title: "Run", Detail: in.Cmd, Terminal: true}
}

// seconds converts an argument in seconds; 0 stays 0, which means the default.
func seconds(name string, s float64, most time.Duration) (time.Duration, error) {
	if s < 0 || s > most.Seconds() {
		return 0, fmt.Errorf("%s: %g seconds: give a number from 0 to %g", name, s, most.Seconds())
	}
	if s == 0 {
		return 0, nil
	}
	return max(1, time.Duration(s*float64(time.Second))), nil
}
