package agent

import (
	"context"
	_ "embed"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pygent/pygent/agent/journal"
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
	Disabled     []string      // names of tools that are left out at first
	MaxSteps     int           // model rounds of a turn that does not say; 0 is DefaultMaxSteps
	StepTimeout  time.Duration // bounds each model round with its tools; 0 is no bound
	SessionID    string        // stands in the events
	TaskID       string        // set for a delegated agent; stands in the events
	ParentID     string        // of a delegated agent: the session that delegates, whose client answers for it
	Client       Client        // nil is Discard
	Notices      []string      // told when the first turn begins
	Alone        bool          // nobody will ever answer a question
	Undo         *Undo         // nil: what turns change cannot be undone, and only tools tell of it

	Permissions Permissions // what the agent may do unasked, at first
	Broker      *Broker     // knows what the user is being asked; nil makes one

	// Journal keeps the events; nil keeps none. The agent takes it over: Close
	// closes it. Call Restore before the first turn of one that has events.
	Journal *journal.Journal
}

// Agent is one conversation with a model in one workspace. One turn runs at a
// time: Step and Run must not be called beside each other.
type Agent struct {
	model   Model
	base    *tools.Registry
	runtime *runtime.Runtime
	opts    Options
	log     *eventLog

	mu       sync.Mutex
	history  history
	settings settings
	tools    *tools.Registry // base without the disabled ones
	notices  []string        // told when the next turn begins
	restored bool
	undo     undoing
	rules    []Rule    // what the user has allowed for the session
	orphan   *orphan   // an approval that the last server left unanswered
	leftover *leftover // of the last server's turn; nil: nothing
	unheard  []string  // what was said to it and the model has not heard
}

// New makes an agent whose history holds the system message. It takes over rt:
// Close cleans it up. It panics without a model or a registry, and when a tool
// to leave out is not there, which are faults of the program.
func New(model Model, registry *tools.Registry, rt *runtime.Runtime, opts Options) *Agent {
	if model == nil || registry == nil {
		panic("agent: New needs a model and a registry of tools")
	}
	if opts.Client == nil {
		opts.Client = Discard{}
	}
	if opts.Broker == nil {
		opts.Broker = &Broker{}
	}
	if opts.Permissions.Mode == "" {
		opts.Permissions.Mode = DefaultMode(rt.Info().Sandbox)
	}
	prompt := opts.SystemPrompt
	if prompt == "" {
		prompt = strings.TrimSpace(defaultPrompt)
	}
	if opts.Persona != "" {
		prompt = strings.TrimSpace(opts.Persona) + "\n\n" + prompt
	}
	a := &Agent{
		model:   model,
		base:    registry,
		runtime: rt,
		opts:    opts,
		log:     &eventLog{sessionID: opts.SessionID, taskID: opts.TaskID, client: opts.Client},
		history: newHistory(prompt),
		notices: slices.Clone(opts.Notices),
		rules:   slices.Clone(opts.Permissions.Rules),
	}
	err := a.checkTools("disabledTools", opts.Disabled)
	if err == nil {
		err = a.use(settings{Model: opts.ModelName, Mode: opts.Permissions.Mode, Disabled: opts.Disabled})
	}
	if err != nil {
		panic("agent: " + err.Error())
	}
	if opts.Journal != nil {
		a.attach(opts.Journal)
	}
	return a
}

// attach gives the agent its journal. No turn has run yet.
func (a *Agent) attach(j *journal.Journal) {
	a.log.attach(j)
	a.restored = j.LastSeq() == 0
	a.orphan, _ = lastAsked(j.Back) // what cannot be read is found out by Restore
}

// Permissions are what the agent may do unasked now.
func (a *Agent) Permissions() Permissions {
	a.mu.Lock()
	defer a.mu.Unlock()
	return Permissions{Mode: a.settings.Mode, Unconfined: a.opts.Permissions.Unconfined, Rules: slices.Clone(a.rules)}
}

// Runtime is the agent's runtime.
func (a *Agent) Runtime() *runtime.Runtime { return a.runtime }

// History is a copy of the conversation so far, the system message first. The
// caller must not change the ToolCalls of its messages.
func (a *Agent) History() []Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.history.messages)
}

// Close cleans the runtime up and closes the journal. No turn may be running.
func (a *Agent) Close(ctx context.Context) error {
	return errors.Join(a.closeUndo(), a.runtime.Cleanup(ctx), a.log.close())
}

// Step is one round of the reference, as a turn of its own: it appends the
// user's message, asks the model once, appends the reply, runs the tool calls of
// the reply in order, appends one result for each, and returns the reply. An
// empty message goes on with the conversation as it stands.
//
// The error is the model's, the cause of ctx's end, or a *RepeatedFailureError;
// the history can be sent again in each case. The reply beside an error is what
// came of it.
func (a *Agent) Step(ctx context.Context, message string) (Message, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := a.begin(ctx, message, Turn{MaxSteps: 1})
	t.cancel = cancel
	reply, err := t.round(ctx)
	t.settle(ctx, reply, err)
	t.finish(ctx)
	return reply, err
}

// Turn bounds one turn. Zero fields mean no bound, and MaxSteps its default.
type Turn struct {
	ID       string   // "" is made up
	MaxSteps int      // model rounds; 0 is the agent's own
	Mode     string   // "" is the agent's own
	Dirty    []string // clean paths of files that the user is editing: not to be written
	Timeout  time.Duration
	Tokens   int64 // input and output of all model calls
	CostUSD  float64

	// Describe gives the error of a failed turn its shape in turnFinished; nil
	// leaves its message alone.
	Describe func(error) *ErrorDetail

	// Progress is told after each reply of the model how far the turn is: its
	// rounds, and all that they have used. Nil tells nobody.
	Progress func(steps int, used Usage)

	mail    *mailbox  // what is said to the turn while it runs; nil takes nothing
	resumed *answered // the turn goes on with this call; nil begins anew
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
	if bounds.resumed != nil {
		bounds = bounds.within(bounds.resumed.bounds)
	}
	ctx, timeUp := bounds.deadline(ctx)
	defer timeUp()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := a.begin(ctx, message, bounds)
	t.cancel = cancel
	if given := bounds.resumed; given != nil {
		if reply, err := t.resumeCall(ctx, given); t.settle(ctx, reply, err) {
			return t.finish(ctx)
		}
	}
	for {
		if reply, err := t.round(ctx); t.settle(ctx, reply, err) {
			return t.finish(ctx)
		}
	}
}
