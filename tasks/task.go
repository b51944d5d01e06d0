package tasks

import (
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// StartParams are the parameters of tasks/start.
type StartParams struct {
	Prompt             string        `json:"prompt"`
	Files              []string      `json:"files,omitempty" jsonschema:"workspace-relative files and directories that the task gets a copy of, at the same paths"`
	SessionID          string        `json:"sessionId,omitempty" jsonschema:"the session that owns the task, and whose workspace has the files; absent: the connection's own session"`
	Name               string        `json:"name,omitempty" jsonschema:"for people; absent: the beginning of the prompt"`
	Persona            string        `json:"persona,omitempty" jsonschema:"says who the delegated agent is; precedes its system prompt"`
	Model              string        `json:"model,omitempty" jsonschema:"absent: the server's"`
	StepTimeoutSeconds float64       `json:"stepTimeoutSeconds,omitempty" jsonschema:"bounds each model round with its tools"`
	TaskTimeoutSeconds float64       `json:"taskTimeoutSeconds,omitempty" jsonschema:"bounds each turn of the task"`
	Limits             *event.Limits `json:"limits,omitempty"`
	Check              string        `json:"check,omitempty" jsonschema:"not supported yet: refused"`
	Attempts           int           `json:"attempts,omitempty" jsonschema:"not supported yet: more than 1 is refused"`
}

// StartResult is the result of tasks/start, which does not wait for the task.
type StartResult struct {
	TaskID  string        `json:"taskId"`
	State   State         `json:"state" jsonschema:"running"`
	Skipped []SkippedFile `json:"skipped,omitempty" jsonschema:"what was not copied from inside the named directories"`
}

// TaskParams name a task.
type TaskParams struct {
	TaskID string `json:"taskId"`
}

// Task describes a task. Steps, text, error, usage and changes are those of its
// last turn; tasks/output has the events of all turns.
type Task struct {
	TaskID    string              `json:"taskId"`
	Revision  int64               `json:"revision" jsonschema:"counts the changes of the task, from 1; of two descriptions of a task, the one with the higher revision is newer"`
	Name      string              `json:"name"`
	Prompt    string              `json:"prompt" jsonschema:"the first one"`
	State     State               `json:"state" jsonschema:"queued, running, waiting, finished, failed, timeout, stepLimit, budget, cancelled or interrupted"`
	Status    string              `json:"status" jsonschema:"running, finished, timeout after 60s or error: …"`
	SessionID string              `json:"sessionId" jsonschema:"the delegated agent's session"`
	StartedAt time.Time           `json:"startedAt"`
	EndedAt   *time.Time          `json:"endedAt,omitempty" jsonschema:"absent while it is queued, running or waiting"`
	Steps     int                 `json:"steps" jsonschema:"model rounds of its last turn, so far"`
	Text      string              `json:"text,omitempty" jsonschema:"the delegated agent's last text"`
	Question  *event.TurnQuestion `json:"question,omitempty" jsonschema:"the question of a waiting task"`
	Error     string              `json:"error,omitempty" jsonschema:"why its last turn broke off"`
	Usage     event.Usage         `json:"usage" jsonschema:"of its last turn, so far"`
	Changes   []runtime.Change    `json:"changes" jsonschema:"what its last turn has changed in its workspace, once that has ended"`
}

// Changed says that a task's state has changed.
type Changed struct {
	Task Task `json:"task"`
}
