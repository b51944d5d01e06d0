package agent

import (
	"context"
	_ "embed"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/snapshot"
	"github.com/pygent/pygent/tools"
)

//go:embed prompt.md
var defaultPrompt string

// Options are the optional settings of an Agent. The zero value is usable.
type Options struct {
	SystemPrompt string         // replaces the default prompt; used verbatim
	Persona      string         // says who the agent is; precedes the system prompt
	ModelName    string         // "" is the Model's own default
	Disabled     []string       // names of tools that are disabled at first
	MaxSteps     int            // model rounds of a turn that sets no number; 0 is DefaultMaxSteps
	StepTimeout  time.Duration  // bounds each model round with its tools; 0 is no bound
	SessionID    string         // named in the events
	TaskID       string         // set for a delegated agent; named in the events
	ParentID     string         // of a delegated agent: the session that delegates; its client answers for the agent
	Client       event.Client   // nil is Discard
	Notices      []string       // sent when the first turn begins
	Alone        bool           // no user will ever answer a question
	Undo         *snapshot.Undo // nil: turns cannot be undone, and only changes by tools are reported

	Permissions approval.Permissions // what the agent may do without asking, at first
	Broker      *approval.Broker     // holds the open questions to the user; nil makes one

	// Journal keeps the events; nil keeps none. The agent owns it: Close closes
	// it. When it has events, call Restore before the first turn.
	Journal *journal.Journal
}

// Agent is one conversation with a model in one workspace. It runs one turn at a
// time: Step and Run must not be called concurrently.
type Agent struct {
	model   Model
	base    *tools.Registry
	runtime *runtime.Runtime
	opts    Options
	log     *conversation.Log
	undo    *snapshot.Follower

	searches sync.WaitGroup // in the background

	mu         sync.Mutex
	notices    []string        // sent when the next turn begins
	weaknesses []string        // of the runtime and its view, as already reported
	told       map[string]bool // notices that are sent once
	begun      bool            // a turn has begun since the agent was made
}

// New makes an agent whose history holds the system message. The agent owns rt:
// Close cleans it up. New panics without a model or a registry, and when a tool
// in Disabled does not exist, because these are faults of the program.
func New(model Model, registry *tools.Registry, rt *runtime.Runtime, opts Options) *Agent {
	if model == nil || registry == nil {
		panic("agent: New needs a model and a registry of tools")
	}
	if opts.Client == nil {
		opts.Client = event.Discard{}
	}
	if opts.Broker == nil {
		opts.Broker = &approval.Broker{}
	}
	if opts.Permissions.Mode == "" {
		opts.Permissions.Mode = approval.DefaultMode(rt.Info().Sandbox)
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
		notices: slices.Clone(opts.Notices),
		undo:    opts.Undo.Follow(rt.Workspace()),
	}
	if err := a.CheckTools("disabledTools", opts.Disabled); err != nil {
		panic("agent: " + err.Error())
	}
	settings := conversation.Settings{Model: opts.ModelName, Mode: opts.Permissions.Mode, Disabled: opts.Disabled}
	state := conversation.New(prompt, settings, opts.Permissions.Rules)
	a.log = conversation.NewLog(opts.SessionID, opts.TaskID, opts.Client, state)
	if opts.Journal != nil {
		a.Attach(opts.Journal)
	}
	return a
}

// Attach gives the agent its journal, which Close closes. Call it before the
// first turn.
func (a *Agent) Attach(j *journal.Journal) {
	a.log.Attach(j)
	a.undo.KeepAt(j.Beside(snapshot.RecordsFile))
}

// Options returns the options that the agent was made with.
func (a *Agent) Options() Options { return a.opts }

// Notice sends the user a text when the next turn begins.
func (a *Agent) Notice(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.notices = append(a.notices, text)
}

// Undo returns the record of what the session's turns changed.
func (a *Agent) Undo() *snapshot.Follower { return a.undo }

// Log returns the session's events, with the state that they make.
func (a *Agent) Log() *conversation.Log { return a.log }

func (a *Agent) state() *conversation.State { return a.log.State() }

// Restore restores the conversation from the journal: see conversation.Log.
func (a *Agent) Restore() error { return a.log.Restore() }

// InForce returns the settings and tools of the next model round. Disabled tools
// that do not exist are ignored: a session is older than the program that resumes
// it.
func (a *Agent) InForce() (conversation.Settings, *tools.Registry) {
	set := a.state().Settings()
	if len(set.Disabled) == 0 {
		return set, a.base
	}
	known := slices.DeleteFunc(slices.Clone(set.Disabled), func(name string) bool { return !slices.Contains(a.base.Names(), name) })
	active, err := a.base.Without(known...)
	if err != nil { // all of them are known
		panic("agent: " + err.Error())
	}
	return set, active
}

// CheckTools refuses names of tools that do not exist.
func (a *Agent) CheckTools(field string, names []string) error {
	if _, err := a.base.Without(names...); err != nil {
		return &runtime.InvalidError{Field: field, Reason: err.Error()}
	}
	return nil
}

// Permissions returns what the agent may do without asking now.
func (a *Agent) Permissions() approval.Permissions {
	return approval.Permissions{Mode: a.state().Settings().Mode, Unconfined: a.opts.Permissions.Unconfined, Rules: a.state().Rules()}
}

// Runtime returns the agent's runtime.
func (a *Agent) Runtime() *runtime.Runtime { return a.runtime }

// History returns a copy of the conversation so far, the system message first.
// The caller must not change the ToolCalls of its messages.
func (a *Agent) History() []event.Message {
	if a.hasBegun() {
		return a.state().Messages()
	}
	return a.state().Ended()
}

// hasBegun reports whether a turn has begun since the agent was made. Before
// that, an open turn is one of another server.
func (a *Agent) hasBegun() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.begun
}

// Close cleans the runtime up and closes the journal. No turn may be running.
func (a *Agent) Close(ctx context.Context) error {
	a.searches.Wait()
	return errors.Join(a.undo.Close(), a.runtime.Cleanup(ctx), a.log.Close())
}

// Release is Close for an agent whose runtime belongs to its maker.
func (a *Agent) Release() error {
	a.searches.Wait()
	return errors.Join(a.undo.Close(), a.log.Close())
}

// Step runs one model round as a turn of its own: it appends the user's message,
// asks the model once, appends the reply, runs the tool calls of the reply in
// order, appends one result for each, and returns the reply. An empty message
// continues the conversation as it is.
//
// The error is the model's, the cause of ctx's end, or a *RepeatedFailureError;
// the history can be sent again in each case. The reply returned with an error
// holds the part that arrived.
func (a *Agent) Step(ctx context.Context, message string) (event.Message, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := a.begin(ctx, message, Turn{MaxSteps: 1})
	t.cancel = cancel
	reply, err := t.round(ctx)
	t.settle(ctx, reply, err)
	t.finish(ctx)
	return reply, err
}

// Turn bounds one turn. A zero field is no bound; a zero MaxSteps is the default.
type Turn struct {
	ID       string     // "" makes one
	MaxSteps int        // model rounds; 0 is the agent's number
	Mode     event.Mode // "" is the agent's mode
	Dirty    []string   // clean paths of files that the user is editing: the turn must not write them
	Limits   event.Limits

	// Describe gives the error of a failed turn its shape in turnFinished; nil
	// sends the message alone.
	Describe func(error) *event.ErrorDetail

	// Progress gets the state of the turn after each reply of the model: its
	// rounds, and all that they have used. Nil is not called.
	Progress func(steps int, used event.Usage)

	Steering *Steering // prompts for the turn while it runs; nil takes none
	Note     string    // a remark for the model, after the calls of the continued round
	Answered *Answered // the turn continues with this call; nil begins anew
}

// DefaultMaxSteps bounds a turn that sets no bound, in model rounds.
const DefaultMaxSteps = 50

// Outcome is how a turn ended.
type Outcome struct {
	TurnID   string
	Status   event.Status // one of the Status constants
	Text     string       // the model's last text
	Steps    int          // model rounds
	Changes  []runtime.Change
	Usage    event.Usage
	Question *event.TurnQuestion // set for waiting
	Err      error               // set for failed, timeout and cancelled
}

// Run appends the user's message and runs model and tools until the model stops,
// a bound is reached or ctx ends. It always ends with exactly one turnFinished
// event and a history that can be sent again. An empty message continues the
// conversation as it is.
func (a *Agent) Run(ctx context.Context, message string, bounds Turn) Outcome {
	if bounds.Answered != nil {
		bounds = bounds.within(bounds.Answered.Bounds)
	}
	ctx, timeUp := bounds.deadline(ctx)
	defer timeUp()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := a.begin(ctx, message, bounds)
	t.cancel = cancel
	if given := bounds.Answered; given != nil {
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
