package tasks

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

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

// CollectResult says what was copied and what was not.
type CollectResult struct {
	Files   []CollectedFile `json:"files"`
	Skipped []SkippedFile   `json:"skipped" jsonschema:"what was left out, with the reason"`
	Text    string          `json:"text" jsonschema:"the same in words"`
}

// CollectedFile is one copied file; Path is its new place.
type CollectedFile struct {
	Path   string `json:"path" jsonschema:"in the session's workspace"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"`
}

// SkippedFile is a file that was not copied; Path is its place in the source.
type SkippedFile struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Collect serves files/collect: it copies a file or directory from a task's
// workspace into the session's, while the task runs or after it. Protected paths
// (see package protect) are reported in Skipped: naming one is not consent.
func (m *Manager) Collect(ctx context.Context, p CollectParams) (CollectResult, error) {
	report, err := m.collect(ctx, p, m.finder(ctx), nil)
	if err != nil {
		return CollectResult{}, err
	}
	res := CollectResult{Files: []CollectedFile{}, Skipped: skipped(report), Text: retrieved(p, report)}
	for _, f := range report.Files {
		res.Files = append(res.Files, CollectedFile{Path: f.Path, Bytes: f.Bytes, SHA256: f.SHA256})
	}
	return res, nil
}

// collect also copies the protected paths in allowed, which the user has
// approved.
func (m *Manager) collect(ctx context.Context, p CollectParams, find finder, allowed []string) (runtime.CopyReport, error) {
	from, err := m.runtimeOf(p.TaskID)
	if err != nil {
		return runtime.CopyReport{}, err
	}
	to, err := find(p.SessionID)
	if err != nil {
		return runtime.CopyReport{}, err
	}
	report, err := from.Workspace().CopyTo(ctx, to.Runtime.Workspace(), p.Path, p.dest(), runtime.CopyOptions{
		Hash: p.Hash, Allowed: allowed,
	})
	if errors.Is(err, runtime.ErrNotFound) {
		err = &runtime.InvalidError{Field: "path", Reason: err.Error()}
	}
	if err != nil {
		return runtime.CopyReport{}, fmt.Errorf("collect from task %s: %w", p.TaskID, err)
	}
	return report, nil
}

func (p CollectParams) dest() string {
	if p.Dest == "" {
		return p.Path
	}
	return p.Dest
}

// retrieved words the result as the reference does, with what was left out.
func retrieved(p CollectParams, report runtime.CopyReport) string {
	text := "Retrieved " + path.Clean(p.dest())
	if nothing(report) {
		text = "Nothing retrieved"
	}
	return text + leftOut(report, "skipped")
}

// nothing reports whether everything was skipped.
func nothing(report runtime.CopyReport) bool {
	return len(report.Files) == 0 && len(report.Skipped) > 0
}

// maxNamed bounds the skipped paths that a text names.
const maxNamed = 5

// leftOut lists in brackets what a copy left out, "" when nothing.
func leftOut(report runtime.CopyReport, word string) string {
	n := len(report.Skipped)
	if n == 0 {
		return ""
	}
	var named []string
	for _, s := range report.Skipped[:min(n, maxNamed)] {
		named = append(named, fmt.Sprintf("%q: %s", s.Path, s.Reason))
	}
	if n > maxNamed {
		named = append(named, fmt.Sprintf("and %d more", n-maxNamed))
	}
	return fmt.Sprintf(" (%d %s: %s)", n, word, strings.Join(named, "; "))
}

func skipped(report runtime.CopyReport) []SkippedFile {
	list := make([]SkippedFile, len(report.Skipped))
	for i, s := range report.Skipped {
		list[i] = SkippedFile{Path: s.Path, Reason: s.Reason}
	}
	return list
}
