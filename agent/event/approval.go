package event

import "github.com/pygent/pygent/tools"

// Approval asks the user whether something may be done. Characters that hide or
// imitate others are escaped in it, as in \x1b; an allowed call runs as the model
// wrote it.
type Approval struct {
	RequestKey string   `json:"requestKey"`
	SessionID  string   `json:"sessionId"`
	TurnID     string   `json:"turnId"`
	TaskID     string   `json:"taskId,omitempty"`
	Kind       string   `json:"kind" jsonschema:"command, edit, apply or network"`
	Title      string   `json:"title"`
	Command    string   `json:"command,omitempty" jsonschema:"the whole command"`
	Options    []Choice `json:"options" jsonschema:"allow, allowForSession (where there is a rule), deny, cancelTurn"`

	Changes []tools.Patch `json:"changes,omitempty" jsonschema:"all that an edit would change"`
	Rule    string        `json:"rule,omitempty" jsonschema:"what allowForSession allows: edit *, a command that begins as in go test *, or exactly this command"`
}

// Decision answers an Approval.
type Decision struct {
	Decision Choice `json:"decision" jsonschema:"allow, allowForSession, deny or cancelTurn"`
	Feedback string `json:"feedback,omitempty" jsonschema:"a remark for the model, sent with the decision"`
}

// Choice is a decision of the user.
type Choice string

// Decisions of the user, and withdrawn, which occurs in events only.
const (
	DecisionAllow           Choice = "allow"
	DecisionAllowForSession Choice = "allowForSession"
	DecisionDeny            Choice = "deny"
	DecisionCancelTurn      Choice = "cancelTurn"
	DecisionWithdrawn       Choice = "withdrawn"
)
