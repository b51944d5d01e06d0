package session

import (
	"context"
	"errors"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/snapshot"
)

// DiffParams are the parameters of files/diff.
type DiffParams struct {
	TaskID    string   `json:"taskId,omitempty" jsonschema:"all that a task's turns have changed"`
	SessionID string   `json:"sessionId,omitempty" jsonschema:"absent: the connection's own session"`
	TurnID    string   `json:"turnId,omitempty" jsonschema:"a turn, a rewind or a revert; absent: the last of them that changed files"`
	Paths     []string `json:"paths,omitempty" jsonschema:"files, and directories with all below; absent: everything"`
}

// DiffResult is what was changed, as it was then: later changes are not in it.
type DiffResult struct {
	Patch     string        `json:"patch" jsonschema:"unified, as git apply takes it; binary files and those over 1 MiB are only named"`
	Files     []ChangedFile `json:"files"`
	Truncated bool          `json:"truncated,omitempty" jsonschema:"the patch would be longer than 32 MiB and lacks further files"`
}

// ChangedFile is one file of a diff.
type ChangedFile struct {
	Path      string `json:"path" jsonschema:"workspace-relative, with slashes"`
	Change    string `json:"change" jsonschema:"added, modified, deleted or renamed"`
	From      string `json:"from,omitempty" jsonschema:"renamed: the old path"`
	Added     int    `json:"added" jsonschema:"lines"`
	Removed   int    `json:"removed" jsonschema:"lines"`
	Binary    bool   `json:"binary"`
	Protected bool   `json:"protected,omitempty" jsonschema:"a program of the user runs this file, or a file that it names; bringing back a task's changes leaves it out"`
}

// DiffFiles returns what a turn of a session has changed. It reads the undo
// records, not the workspace.
func (s *Manager) DiffFiles(ctx context.Context, p DiffParams) (DiffResult, error) {
	paths, err := cleanPaths(p.Paths)
	if err != nil {
		return DiffResult{}, err
	}
	ses, err := s.get(ctx, p.SessionID)
	if err != nil {
		return DiffResult{}, err
	}
	record, err := lastRecord(ses.agent, p.TurnID)
	if err != nil {
		return DiffResult{}, err
	}
	space, err := ses.agent.Undo().Space()
	if err != nil {
		return DiffResult{}, unavailable(err)
	}
	return diff(ctx, space, record, paths)
}

// DiffWorkspace returns all that the recorded turns in a temporary workspace have
// changed.
func (s *Manager) DiffWorkspace(ctx context.Context, ws *runtime.Workspace, names []string) (_ DiffResult, err error) {
	paths, err := cleanPaths(names)
	if err != nil {
		return DiffResult{}, err
	}
	if s.opts.Undo == nil {
		return DiffResult{}, unavailable(snapshot.ErrOff)
	}
	space, err := s.opts.Undo.Open(ws)
	if err != nil {
		return DiffResult{}, unavailable(err)
	}
	defer func() { err = errors.Join(err, s.opts.Undo.Release(space)) }()
	log, err := space.Log(ws.Beside(snapshot.RecordsFile))
	if err != nil {
		return DiffResult{}, unavailable(err)
	}
	records, err := read(log, log.IDs())
	if err != nil {
		return DiffResult{}, unavailable(err)
	}
	return diff(ctx, space, snapshot.Record{Changes: space.Tracker.Compose(records)}, paths)
}

// diff converts a record to a result of files/diff. paths are clean; none means
// all.
func diff(ctx context.Context, space *snapshot.Space, record snapshot.Record, paths []string) (DiffResult, error) {
	patch, err := space.Tracker.Diff(ctx, record, paths)
	if err != nil {
		return DiffResult{}, err
	}
	res := DiffResult{Patch: patch.Text, Files: []ChangedFile{}, Truncated: patch.Truncated}
	for _, c := range patch.Files {
		sum, _ := c.Summary()
		res.Files = append(res.Files, ChangedFile{
			Path: sum.Path, Change: sum.Change, From: sum.From, Added: sum.Added, Removed: sum.Removed, Binary: c.Binary,
			Protected: sum.Protected,
		})
	}
	return res, nil
}

// read reads the records with these ids from the log.
func read(log *snapshot.Log, ids []string) ([]snapshot.Record, error) {
	records := make([]snapshot.Record, len(ids))
	for i, id := range ids {
		var err error
		if records[i], err = log.Read(id); err != nil {
			return nil, err
		}
	}
	return records, nil
}
