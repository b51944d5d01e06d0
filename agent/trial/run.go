package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// Report is what came of a job.
type Report struct {
	Job          *Job
	Skipped      string // why it was not run, "" when it was
	Err          error  // why it is not done; nil when it is
	Rounds       int    // requests to the model
	Calls        int    // of tools
	ToolErrors   int
	RequestBytes int // of all requests together
	FirstRequest int // bytes
	EditBytes    int // of the arguments of all edits
	Usage        event.Usage
	Took         time.Duration
}

// Options say how jobs are run.
type Options struct {
	Model    agent.Model // nil is the job's scripted one
	Name     string      // of the model; "" is its own default
	Executor Executor    // nil is Unconfined, which only a scripted model may use
	Consent  bool        // the user has allowed commands without a sandbox
	MaxSteps int         // 0 is the agent's default
}

// Run does a job in a workspace of its own, and checks it.
func (j *Job) Run(ctx context.Context, o Options) (r Report) {
	r.Job = j
	if r.Skipped = j.missing(); r.Skipped != "" {
		return r
	}
	executor := o.Executor
	if executor == nil {
		if o.Model != nil {
			r.Err = errors.New("a real model needs a sandbox")
			return r
		}
		executor = Unconfined
	}
	begun := time.Now()
	p, err := newPlace(ctx, j.tree, executor)
	if err != nil {
		r.Err = err
		return r
	}
	r.Err = errors.Join(j.do(ctx, p, o, &r), p.close(ctx))
	r.Took = time.Since(begun)
	return r
}

// missing names the programs of the check that are not there.
func (j *Job) missing() string {
	var missing []string
	for _, name := range j.Needs {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	if missing == nil {
		return ""
	}
	return "no " + strings.Join(missing, ", ")
}

// do runs the turn and the check.
func (j *Job) do(ctx context.Context, p *place, o Options, r *Report) error {
	var script *scripted
	model := o.Model
	if model == nil {
		script = &scripted{job: j}
		model = script
	}
	m := newMeter(model)
	registry, err := Tools()
	if err != nil {
		return err
	}
	kept, err := p.journal("trial-" + j.Name)
	if err != nil {
		return err
	}
	a := agent.New(m, registry, p.rt, agent.Options{
		ModelName: o.Name, MaxSteps: o.MaxSteps, SessionID: "trial-" + j.Name, Client: m, Alone: true, Journal: kept,
		Permissions: approval.Permissions{Mode: event.ModeAuto, Unconfined: o.Executor == nil || o.Consent},
	})
	out := a.Run(ctx, j.Prompt, agent.Turn{})
	m.measure(r)
	r.Usage = out.Usage
	err = a.Release()
	switch {
	case out.Err != nil:
		return errors.Join(out.Err, err)
	case out.Status != event.StatusCompleted:
		return errors.Join(fmt.Errorf("the turn ended as %s", out.Status), err)
	case script != nil:
		err = errors.Join(err, j.compare(m, r))
	}
	return errors.Join(err, j.check(ctx, p))
}

// compare holds what the scripted model's calls did against what the job says.
func (j *Job) compare(m *meter, r *Report) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for n, reply := range j.replies {
		for i, c := range reply.calls {
			if id := fmt.Sprintf("call-%d-%d", n+1, i+1); m.failed[id] != c.fails {
				return fmt.Errorf("reply %d, %s: an error: %v, want %v", n+1, c.tool, m.failed[id], c.fails)
			}
		}
	}
	if done := tokens(r.EditBytes); j.Most > 0 && done > j.Most {
		return fmt.Errorf("the edits take %d output tokens, at most %d are wanted", done, j.Most)
	}
	return nil
}

// checkTimeout bounds a check.
const checkTimeout = 2 * time.Minute

// check puts the files of the check in their places and runs it.
func (j *Job) check(ctx context.Context, p *place) error {
	for name, f := range j.checks {
		if err := (step{disk: tree{name: f}}).interfere(p.dir()); err != nil {
			return err
		}
	}
	res := p.rt.Bash(ctx, j.Check, runtime.BashOptions{Timeout: checkTimeout})
	if res.Err == nil && !res.TimedOut && res.ExitCode != nil && *res.ExitCode == 0 {
		return nil
	}
	return cmp.Or(res.Err, fmt.Errorf("the check fails:\n%s", res.Text))
}
