package agent

import (
	"context"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

// Kinds of an Event.
const (
	KindTurnStarted    = "turnStarted"
	KindTextDelta      = "textDelta"
	KindReasoningDelta = "reasoningDelta"
	KindMessage        = "message"
	KindToolStarted    = "toolStarted"
	KindToolOutput     = "toolOutput"
	KindToolFinished   = "toolFinished"
	KindFileChanged    = "fileChanged"
	KindRetrying       = "retrying"
	KindUsage          = "usage"
	KindNotice         = "notice"
	KindSteered        = "steered"    // in a turn, or just before it: said to the turn, whose steered message follows when the model hears it
	KindConfigured     = "configured" // between turns or in one: the session's settings were changed
	KindRewound        = "rewound"    // between turns: the conversation is what it was before toTurnId
	KindReverted       = "reverted"   // between turns: what toTurnId changed was taken back
	KindTurnFinished   = "turnFinished"

	KindApprovalRequested = "approvalRequested"
	KindApprovalResolved  = "approvalResolved" // once for each approvalRequested
)

// Event is one thing that happened in a session. Kind says which of the fields
// below the line are set. Seq is gap-free per session and starts at 1; the three
// delta kinds are live only and have none.
//
// Order within a turn: turnStarted first; toolStarted < toolOutput* <
// toolFinished; turnFinished last, before the response to agent/step.
type Event struct {
	SessionID string    `json:"sessionId"`
	TurnID    string    `json:"turnId,omitempty" jsonschema:"in a turn"`
	TaskID    string    `json:"taskId,omitempty" jsonschema:"of a task's agent"`
	Seq       int64     `json:"seq,omitempty" jsonschema:"absent for deltas"`
	Time      time.Time `json:"time"`
	Kind      string    `json:"kind" jsonschema:"says which fields below are there: see Events"`

	Delta           string       `json:"delta,omitempty" jsonschema:"the next piece of text"`
	Role            string       `json:"role,omitempty" jsonschema:"user or assistant"`
	Text            string       `json:"text,omitempty"`
	Partial         bool         `json:"partial,omitempty" jsonschema:"message: the reply broke off"`
	Steered         bool         `json:"steered,omitempty" jsonschema:"message: it was said while a turn ran, and has had its event of that name"`
	Calls           []ComingCall `json:"calls,omitempty" jsonschema:"message: all that the reply calls, where that is more than one call; each begins with its toolStarted"`
	CallID          string       `json:"callId,omitempty"`
	Tool            string       `json:"tool,omitempty"`
	Arguments       string       `json:"arguments,omitempty" jsonschema:"the JSON text that the model wrote"`
	IsError         bool         `json:"isError,omitempty"`
	ExitCode        *int         `json:"exitCode,omitempty"`
	DurationSeconds float64      `json:"durationSeconds,omitempty"`
	Truncated       bool         `json:"truncated,omitempty" jsonschema:"toolFinished: text lacks its middle"`
	Path            string       `json:"path,omitempty"`
	Change          string       `json:"change,omitempty" jsonschema:"added, modified, deleted or renamed"`
	From            string       `json:"from,omitempty" jsonschema:"fileChanged: the old path of a renamed file"`
	Added           int          `json:"added,omitempty" jsonschema:"lines"`
	Removed         int          `json:"removed,omitempty" jsonschema:"lines"`
	Attempt         int          `json:"attempt,omitempty"`
	DelaySeconds    float64      `json:"delaySeconds,omitempty"`
	Reason          string       `json:"reason,omitempty" jsonschema:"retrying: what failed; turnFinished: why it broke off"`
	Level           string       `json:"level,omitempty" jsonschema:"info, warning or error"`
	Usage           *Usage       `json:"usage,omitempty" jsonschema:"of the turn so far; turnStarted with requestKey, like steps and durationSeconds: what it had used before"`
	Status          string       `json:"status,omitempty" jsonschema:"turnFinished: see the statuses of a turn"`
	Steps           int          `json:"steps,omitempty"`
	Error           *ErrorDetail `json:"error,omitempty"`

	Changes  []runtime.Change `json:"changes,omitempty"`
	Question *TurnQuestion    `json:"question,omitempty"`

	ToTurnID   string    `json:"toTurnId,omitempty" jsonschema:"rewound: the turn, rewind or revert that was undone, and all after it; reverted: that alone"`
	RequestKey string    `json:"requestKey,omitempty" jsonschema:"turnStarted: the turn goes on where this approval was asked for"`
	Approval   *Approval `json:"approval,omitempty"`
	Decision   string    `json:"decision,omitempty" jsonschema:"allow, allowForSession, deny, cancelTurn, or withdrawn: nobody answered"`
	Feedback   string    `json:"feedback,omitempty"`
	Rule       string    `json:"rule,omitempty" jsonschema:"approvalResolved: what the session allows from now on"`

	Model         string    `json:"model,omitempty"`
	Mode          string    `json:"mode,omitempty"`
	DisabledTools *[]string `json:"disabledTools,omitempty"`

	MaxSteps   int         `json:"maxSteps,omitempty" jsonschema:"turnStarted: what the step gave, like mode, limits and dirtyFiles"`
	Limits     *TurnLimits `json:"limits,omitempty"`
	DirtyFiles *[]string   `json:"dirtyFiles,omitempty" jsonschema:"turnStarted, steered: files that the user has changed and not saved"`
}

// ComingCall is a call that was not begun yet.
type ComingCall struct {
	CallID    string `json:"callId"`
	Tool      string `json:"tool"`
	Arguments string `json:"arguments,omitempty" jsonschema:"absent where they are long: toolStarted has them"`
}

// Live reports whether e is a delta: not numbered, and merged with its
// neighbours of the same kind when the reader is slow.
func (e Event) Live() bool {
	return e.Kind == KindTextDelta || e.Kind == KindReasoningDelta || e.Kind == KindToolOutput
}

// Approval asks whether something may be done. Characters that hide or imitate
// are escapes in it, as in \x1b; what is allowed is done as the model wrote it.
type Approval struct {
	RequestKey string   `json:"requestKey"`
	SessionID  string   `json:"sessionId"`
	TurnID     string   `json:"turnId"`
	TaskID     string   `json:"taskId,omitempty"`
	Kind       string   `json:"kind" jsonschema:"command, edit, apply or network"`
	Title      string   `json:"title"`
	Command    string   `json:"command,omitempty" jsonschema:"the whole command"`
	Options    []string `json:"options" jsonschema:"allow, allowForSession (where there is a rule), deny, cancelTurn"`

	Changes []tools.Patch `json:"changes,omitempty" jsonschema:"all that an edit would change"`
	Rule    string        `json:"rule,omitempty" jsonschema:"what allowForSession allows: edit *, a command that begins as in go test *, or the very command"`
}

// Decision answers an Approval.
type Decision struct {
	Decision string `json:"decision" jsonschema:"allow, allowForSession, deny or cancelTurn"`
	Feedback string `json:"feedback,omitempty" jsonschema:"what the model is told beside it"`
}

// Decisions of the user's, and withdrawn, which only an event has.
const (
	DecisionAllow           = "allow"
	DecisionAllowForSession = "allowForSession"
	DecisionDeny            = "deny"
	DecisionCancelTurn      = "cancelTurn"
	DecisionWithdrawn       = "withdrawn"
)

// Question asks the user.
type Question struct {
	RequestKey string   `json:"requestKey"`
	SessionID  string   `json:"sessionId"`
	Question   string   `json:"question"`
	Options    []string `json:"options,omitempty"`
}

// Answer answers a Question.
type Answer struct {
	Answer    string `json:"answer,omitempty"`
	Cancelled bool   `json:"cancelled,omitempty" jsonschema:"true: the user gave none"`
}

// Client is whoever looks at a session: an editor behind the protocol, the
// terminal chat, a discarding one.
type Client interface {
	// Event delivers e. Events of a session arrive in order; none but adjacent
	// deltas, which may be merged, is ever dropped while the client lives. It
	// blocks while the client is slow, at the longest until ctx ends or the
	// client is given up.
	Event(ctx context.Context, e Event)

	// RequestApproval waits for the user's decision. A client that cannot be
	// asked denies.
	RequestApproval(ctx context.Context, a Approval) (Decision, error)

	// AskUser waits for the user's answer. ok is false when the client cannot
	// ask: the turn then ends with the question.
	AskUser(ctx context.Context, q Question) (a Answer, ok bool, err error)
}

// Discard is a Client that nobody looks at: it drops events and denies.
type Discard struct{}

// Event drops e.
func (Discard) Event(context.Context, Event) {}

// RequestApproval denies.
func (Discard) RequestApproval(context.Context, Approval) (Decision, error) {
	return Decision{Decision: DecisionDeny, Feedback: "nobody is there to ask"}, nil
}

// AskUser cannot ask.
func (Discard) AskUser(context.Context, Question) (Answer, bool, error) { return Answer{}, false, nil }
