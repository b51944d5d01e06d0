package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/snapshot"
)

// RevertParams are the parameters of files/revert.
type RevertParams struct {
	SessionID string   `json:"sessionId"`
	TurnID    string   `json:"turnId,omitempty" jsonschema:"a turn, a rewind or an earlier revert; absent: the last of them that changed files"`
	Paths     []string `json:"paths,omitempty" jsonschema:"files, and directories with all below; absent: everything"`
}

// RevertResult says what a revert did.
type RevertResult struct {
	TurnID    string          `json:"turnId,omitempty" jsonschema:"of the revert itself: reverting that undoes it; absent when nothing was applied"`
	Applied   []AppliedChange `json:"applied"`
	Conflicts []FileConflict  `json:"conflicts"`
}

// AppliedChange is a file that was reverted.
type AppliedChange struct {
	Path   string `json:"path" jsonschema:"workspace-relative, with slashes"`
	Change string `json:"change" jsonschema:"added, modified, deleted or renamed"`

	Protected bool `json:"protected,omitempty" jsonschema:"a program of the user runs this file, or a file that it names"`
}

// FileConflict is a file that was not changed.
type FileConflict struct {
	Path   string `json:"path" jsonschema:"workspace-relative, with slashes"`
	Reason string `json:"reason"`
}

// RevertFiles serves files/revert: it restores files as they were before a turn,
// if they are still as that turn left them. Other files are conflicts and stay.
// So are files that the turn is not known to have changed: because turns of other
// sessions ran in the workspace at the same time, or because its server was
// killed. It is refused (an error that wraps ErrBusy) while a turn runs in the
// workspace, in any server.
func (s *Manager) RevertFiles(ctx context.Context, p RevertParams) (RevertResult, error) {
	paths, err := cleanPaths(p.Paths)
	if err != nil {
		return RevertResult{}, err
	}
	ses, err := s.find(p.SessionID)
	if err != nil {
		return RevertResult{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pl := &place{turnID: event.NewID("t"), cancel: cancel, ready: make(chan struct{})}
	if err := ses.enter(pl, false); err != nil {
		return RevertResult{}, err
	}
	defer ses.release()
	a := ses.agent
	if err := errors.Join(a.Log().Ready(), a.Restore()); err != nil {
		return RevertResult{}, err
	}
	record, err := lastRecord(a, p.TurnID)
	if err != nil || record.ID == "" {
		return RevertResult{Applied: []AppliedChange{}, Conflicts: []FileConflict{}}, err
	}
	done, err := revert(ctx, a, reverting{records: []snapshot.Record{record}, paths: paths, id: pl.turnID})
	res := RevertResult{Applied: done.Applied, Conflicts: done.Conflicts}
	if !done.recorded {
		return res, err
	}
	res.TurnID = pl.turnID
	if sent := a.Log().Send(ctx, event.Record{Event: event.Event{Kind: event.KindReverted, TurnID: pl.turnID, ToTurnID: record.ID}}); sent != nil && err == nil {
		err = fmt.Errorf("the files are reverted, but that is not kept yet: %w", sent)
	}
	return res, err
}

// lastRecord returns the record of a turn, or the last record for "". When there
// is no record, the result has no id.
func lastRecord(a *agent.Agent, turnID string) (snapshot.Record, error) {
	log, err := a.Undo().Log()
	if err != nil {
		return snapshot.Record{}, unavailable(err)
	}
	if turnID == "" {
		ids := log.IDs()
		if len(ids) == 0 {
			return snapshot.Record{}, nil
		}
		turnID = ids[len(ids)-1]
	}
	record, err := log.Read(turnID)
	if errors.Is(err, snapshot.ErrNoRecord) {
		err = &runtime.InvalidError{Field: "turnId", Reason: fmt.Sprintf("%.200q changed no files, or is no turn of session %s", turnID, a.Options().SessionID)}
	}
	return record, err
}

// reverting names the changes to undo, and the id of the record of the revert.
type reverting struct {
	records []snapshot.Record // consecutive, the oldest first
	paths   []string          // none means all
	id      string
}

// reverted is the outcome of a revert.
type reverted struct {
	Applied   []AppliedChange
	Conflicts []FileConflict
	recorded  bool
}

// revert undoes changes, records that and reports each file. With an error, a
// part may have been done, which is recorded too.
func revert(ctx context.Context, a *agent.Agent, r reverting) (reverted, error) {
	res := reverted{Applied: []AppliedChange{}, Conflicts: []FileConflict{}}
	space, err := a.Undo().Space()
	if err != nil {
		return res, unavailable(err)
	}
	if err := a.Undo().WaitOver(ctx); err != nil {
		return res, err
	}
	done, err := space.Tracker.Revert(ctx, r.records, r.paths)
	if errors.Is(err, snapshot.ErrTurnOpen) {
		return res, fmt.Errorf("%w: another session's turn works in this workspace; try again when it has ended", agent.ErrBusy)
	}
	for _, c := range done.Conflicts {
		res.Conflicts = append(res.Conflicts, FileConflict{Path: string(c.Path), Reason: c.Reason})
	}
	if len(done.Changes) == 0 {
		return res, err
	}
	if kept := a.Undo().Record(r.id, done.Changes); kept != nil {
		err = errors.Join(err, fmt.Errorf("what was done cannot be undone: %w", kept))
	} else {
		res.recorded = true
	}
	list, _ := snapshot.Summaries(done.Changes)
	for _, c := range list {
		res.Applied = append(res.Applied, AppliedChange{Path: c.Path, Change: c.Change, Protected: c.Protected})
		if sent := a.Log().Send(ctx, event.Record{Event: event.FileChanged(c)}); sent != nil && err == nil {
			err = sent
		}
	}
	return res, err
}

// unavailable words for the client that there is no undo.
func unavailable(err error) error {
	switch {
	case errors.Is(err, snapshot.ErrNotKept):
		return fmt.Errorf("%w: nothing of it can be undone", ErrNotKept)
	case errors.Is(err, snapshot.ErrOff):
		return fmt.Errorf("%w: %w: nothing of it can be undone", ErrNotKept, err)
	}
	return fmt.Errorf("undo: %w", err)
}

func cleanPaths(paths []string) ([]string, error) {
	clean := make([]string, len(paths))
	for i, p := range paths {
		var err error
		if clean[i], err = runtime.CleanPath(p); err != nil {
			return nil, fmt.Errorf("paths[%d]: %w", i, err)
		}
	}
	return clean, nil
}
