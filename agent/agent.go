package agent

import (
	"context"
	_ "embed"
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
	MaxSteps     int           // model rounds of a turn that does not say; 0 is DefaultMaxSteps
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
	callIDs map[string]bool // of every tool call in history
	seq     int64
}

// New makes an agent whose history holds the system message. It takes over rt:
// Close cleans it up. It panics without a model or a registry, which is a fault
// of the program.
func New(model Model, registry *tools.Registry, rt *runtime.Runtime, opts Options) *Agent {
	if model == nil || registry == nil {
		panic("agent: New needs a model and a registry of tools")
	}
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
		callIDs: map[string]bool{},
	}
}

// Runtime is the agent's runtime.
func (a *Agent) Runtime() *runtime.Runtime { return a.runtime }

// History is a copy of the conversation so far, the system message first. The
// caller must not change the ToolCalls of its messages.
func (a *Agent) History() []Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.history)
}

// Close cleans the runtime up. No turn may be running.
func (a *Agent) Close(ctx context.Context) error { return a.runtime.Cleanup(ctx) }

// Step is one round of the reference, as a turn of its own: it appends the
// user's message, asks the model once, appends the reply, runs the tool calls of
// the reply in order, appends one result for each, and returns the reply. An
// empty message goes on with the conversation as it stands.
//
// The error is the model's, the cause of ctx's end, or a *RepeatedFailureError;
// the history can be sent again in each case. The reply beside an error is what
// came of it.
func (a *Agent) Step(ctx context.Context, message string) (Message, error) {
	t := a.begin(ctx, message, Turn{MaxSteps: 1})
	reply, err := t.round(ctx)
	t.settle(ctx, reply, err)
	t.finish(ctx)
	return reply, err
}

// Turn bounds one turn. Zero fields mean no bound, and MaxSteps its default.
type Turn struct {
	ID       string // "" is made up
	MaxSteps int    // model rounds; 0 is the agent's own
	Timeout  time.Duration
	Tokens   int64 // input and output of all model calls
	CostUSD  float64

	// Describe gives the error of a failed turn its shape in turnFinished; nil
	// leaves its message alone.
	Describe func(error) *ErrorDetail
}

// DefaultMaxSteps bounds a turn of which nobody says how long it may be, in model
// rounds.
const DefaultMaxSteps = 50

// Outcome is how a turn ended.
type Outcome struct {
	TurnID   string
	Status   string // one of the Status constants
	Text     string // the model's last words
	Steps    int    // model rounds
	Changes  []runtime.Change
	Usage    Usage
	Question *TurnQuestion // set for waiting
	Err      error         // set for failed, timeout and cancelled
}

// Run appends the user's message and runs model and tools until the model
// stops, a bound is reached or ctx ends. It always ends with exactly one
// turnFinished event and a history that can be sent again. An empty message
// goes on with the conversation as it stands.
func (a *Agent) Run(ctx context.Context, message string, bounds Turn) Outcome {
	if bounds.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, bounds.Timeout, &runtime.TimeoutError{Limit: bounds.Timeout})
		defer cancel()
	}
	t := a.begin(ctx, message, bounds)
	for {
		if reply, err := t.round(ctx); t.settle(ctx, reply, err) {
			return t.finish(ctx)
		}
	}
}
