package tasks

import (
	"time"

	"github.com/pygent/pygent/runtime"
)

// StartParams are the parameters of tasks/start.
type StartParams struct {
	Prompt             string   `json:"prompt"`
	Files              []string `json:"files,omitempty" jsonschema:"workspace-relative files and directories that the task gets a copy of, at the same paths"`
	SessionID          string   `json:"sessionId,omitempty" jsonschema:"whose workspace the files come from and whom the task belongs to; absent: the connection's own session"`
	Name               string   `json:"name,omitempty" jsonschema:"for people; absent: the beginning of the prompt"`
	Persona            string   `json:"persona,omitempty" jsonschema:"who the delegated agent is, put before its system prompt"`
	Model              string   `json:"model,omitempty" jsonschema:"absent: the server's"`
	StepTimeoutSeconds float64  `json:"stepTimeoutSeconds,omitempty" jsonschema:"bounds each model round with its tools"`
	TaskTimeoutSeconds float64  `json:"taskTimeoutSeconds,omitempty" jsonschema:"bounds the whole task, and a further turn of it anew"`
	Limits             *Limits  `json:"limits,omitempty"`
	Check              string   `json:"check,omitempty" jsonschema:"not supported yet: refused"`
	Attempts           int      `json:"attempts,omitempty" jsonschema:"not supported yet: more than 1 is refused"`
}

// Limits bound what a turn of a task may use.
type Limits struct {
	TimeoutSeconds float64 `json:"timeoutSeconds,omitempty" jsonschema:"bounds the whole task, as taskTimeoutSeconds does; the smaller counts"`
	Tokens         int64   `json:"tokens,omitempty" jsonschema:"input and output of all model calls"`
	CostUSD        float64 `json:"costUsd,omitempty" jsonschema:"enforced where the provider reports what a call costs"`
}

// StartResult answers tasks/start, which does not wait for the task.
type StartResult struct {
	TaskID  string        `json:"taskId"`
	State   State         `json:"state" jsonschema:"running"`
	Skipped []SkippedFile `json:"skipped,omitempty" jsonschema:"what lies in the named directories and was not copied"`
}

// TaskParams name a task.
type TaskParams struct {
	TaskID string `json:"taskId"`
}

// Task is what tasks/status tells of a task. Steps, text, error, usage and changes
// are those of its last turn; tasks/output has all.
type Task struct {
	TaskID    string           `json:"taskId"`
	Name      string           `json:"name"`
	Prompt    string           `json:"prompt" jsonschema:"the first one"`
	State     State            `json:"state" jsonschema:"queued, running, waiting, finished, failed, timeout, stepLimit, budget, cancelled or interrupted"`
	Status    string           `json:"status" jsonschema:"running, finished, timeout after 60s or error: …"`
	SessionID string           `json:"sessionId" jsonschema:"the delegated agent's own"`
	StartedAt time.Time        `json:"startedAt"`
	EndedAt   *time.Time       `json:"endedAt,omitempty" jsonschema:"absent while it is queued, running or waiting"`
	Steps     int              `json:"steps" jsonschema:"model rounds of its last turn, so far"`
	Text      string           `json:"text,omitempty" jsonschema:"the delegated agent's last words"`
	Question  *Question        `json:"question,omitempty" jsonschema:"what a waiting task asks"`
	Error     string           `json:"error,omitempty" jsonschema:"why its last turn broke off"`
	Usage     Usage            `json:"usage" jsonschema:"of its last turn, so far"`
	Changes   []runtime.Change `json:"changes" jsonschema:"what its last turn has changed in its workspace, once that has ended"`
}

// Question is what a waiting task asks; tasks/send answers it.
type Question struct {
	Text    string   `json:"text"`
	Options []string `json:"options,omitempty"`
}

// Usage counts tokens.
type Usage struct {
	InputTokens  int64 `json:"inputTokens"`
	OutputTokens int64 `json:"outputTokens"`
	CachedTokens int64 `json:"cachedTokens"`
}

// Changed tells that a task's state has changed.
type Changed struct {
	Task Task `json:"task"`
}
