package agent

import (
	"context"
	_ "embed"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

//go:embed prompt.md
var defaultPrompt string

// Options are what an Agent can do without. The zero value is usable.
type Options struct {
	SystemPrompt string        // replaces the default prompt, verbatim
	Persona      string        // who the agent is: put before the system prompt
	ModelName    string        // "" is the Model's own default
	StepTimeout  time.Duration // bounds each model round with its tools; 0 is no bound
	SessionID    string        // stands in the events
	TaskID       string        // set for a delegated agent; stands in the events
	Client       Client        // nil is Discard
}

// Agent is one conversation with a model in one workspace. One turn runs at a
// time: Step and Run must not be called beside each other.
type Agent struct {
	model   Model
	tools   *tools.Registry
	runtime *runtime.Runtime
	opts    Options

	mu      sync.Mutex
	history []Message
	seq     int64
}

// New makes an agent whose history holds the system message. It takes over rt:
// Close cleans it up.
func New(model Model, registry *tools.Registry, rt *runtime.Runtime, opts Options) *Agent {
	if opts.Client == nil {
		opts.Client = Discard{}
	}
	prompt := opts.SystemPrompt
	if prompt == "" {
		prompt = strings.TrimSpace(defaultPrompt)
	}
	if opts.Persona != "" {
		prompt = strings.TrimSpace(opts.Persona) + "\n\n" + prompt
	}
	return &Agent{
		model:   model,
		tools:   registry,
		runtime: rt,
		opts:    opts,
		history: []Message{{Role: RoleSystem, Content: prompt}},
	}
}

// Runtime is the agent's runtime.
func (a *Agent) Runtime() *runtime.Runtime { return a.runtime }

// History is a copy of the conversation so far, the system message first.
func (a *Agent) History() []Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.history)
}

// Close cleans the runtime up. No turn may be running.
func (a *Agent) Close(ctx context.Context) error { return a.runtime.Cleanup(ctx) }

// Step is one round of the reference: it appends the user's message, asks the
// model once, appends the reply, runs the tool calls of the reply in order,
// appends one result for each, and returns the reply. An empty message goes on
// with the conversation as it stands.
//
// The error is the model's, or the cause of ctx's end; the history stays valid
// in each case.
func (a *Agent) Step(ctx context.Context, message string) (Message, error) {
	t := a.newTurn(Turn{ID: newID("t")})
	if message != "" {
		t.user(ctx, message)
	}
	reply, err := t.round(ctx)
	if err != nil {
		t.close(err)
	}
	return reply, err
}

// Turn bounds one turn. Zero fields mean no bound, and MaxSteps its default.
type Turn struct {
	ID       string // "" is made up
	MaxSteps int    // model rounds; 0 is DefaultMaxSteps
	Timeout  time.Duration
	Tokens   int64 // input and output of all model calls
	CostUSD  float64
}

// DefaultMaxSteps bounds a turn that says nothing itself, in model rounds.
const DefaultMaxSteps = 50

// Outcome is how a turn ended.
type Outcome struct {
	TurnID   string
	Status   string // one of the Status constants
	Text     string // the model's last words
	Steps    int    // model rounds
	Changes  []runtime.Change
	Usage    Usage
	Question *TurnQuestion
	Err      error // set for failed, timeout and cancelled
}

// Run appends the user's message and runs model and tools until the model
// stops, a bound is reached or ctx ends. It always ends with exactly one
// turnFinished event and a history that can be sent again.
func (a *Agent) Run(ctx context.Context, message string, bounds Turn) Outcome {
	if bounds.ID == "" {
		bounds.ID = newID("t")
	}
	if bounds.MaxSteps == 0 {
		bounds.MaxSteps = DefaultMaxSteps
	}
	if bounds.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, bounds.Timeout, &runtime.TimeoutError{Limit: bounds.Timeout})
		defer cancel()
	}
	t := a.newTurn(bounds)
	t.emit(ctx, Event{Kind: KindTurnStarted})
	t.user(ctx, message)
	out := t.run(ctx)
	t.emit(ctx, Event{
		Kind: KindTurnFinished, Status: out.Status, Text: out.Text, Steps: out.Steps, Usage: &out.Usage, Reason: reason(out.Err),
	})
	return out
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// statusOf names how a turn ended with err. The cause of a context tells a time
// limit from a cancel.
func statusOf(err error) string {
	var limit *runtime.TimeoutError
	switch {
	case err == nil:
		return StatusCompleted
	case errors.As(err, &limit), errors.Is(err, context.DeadlineExceeded):
		return StatusTimeout
	case errors.Is(err, context.Canceled):
		return StatusCancelled
	default:
		return StatusFailed
	}
}
