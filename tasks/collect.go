package tasks

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/pygent/pygent/runtime"
)

// CollectParams are the parameters of files/collect.
type CollectParams struct {
	TaskID    string `json:"taskId"`
	Path      string `json:"path" jsonschema:"file or directory in the task's workspace"`
	Dest      string `json:"dest,omitempty" jsonschema:"path in the session's workspace; absent: the same path"`
	SessionID string `json:"sessionId,omitempty" jsonschema:"absent: the connection's own session"`
	Hash      bool   `json:"hash,omitempty" jsonschema:"true: the answer has the files' SHA-256"`
}

// CollectResult says what was brought back and what was not.
type CollectResult struct {
	Files   []CollectedFile `json:"files"`
	Skipped []SkippedFile   `json:"skipped"`
	Text    string          `json:"text"`
}

// CollectedFile is one file that was brought back; Path is its new place.
type CollectedFile struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"`
}

// SkippedFile is one that was not; Path is its place in the task's workspace.
type SkippedFile struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Collect serves files/collect: it copies a file or directory from a task's
// workspace into the session's, while the task runs or after it. Protected paths
// come back in Skipped.
func (m *Manager) Collect(ctx context.Context, p CollectParams) (CollectResult, error) {
	return m.collect(ctx, p, func() (*runtime.Runtime, error) { return m.opts.Parent(ctx, p.SessionID) })
}

func (m *Manager) collect(ctx context.Context, p CollectParams, parent func() (*runtime.Runtime, error)) (CollectResult, error) {
	t, err := m.find(p.TaskID)
	if err != nil {
		return CollectResult{}, err
	}
	to, err := parent()
	if err != nil {
		return CollectResult{}, err
	}
	dest := p.Dest
	if dest == "" {
		dest = p.Path
	}
	report, err := t.runtime.Workspace().CopyTo(ctx, to.Workspace(), p.Path, dest, runtime.CopyOptions{
		Hash: p.Hash,
		Skip: func(from, to string) string {
			if why := protected(from); why != "" {
				return why
			}
			return protected(to)
		},
	})
	if errors.Is(err, runtime.ErrNotFound) {
		return CollectResult{}, &runtime.InvalidError{Field: "path", Reason: err.Error()}
	}
	if err != nil {
		return CollectResult{}, fmt.Errorf("collect %q of task %s: %w", p.Path, p.TaskID, err)
	}
	res := CollectResult{Files: []CollectedFile{}, Skipped: []SkippedFile{}}
	for _, f := range report.Files {
		res.Files = append(res.Files, CollectedFile{Path: f.Path, Bytes: f.Bytes, SHA256: f.SHA256})
	}
	for _, s := range report.Skipped {
		res.Skipped = append(res.Skipped, SkippedFile{Path: s.Path, Reason: s.Reason})
	}
	res.Text = "Retrieved " + path.Clean(dest)
	switch {
	case len(res.Files) == 0 && len(res.Skipped) > 0:
		res.Text = fmt.Sprintf("Nothing retrieved: %s (%s)", res.Skipped[0].Path, res.Skipped[0].Reason)
	case len(res.Skipped) > 0:
		res.Text += fmt.Sprintf(" (%d skipped: %s, %s)", len(res.Skipped), res.Skipped[0].Path, res.Skipped[0].Reason)
	}
	return res, nil
}
