package session

import (
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// StepParams are the parameters of agent/step.
type StepParams struct {
	SessionID  string        `json:"sessionId,omitempty" jsonschema:"absent: the connection's own session, made at first use"`
	Prompt     string        `json:"prompt"`
	Context    []ContextItem `json:"context,omitempty" jsonschema:"files and selections that the prompt is about"`
	DirtyFiles []string      `json:"dirtyFiles,omitempty" jsonschema:"workspace-relative paths of files that the user has changed and not saved: tools that write refuse them; a command can still write them. With steer they replace the turn's list at once; absent: that list stays"`
	MaxSteps   int           `json:"maxSteps,omitempty" jsonschema:"model rounds at the most; 1 is one round; default 50"`
	Mode       event.Mode    `json:"mode,omitempty" jsonschema:"plan (reads only), ask (edits and commands ask) or auto (inside the sandbox nothing asks); of this turn only"`
	Limits     *event.Limits `json:"limits,omitempty"`
	Wait       *bool         `json:"wait,omitempty" jsonschema:"false: answer accepted at once, the end comes as an event"`
	IfBusy     string        `json:"ifBusy,omitempty" jsonschema:"while a turn runs: reject (default), queue for the next turn, or steer: add it to the running turn before its next model round; if the server is killed before that, the session's next turn begins with it"`
}

// SessionParams name a session.
type SessionParams struct {
	SessionID string `json:"sessionId,omitempty" jsonschema:"absent: the connection's own session"`
}

// InterruptParams are the parameters of agent/interrupt.
type InterruptParams struct {
	SessionID string `json:"sessionId"`
	Cascade   bool   `json:"cascade,omitempty" jsonschema:"true: the session's delegated tasks are cancelled too; the answer comes when they have ended"`
}

// InterruptResult says whether there was a turn, or with cascade a task, to
// interrupt.
type InterruptResult struct {
	Interrupted bool `json:"interrupted"`
}

// StepResult is how a turn ended.
type StepResult struct {
	SessionID string              `json:"sessionId" jsonschema:"where the turn ran, for a step that named no session"`
	TurnID    string              `json:"turnId" jsonschema:"empty when the step was cancelled before its turn began"`
	Status    event.Status        `json:"status" jsonschema:"completed, waiting, stepLimit, timeout, budget, cancelled, failed, accepted, queued or steered"`
	Text      string              `json:"text" jsonschema:"the model's last text"`
	Steps     int                 `json:"steps" jsonschema:"model rounds"`
	Changes   []runtime.Change    `json:"changes" jsonschema:"what tools and commands have changed"`
	Usage     event.Usage         `json:"usage"`
	Question  *event.TurnQuestion `json:"question,omitempty" jsonschema:"the question of a turn with status waiting"`
	Error     *event.ErrorDetail  `json:"error,omitempty" jsonschema:"why it failed"`
}
