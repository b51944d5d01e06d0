package tasks

import (
	"context"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// Backend runs the turns of tasks: in this process (package inprocess), or
// elsewhere. Package backendtest tests the contract. All methods are safe for
// concurrent use. For one task they are called one after the other, except
// Workspace, which may be called at any time.
type Backend interface {
	// Prepare makes the workspace of a new task, with copies of a.Files from a
	// session's workspace. The report names what cannot be copied from inside a
	// named directory. A named file that cannot be copied is an error, and then
	// nothing of the task is left.
	Prepare(ctx context.Context, a Assignment, from *runtime.Workspace) (runtime.CopyReport, error)

	// Run runs one turn to its end. It returns when nothing of the turn runs any
	// more, soon after ctx has ended; context.Cause(ctx) distinguishes a time
	// limit (a *runtime.TimeoutError) from a cancel. A task that was not prepared
	// here, as one of an earlier server, gets a new, empty workspace, and its
	// agent is told so. progress is called by one goroutine at a time, and not
	// after Run has returned.
	Run(ctx context.Context, a Assignment, progress func(Progress)) Outcome

	// Workspace returns the runtime of a task's last turn, also while that runs.
	// When there is none, the error wraps ErrNoWorkspace.
	Workspace(taskID string) (*runtime.Runtime, error)

	// Discard removes the backend's resources of a task that does not run, if
	// there are any.
	Discard(ctx context.Context, taskID string) error
}

// Assignment is one turn of a task. It is plain data, so that a backend can send
// it to another machine.
type Assignment struct {
	TaskID          string  `json:"taskId"`
	SessionID       string  `json:"sessionId"`       // of the delegated agent, for its events and its history
	ParentSessionID string  `json:"parentSessionId"` // the session that delegates
	Name            string  `json:"name,omitempty"`
	Task            string  `json:"task"`              // the task's first prompt
	Prompt          string  `json:"prompt,omitempty"`  // of this turn; "" with Answer
	Answer          *Answer `json:"answer,omitempty"`  // the turn continues at the last server's approval; nil: Prompt begins one
	ByAgent         bool    `json:"byAgent,omitempty"` // another agent gave the prompt, and cannot answer a question

	Persona string     `json:"persona,omitempty"`
	Model   string     `json:"model,omitempty"`
	Mode    event.Mode `json:"mode,omitempty"` // what the delegating agent may do without asking; "" is its session's mode

	Limits             event.Limits `json:"limits"`                       // of each turn; Run's context has the time limit already
	StepTimeoutSeconds float64      `json:"stepTimeoutSeconds,omitempty"` // of each model round with its tools; 0 is no bound

	Base  string   `json:"base,omitempty"`  // the state of the session's tree in which the workspace begins; "" is none
	Files []string `json:"files,omitempty"` // workspace-relative files and directories that are copied into it
	Setup *Command `json:"setup,omitempty"` // runs once per base; nil: none
	Check *Command `json:"check,omitempty"` // decides whether the work is done; nil: the agent decides

	Traceparent string `json:"traceparent,omitempty"` // W3C Trace Context of the delegating request
}

// Command is a command of a task. It runs in the task's sandbox.
type Command struct {
	Command        string  `json:"command"`
	TimeoutSeconds float64 `json:"timeoutSeconds,omitempty"` // 0 is no separate bound
}

// Answer is the user's decision on the approval that a task's agent had asked for
// when its server ended.
type Answer struct {
	RequestKey string       `json:"requestKey"`
	Decision   event.Choice `json:"decision"`
	Feedback   string       `json:"feedback,omitempty"`
}

// Progress is the state of a running turn.
type Progress struct {
	Steps int         `json:"steps"` // model rounds
	Usage event.Usage `json:"usage"` // of all of them
}

// Outcome says how a turn of a task ended.
type Outcome struct {
	State    State // a state in which nothing runs
	Text     string
	Question *event.TurnQuestion // for waiting
	Steps    int
	Usage    event.Usage
	Changes  []runtime.Change
	Err      error // for failed and timeout
	NotBegun bool  // nothing of the turn ran; Err says why
	Unkept   error // why no further turn can continue the conversation; nil when one can
}

// Timeout bounds each turn; 0 is no bound.
func (a Assignment) Timeout() time.Duration { return event.Duration(a.Limits.TimeoutSeconds) }

// StateOf returns the state of a task whose turn ended with status.
func StateOf(status event.Status) State {
	switch status {
	case event.StatusCompleted:
		return StateFinished
	case event.StatusWaiting:
		return StateWaiting
	case event.StatusTimeout:
		return StateTimeout
	case event.StatusStepLimit:
		return StateStepLimit
	case event.StatusBudget:
		return StateBudget
	case event.StatusCancelled:
		return StateCancelled
	default:
		return StateFailed
	}
}
