package tools

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools/output"
)

//go:embed bash.md
var bashDescription string

// Time limits of a command.
const (
	defaultBashTimeout = 2 * time.Minute
	maxBashTimeout     = time.Hour
)

// keptOfJob bounds the output that a background job keeps, in bytes: many jobs can
// stand at the same time.
const keptOfJob = 1 << 20

type bashIn struct {
	Cmd     string  `json:"cmd" jsonschema:"the command, as for sh -c"`
	Timeout float64 `json:"timeout,omitempty" jsonschema:"seconds, at most 3600; default 120, in the background none"`

	Background bool `json:"background,omitempty" jsonschema:"true: return a job id at once; the command goes on during later calls"`
}

// Bash runs shell commands through the active runtime.
func Bash() Tool {
	return New("bash", bashDescription, func(ctx context.Context, env Env, in bashIn) (Result, error) {
		if res, ok := fromShell(env, in.Cmd); ok {
			return res, nil
		}
		timeout, err := seconds("timeout", in.Timeout, maxBashTimeout)
		if err != nil {
			return Result{}, err
		}
		if in.Background {
			return startJob(env, in.Cmd, timeout)
		}
		defer env.Files.During(env.Runtime.Workspace())()
		out := env.Runtime.Bash(ctx, in.Cmd, runtime.BashOptions{
			Timeout: cmp.Or(timeout, defaultBashTimeout), Output: env.Output, Keep: output.MaxBytes,
		})
		failed := out.Err != nil || out.TimedOut || out.ExitCode == nil || *out.ExitCode != 0
		return Result{Text: said(out), IsError: failed, ExitCode: out.ExitCode, Truncated: out.Truncated}, nil
	}, proposeBash)
}

// said returns a command's output for the model, and how the command ended where
// that was not with exit code 0.
func said(out runtime.Result) string { return lines(output.Render(out.Output), out.End) }

// lines joins two texts, the second on a line of its own.
func lines(text, last string) string {
	if text != "" && last != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text + last
}

func proposeBash(_ context.Context, env Env, in bashIn) (Proposal, error) {
	if p, ok, err := proposeFromShell(env, in.Cmd); ok {
		return p, err
	}
	title := "Run a command"
	if in.Background {
		title += " in the background"
	}
	return Proposal{Effect: EffectCommand, Title: title, Command: in.Cmd, Viewable: !in.Background}, nil
}

func (in bashIn) Label() Label {
	if l, ok := labelFromShell(in.Cmd); ok {
		return l
	}
	if in.Background { // the answer is a job's id
		return Label{Title: "Run in the background", Detail: in.Cmd}
	}
	return Label{Title: "Run", Detail: in.Cmd, Terminal: true}
}

// seconds converts an argument in seconds; 0 stays 0, which means the default.
func seconds(name string, s float64, most time.Duration) (time.Duration, error) {
	switch {
	case s < 0:
		return 0, fmt.Errorf("%s: %g seconds: give a number from 0 to %g", name, s, most.Seconds())
	case s > most.Seconds():
		return 0, fmt.Errorf("%s: %g is more than %g seconds, the most that is allowed", name, s, most.Seconds())
	}
	if s == 0 {
		return 0, nil
	}
	return max(1, time.Duration(s*float64(time.Second))), nil
}
