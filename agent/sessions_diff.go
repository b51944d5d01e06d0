package agent

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
	Protected bool   `json:"protected,omitempty" jsonschema:"what is brought back from a task leaves it out unless it is named"`
}

// DiffFiles serves files/diff: what a turn of a session, or a task, has changed.
// It needs what was recorded and not the workspace.
func (s *Sessions) DiffFiles(ctx context.Context, p DiffParams) (DiffResult, error) {
	paths, err := cleanPaths(p.Paths)
	if err != nil {
		return DiffResult{}, err
	}
	if p.TaskID != "" {
		return s.diffTask(ctx, p, paths)
	}
	ses, err := s.get(ctx, p.SessionID)
	if err != nil {
		return DiffResult{}, err
	}
	record, err := ses.agent.lastRecord(p.TurnID)
	if err != nil {
		return DiffResult{}, err
	}
	space, err := ses.agent.undoSpace()
	if err != nil {
		return DiffResult{}, unavailable(err)
	}
	return s.diff(ctx, space, record, paths)
}

func (s *Sessions) diffTask(ctx context.Context, p DiffParams, paths []string) (_ DiffResult, err error) {
	switch {
	case p.SessionID != "" || p.TurnID != "":
		return DiffResult{}, &runtime.InvalidError{Field: "taskId", Reason: "goes with neither sessionId nor turnId"}
	case s.opts.Tasks.Workspace == nil || s.opts.Undo == nil:
		return DiffResult{}, unavailable(errNoUndo)
	}
	ws, err := s.opts.Tasks.Workspace(p.TaskID)
	if err != nil {
		return DiffResult{}, err
	}
	space, err := s.opts.Undo.open(ws)
	if err != nil {
		return DiffResult{}, unavailable(err)
	}
	defer func() { err = errors.Join(err, s.opts.Undo.release(space)) }()
	name, err := logPath(ws, nil)
	if err != nil {
		return DiffResult{}, unavailable(err)
	}
	log, err := space.log(name)
	if err != nil {
		return DiffResult{}, unavailable(err)
	}
	records, err := read(log, log.IDs())
	if err != nil {
		return DiffResult{}, unavailable(err)
	}
	return s.diff(ctx, space, snapshot.Record{Changes: space.tracker.Compose(records)}, paths)
}

func (s *Sessions) diff(ctx context.Context, space *undoSpace, record snapshot.Record, paths []string) (DiffResult, error) {
	patch, err := space.tracker.Diff(ctx, record, paths)
	if err != nil {
		return DiffResult{}, err
	}
	res := DiffResult{Patch: patch.Text, Files: []ChangedFile{}, Truncated: patch.Truncated}
	for _, c := range patch.Files {
		sum, _ := c.Summary()
		res.Files = append(res.Files, ChangedFile{
			Path: sum.Path, Change: sum.Change, From: sum.From, Added: sum.Added, Removed: sum.Removed, Binary: c.Binary,
			Protected: s.opts.Tasks.Protected != nil && s.opts.Tasks.Protected(sum.Path),
		})
	}
	return res, nil
}

// read reads the records with these ids, which are the log's.
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
