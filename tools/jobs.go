package tools

import (
	"context"
	_ "embed"
	"errors"
	"time"

	"github.com/pygent/pygent/runtime"
)

//go:embed job_output.md
var jobOutputDescription string

//go:embed job_input.md
var jobInputDescription string

//go:embed job_kill.md
var jobKillDescription string

// killTimeout bounds the wait for the end of a killed job.
const killTimeout = 10 * time.Second

type jobOutputIn struct {
	JobID string  `json:"job_id"`
	Wait  float64 `json:"wait,omitempty" jsonschema:"seconds to wait for the job's end; default: do not wait"`
}

func (in jobOutputIn) Label() Label { return Label{Title: "Look at job", Detail: in.JobID} }

// JobOutput returns the output and the state of a background job.
func JobOutput() Tool {
	return New("job_output", jobOutputDescription, func(ctx context.Context, env Env, in jobOutputIn) (Result, error) {
		wait, err := seconds("wait", in.Wait, maxBashTimeout)
		if err != nil {
			return Result{}, err
		}
		job, err := env.Runtime.Job(in.JobID)
		if err != nil {
			return Result{}, err
		}
		if wait == 0 {
			return jobResult(job.State()), nil
		}
		ctx, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		state := job.Wait(ctx)
		res := jobResult(state)
		res.Waited = state.Running
		return res, nil
	}, OnlyReads)
}

type jobInputIn struct {
	JobID string `json:"job_id"`
	Text  string `json:"text" jsonschema:"exactly what is written; end a line with a newline"`
}

func (in jobInputIn) Label() Label {
	return Label{Title: "Write to job", Detail: in.JobID + ": " + in.Text}
}

// JobInput writes to the standard input of a background job. A job can be a shell,
// so this asks as a command does.
func JobInput() Tool {
	return New("job_input", jobInputDescription, func(_ context.Context, env Env, in jobInputIn) (Result, error) {
		job, err := env.Runtime.Job(in.JobID)
		if err != nil {
			return Result{}, err
		}
		if in.Text == "" {
			return Result{}, errors.New("job_input: text is empty")
		}
		if err := job.Input(in.Text); err != nil {
			return Result{}, err
		}
		return Text("Wrote %d bytes to %s.", len(in.Text), in.JobID), nil
	}, proposeInput)
}

// proposeInput names the job in the command, so that a rule of the user's covers
// the same text for the same job alone.
func proposeInput(_ context.Context, _ Env, in jobInputIn) (Proposal, error) {
	return Proposal{Effect: EffectCommand, Title: "Write to the input of " + in.JobID, Command: in.JobID + " <<< " + in.Text}, nil
}

type jobKillIn struct {
	JobID string `json:"job_id"`
}

func (in jobKillIn) Label() Label { return Label{Title: "End job", Detail: in.JobID} }

// JobKill ends a background job. Ending a process that the agent itself started
// changes nothing of the user's, so it counts as reading.
func JobKill() Tool {
	return New("job_kill", jobKillDescription, func(ctx context.Context, env Env, in jobKillIn) (Result, error) {
		job, err := env.Runtime.Job(in.JobID)
		if err != nil {
			return Result{}, err
		}
		job.Kill()
		ctx, cancel := context.WithTimeout(ctx, killTimeout)
		defer cancel()
		state := job.Wait(ctx)
		res := jobResult(state)
		res.IsError = state.Running // a killed job is a success here
		return res, nil
	}, ReadsSerially)
}

// startJob runs a command in the background.
func startJob(env Env, cmd string, timeout time.Duration) (Result, error) {
	job, err := env.Runtime.Start(cmd, runtime.JobOptions{Timeout: timeout, Keep: keptOfJob})
	if err != nil {
		return Result{}, err
	}
	return Text("started %s\njob_output, job_input and job_kill take this id as job_id.", job.ID()), nil
}

// jobResult words the state of a job for the model.
func jobResult(s runtime.JobState) Result {
	if s.Running {
		return Result{
			Text:      lines(said(s.Result), "["+s.ID+" is running]"), // without a time, so that a recording can be replayed
			Truncated: s.Result.Truncated,
		}
	}
	failed := s.Result.Err != nil || s.Result.ExitCode == nil || *s.Result.ExitCode != 0
	return Result{
		Text:      lines(said(s.Result), "["+s.ID+" has ended]"),
		IsError:   failed,
		ExitCode:  s.Result.ExitCode,
		Truncated: s.Result.Truncated,
	}
}
