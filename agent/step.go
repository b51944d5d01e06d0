package agent

import "github.com/pygent/pygent/runtime"

// StepParams are the parameters of agent/step.
type StepParams struct {
	SessionID  string        `json:"sessionId,omitempty" jsonschema:"absent: the connection's own session, made at first use"`
	Prompt     string        `json:"prompt"`
	Context    []ContextItem `json:"context,omitempty" jsonschema:"files and selections that the prompt speaks of"`
	DirtyFiles []string      `json:"dirtyFiles,omitempty" jsonschema:"workspace-relative paths of files that the user has changed and not saved: tools that write refuse them; a command cannot be kept from them. With steer they hold at once, instead of those that the turn was told before; absent: those stay"`
	MaxSteps   int           `json:"maxSteps,omitempty" jsonschema:"model rounds at the most; 1 is one round; default 50"`
	Mode       string        `json:"mode,omitempty" jsonschema:"plan (reads only), ask (edits and commands ask) or auto (inside the sandbox nothing asks); of this turn only"`
	Limits     *TurnLimits   `json:"limits,omitempty"`
	Wait       *bool         `json:"wait,omitempty" jsonschema:"false: answer accepted at once, the end comes as an event"`
	IfBusy     string        `json:"ifBusy,omitempty" jsonschema:"while a turn runs: reject (default), queue for the next turn, or steer: say it to the running turn before its next model round; if the server dies before that, the session's next turn hears it first"`
}

// TurnLimits bound one turn. Zero means no bound of this kind.
type TurnLimits struct {
	TimeoutSeconds float64 `json:"timeoutSeconds,omitempty"`
	Tokens         int64   `json:"tokens,omitempty" jsonschema:"input and output of all model calls of the turn"`
	CostUSD        float64 `json:"costUsd,omitempty" jsonschema:"enforced where the provider reports what a call costs"`
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

// InterruptResult tells whether there was a turn, or with cascade a task, to
// interrupt.
type InterruptResult struct {
	Interrupted bool `json:"interrupted"`
}

// Statuses of a turn.
const (
	StatusCompleted = "completed"
	StatusWaiting   = "waiting"
	StatusStepLimit = "stepLimit"
	StatusTimeout   = "timeout"
	StatusBudget    = "budget"
	StatusCancelled = "cancelled"
	StatusFailed    = "failed"
	StatusAccepted  = "accepted" // not waited for: the end comes as an event
	StatusQueued    = "queued"   // likewise, behind another turn
	StatusSteered   = "steered"  // said to the running turn, which has the turnId
)

// StepResult is how a turn ended.
type StepResult struct {
	SessionID string           `json:"sessionId" jsonschema:"where the turn ran: of use when none was given"`
	TurnID    string           `json:"turnId" jsonschema:"empty when the step was cancelled before its turn began"`
	Status    string           `json:"status" jsonschema:"completed, waiting, stepLimit, timeout, budget, cancelled, failed, accepted, queued or steered"`
	Text      string           `json:"text" jsonschema:"the model's last words"`
	Steps     int              `json:"steps" jsonschema:"model rounds"`
	Changes   []runtime.Change `json:"changes" jsonschema:"what tools and commands have changed"`
	Usage     Usage            `json:"usage"`
	Question  *TurnQuestion    `json:"question,omitempty" jsonschema:"what a turn with status waiting asks"`
	Error     *ErrorDetail     `json:"error,omitempty" jsonschema:"why it failed"`
}

// TurnQuestion is what a turn with status waiting asks; the next step answers.
type TurnQuestion struct {
	Text    string   `json:"text"`
	Options []string `json:"options,omitempty"`
}

// ErrorDetail is the shape of every error on the wire.
type ErrorDetail struct {
	Code    int        `json:"code"`
	Message string     `json:"message"`
	Data    *ErrorData `json:"data,omitempty"`
}

// ErrorData tells a program what kind of error it is and what would help.
type ErrorData struct {
	Kind              string  `json:"kind"`
	Retryable         bool    `json:"retryable"`
	Hint              string  `json:"hint,omitempty"`
	HTTPStatus        int     `json:"httpStatus,omitempty"`
	RetryAfterSeconds float64 `json:"retryAfterSeconds,omitempty"`
}
