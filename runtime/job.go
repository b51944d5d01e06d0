package runtime

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Caps of the jobs of one Runtime. New jobs displace ended ones, the oldest
// first.
const (
	MaxRunningJobs = 16
	maxKeptJobs    = 64
)

// JobOptions are the options of Start. The zero value is fine.
type JobOptions struct {
	Dir     string             // workspace-relative; "" is the workspace
	Timeout time.Duration      // 0: none, it may run as long as the runtime
	Output  func(delta string) // gets output as it arrives, from one goroutine at a time
}

// Job is a command that runs in the background: other commands of the runtime
// run meanwhile and can connect to it. It ends by itself, by Kill or with the
// runtime, and its processes end with it. It is safe for concurrent use.
type Job struct {
	id     string
	cmd    string
	began  time.Time
	cancel context.CancelFunc
	done   chan struct{} // closed when result is set

	mu     sync.Mutex // guards the fields below
	out    *Output
	result Result
}

// JobState is a job's state at one time.
type JobState struct {
	ID      string `json:"id"`
	Command string `json:"command"`
	Running bool   `json:"running"`
	// Result is as Bash has it. While the job runs its text is the output so far,
	// and there is no exit code.
	Result Result `json:"result"`
}

// Start starts a shell command in the background. It returns an error for a
// command that Bash refuses, and one that wraps ErrTooLarge when too many jobs
// run. A command that cannot be run, as after Stop, becomes an ended job.
func (r *Runtime) Start(cmd string, opts JobOptions) (*Job, error) {
	if err := r.refusal(cmd, opts.Dir); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	if opts.Timeout > 0 {
		cancel()
		ctx, cancel = context.WithTimeoutCause(context.Background(), opts.Timeout, &TimeoutError{Limit: opts.Timeout})
	}
	j := &Job{cmd: cmd, began: time.Now(), cancel: cancel, done: make(chan struct{}), out: NewOutput(r.output)}
	if err := r.jobs.add(j); err != nil {
		cancel()
		return nil, err
	}
	go func() {
		defer r.jobs.ended()
		defer cancel()
		j.run(ctx, r, opts)
	}()
	return j, nil
}

func (j *Job) run(ctx context.Context, r *Runtime, opts JobOptions) {
	sink := &jobOutput{job: j}
	if opts.Output != nil {
		sink.live = newLive(opts.Output, r.output)
	}
	exit, err := r.exec.Exec(ctx, Command{Script: j.cmd, Dir: opts.Dir}, sink)
	if sink.live != nil {
		sink.live.flush()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.result = result(ctx, j.cmd, j.began, j.out, exit, err)
	close(j.done)
}

// jobOutput is a job's output, guarded by the job's mutex.
type jobOutput struct {
	job  *Job
	live *live
}

func (o *jobOutput) Write(p []byte) (int, error) {
	o.job.mu.Lock()
	_, _ = o.job.out.Write(p)
	o.job.mu.Unlock()
	if o.live != nil {
		_, _ = o.live.Write(p)
	}
	return len(p), nil
}

// ID names the job within its runtime.
func (j *Job) ID() string { return j.id }

// Done is closed when the job and all that it started have ended.
func (j *Job) Done() <-chan struct{} { return j.done }

// Kill ends the job; Done is closed when it has ended.
func (j *Job) Kill() { j.cancel() }

// Wait waits for the end of the job or of ctx and returns the job's state then.
func (j *Job) Wait(ctx context.Context) JobState {
	select {
	case <-j.done:
	case <-ctx.Done():
	}
	return j.State()
}

// State returns the job's output so far and, once it has ended, how.
func (j *Job) State() JobState {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := JobState{ID: j.id, Command: j.cmd, Result: j.result}
	select {
	case <-j.done:
		return s
	default:
	}
	s.Running = true
	s.Result = Result{
		Text:            echo(j.cmd) + j.out.String(),
		Truncated:       j.out.Truncated(),
		TotalBytes:      j.out.Total(),
		DurationSeconds: time.Since(j.began).Seconds(),
	}
	return s
}

// Job finds a job by its id.
func (r *Runtime) Job(id string) (*Job, error) {
	r.jobs.mu.Lock()
	defer r.jobs.mu.Unlock()
	for _, j := range r.jobs.all {
		if j.id == id {
			return j, nil
		}
	}
	return nil, &fileError{"job " + quote(id) + " not found", ErrNotFound}
}

// Jobs returns the running jobs and the latest ended ones, the oldest first.
func (r *Runtime) Jobs() []*Job {
	r.jobs.mu.Lock()
	defer r.jobs.mu.Unlock()
	return slices.Clone(r.jobs.all)
}

// jobs are the jobs of one runtime.
type jobs struct {
	mu      sync.Mutex // guards the fields below
	all     []*Job     // the oldest first
	last    int        // the number of the newest job
	running int
	idle    chan struct{} // closed when no job runs; nil when nobody waits
}

func (s *jobs) add(j *Job) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running >= MaxRunningJobs {
		return fmt.Errorf("%w: %d jobs run already; end one before you start another", ErrTooLarge, s.running)
	}
	s.running++
	s.last++
	j.id = "job-" + strconv.Itoa(s.last)
	if len(s.all) >= maxKeptJobs {
		i := slices.IndexFunc(s.all, func(j *Job) bool { return !j.State().Running })
		s.all = slices.Delete(s.all, i, i+1) // one has ended: fewer run than are kept
	}
	s.all = append(s.all, j)
	return nil
}

func (s *jobs) ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running--; s.running == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// wait waits until no job runs. The executor is closed, so that no new one can
// start.
func (s *jobs) wait(ctx context.Context) error {
	s.mu.Lock()
	if s.running == 0 {
		s.mu.Unlock()
		return nil
	}
	if s.idle == nil {
		s.idle = make(chan struct{})
	}
	idle := s.idle
	s.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("end the background jobs: %w", context.Cause(ctx))
	}
}
