package tools

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/pygent/pygent/runtime"
)

//go:embed job_output.md
var jobOutputDescription string

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
		return jobResult(job.Wait(ctx)), nil
	}, OnlyReads)
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
	}, OnlyReads)
}

// startJob runs a command in the background.
func startJob(env Env, cmd string, timeout time.Duration) (Result, error) {
	job, err := env.Runtime.Start(cmd, runtime.JobOptions{Timeout: timeout})
	if err != nil {
		return Result{}, err
	}
	return Text("started %s; see job_output and job_kill", job.ID()), nil
}

// jobResult words the state of a job for the model.
func jobResult(s runtime.JobState) Result {
	if s.Running {
		return Result{
			Text:      fmt.Sprintf("%s\n[%s is running]", s.Result.Text, s.ID), // without a time, so that a recording can be replayed
			Truncated: s.Result.Truncated,
		}
	}
	failed := s.Result.Err != nil || s.Result.ExitCode == nil || *s.Result.ExitCode != 0
	return Result{
		Text:      fmt.Sprintf("%s\n[%s has ended]", s.Result.Text, s.ID),
		IsError:   failed,
		ExitCode:  s.Result.ExitCode,
		Truncated: s.Result.Truncated,
	}
}
