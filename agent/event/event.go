package event

import (
	"time"

	"github.com/pygent/pygent/runtime"
)

// Kind says what an Event reports.
type Kind string

// Kinds of an Event.
const (
	KindTurnStarted    Kind = "turnStarted"
	KindTextDelta      Kind = "textDelta"
	KindReasoningDelta Kind = "reasoningDelta"
	KindMessage        Kind = "message"
	KindToolStarted    Kind = "toolStarted"
	KindToolOutput     Kind = "toolOutput"
	KindToolFinished   Kind = "toolFinished"
	KindFileChanged    Kind = "fileChanged"
	KindToolProgress   Kind = "toolProgress" // live: the model writes a long call, before its toolStarted
	KindPlan           Kind = "plan"         // the model's whole plan
	KindRetrying       Kind = "retrying"
	KindUsage          Kind = "usage"
	KindNotice         Kind = "notice"
	KindSteered        Kind = "steered"    // in a turn, or just before it: a prompt for the turn; its message event follows when the model gets it
	KindConfigured     Kind = "configured" // between turns or in one: the session's settings were changed
	KindRewound        Kind = "rewound"    // between turns: the conversation is what it was before toTurnId
	KindReverted       Kind = "reverted"   // between turns: the changes of toTurnId were undone
	KindTurnFinished   Kind = "turnFinished"

	KindApprovalRequested Kind = "approvalRequested"
	KindApprovalResolved  Kind = "approvalResolved" // once for each approvalRequested
)

// Event is one thing that happened in a session. Kind determines which of the
// fields after it are set. Seq has no gaps in a session and starts at 1; the
// three kinds of delta and toolProgress are sent live only and have no Seq.
//
// Order within a turn: turnStarted first; toolStarted < toolOutput* <
// toolFinished; turnFinished last, before the response to agent/step.
type Event struct {
	SessionID string    `json:"sessionId"`
	TurnID    string    `json:"turnId,omitempty" jsonschema:"in a turn"`
	TaskID    string    `json:"taskId,omitempty" jsonschema:"of a task's agent"`
	Seq       int64     `json:"seq,omitempty" jsonschema:"absent for deltas"`
	Time      time.Time `json:"time"`
	Kind      Kind      `json:"kind" jsonschema:"determines which of the fields below are set: see Events"`

	Delta           string       `json:"delta,omitempty" jsonschema:"the next piece of text"`
	Role            Role         `json:"role,omitempty" jsonschema:"user or assistant"`
	Text            string       `json:"text,omitempty"`
	Partial         bool         `json:"partial,omitempty" jsonschema:"message: the reply broke off"`
	Steered         bool         `json:"steered,omitempty" jsonschema:"message: the user sent it while a turn ran; a steered event came before it"`
	Calls           []ComingCall `json:"calls,omitempty" jsonschema:"message: the calls of the reply, when there are several; each begins with its toolStarted"`
	CallID          string       `json:"callId,omitempty"`
	Tool            string       `json:"tool,omitempty"`
	Arguments       string       `json:"arguments,omitempty" jsonschema:"the JSON text that the model wrote"`
	Title           string       `json:"title,omitempty" jsonschema:"toolStarted: what is done, a few words for the user; absent in sessions of older servers"`
	Detail          string       `json:"detail,omitempty" jsonschema:"toolStarted: to what, shown as code: the command, the path, the beginning of the prompt; cut after 400 characters; invisible characters are escaped"`
	Terminal        bool         `json:"terminal,omitempty" jsonschema:"toolStarted: detail is a command, and the text of toolFinished repeats it after a $ before the output"`
	IsError         bool         `json:"isError,omitempty"`
	ExitCode        *int         `json:"exitCode,omitempty"`
	DurationSeconds float64      `json:"durationSeconds,omitempty"`
	Truncated       bool         `json:"truncated,omitempty" jsonschema:"toolFinished: text lacks its middle"`
	Bytes           int64        `json:"bytes,omitempty" jsonschema:"toolProgress: of the call's arguments so far"`
	Plan            []PlanStep   `json:"plan,omitempty" jsonschema:"plan: all of its steps, in order"`
	Path            string       `json:"path,omitempty"`
	Change          string       `json:"change,omitempty" jsonschema:"added, modified, deleted or renamed"`
	From            string       `json:"from,omitempty" jsonschema:"fileChanged: the old path of a renamed file"`
	Added           int          `json:"added,omitempty" jsonschema:"lines"`
	Removed         int          `json:"removed,omitempty" jsonschema:"lines"`
	Protected       bool         `json:"protected,omitempty" jsonschema:"fileChanged: a program of the user runs this file, or a file that it names"`
	Attempt         int          `json:"attempt,omitempty"`
	DelaySeconds    float64      `json:"delaySeconds,omitempty"`
	Reason          string       `json:"reason,omitempty" jsonschema:"retrying: what failed; turnFinished: why it broke off"`
	Level           Level        `json:"level,omitempty" jsonschema:"info, warning or error"`
	Usage           *Usage       `json:"usage,omitempty" jsonschema:"of the turn so far; in turnStarted with requestKey, usage, steps and durationSeconds are what the turn had used before"`
	Status          Status       `json:"status,omitempty" jsonschema:"turnFinished: see the statuses of a turn"`
	Steps           int          `json:"steps,omitempty"`
	Error           *ErrorDetail `json:"error,omitempty"`

	Changes  []runtime.Change `json:"changes,omitempty"`
	Question *TurnQuestion    `json:"question,omitempty"`

	ToTurnID   string    `json:"toTurnId,omitempty" jsonschema:"rewound: the first turn, rewind or revert that was undone, with all after it; reverted: the only one"`
	RequestKey string    `json:"requestKey,omitempty" jsonschema:"turnStarted: the turn continues at the call of this approval"`
	Approval   *Approval `json:"approval,omitempty"`
	Decision   Choice    `json:"decision,omitempty" jsonschema:"allow, allowForSession, deny, cancelTurn, or withdrawn: nobody answered"`
	Feedback   string    `json:"feedback,omitempty"`
	Rule       string    `json:"rule,omitempty" jsonschema:"approvalResolved: what the session allows from now on"`

	Model         string    `json:"model,omitempty"`
	Mode          Mode      `json:"mode,omitempty"`
	DisabledTools *[]string `json:"disabledTools,omitempty"`

	MaxSteps   int       `json:"maxSteps,omitempty" jsonschema:"turnStarted: the step's parameter, as are mode, limits and dirtyFiles"`
	Limits     *Limits   `json:"limits,omitempty"`
	DirtyFiles *[]string `json:"dirtyFiles,omitempty" jsonschema:"turnStarted, steered: files that the user has changed and not saved"`
}

// ComingCall is a call that has not begun.
type ComingCall struct {
	CallID    string `json:"callId"`
	Tool      string `json:"tool"`
	Arguments string `json:"arguments,omitempty" jsonschema:"absent where they are long: toolStarted has them"`
}

// Live reports whether e is a delta: it has no number, and may be merged with its
// neighbours of the same kind when the reader is slow.
func (e Event) Live() bool {
	return e.Kind == KindTextDelta || e.Kind == KindReasoningDelta || e.Kind == KindToolOutput || e.Kind == KindToolProgress
}

// PlanStep is one step of the model's plan.
type PlanStep struct {
	Step   string `json:"step"`
	Status string `json:"status" jsonschema:"pending, in_progress or completed"`
}

// FileChanged makes the event of a changed file.
func FileChanged(c runtime.Change) Event {
	return Event{Kind: KindFileChanged, Path: c.Path, From: c.From, Change: c.Change, Added: c.Added, Removed: c.Removed, Protected: c.Protected}
}

// Level is the importance of a notice.
type Level string

// Levels of a notice.
const (
	LevelInfo    Level = "info"
	LevelWarning Level = "warning"
	LevelError   Level = "error"
)
