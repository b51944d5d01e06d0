package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/snapshot"
)

// RevertParams are the parameters of files/revert.
type RevertParams struct {
	SessionID string   `json:"sessionId"`
	TurnID    string   `json:"turnId,omitempty" jsonschema:"a turn, a rewind or an earlier revert; absent: the last of them that changed files"`
	Paths     []string `json:"paths,omitempty" jsonschema:"files, and directories with all below; absent: everything"`
}

// RevertResult tells what a revert did.
type RevertResult struct {
	TurnID    string          `json:"turnId,omitempty" jsonschema:"of the revert itself: reverting that undoes it; absent when nothing was applied"`
	Applied   []AppliedChange `json:"applied"`
	Conflicts []FileConflict  `json:"conflicts"`
}

// AppliedChange is a file that was brought back.
type AppliedChange struct {
	Path   string `json:"path" jsonschema:"workspace-relative, with slashes"`
	Change string `json:"change" jsonschema:"added, modified, deleted or renamed"`
}

// FileConflict is a file that was left as it is.
type FileConflict struct {
	Path   string `json:"path" jsonschema:"workspace-relative, with slashes"`
	Reason string `json:"reason"`
}

// RevertFiles serves files/revert: files become what they were before a turn, if
// they still are what it made of them; others are conflicts and stay. So are those
// of which it is not known that this turn has changed them: because turns of other
// sessions ran in the workspace at the same time, or because its server was killed.
// It is refused (an error that wraps ErrBusy) while a turn runs in the workspace, in
// whatever server.
func (s *Sessions) RevertFiles(ctx context.Context, p RevertParams) (RevertResult, error) {
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
	pl := &place{turnID: newID("t"), cancel: cancel, ready: make(chan struct{})}
	if err := ses.enter(pl, false); err != nil {
		return RevertResult{}, err
	}
	defer ses.release()
	a := ses.agent
	if err := a.log.ready(); err != nil {
		return RevertResult{}, err
	}
	record, err := a.lastRecord(p.TurnID)
	if err != nil || record.ID == "" {
		return RevertResult{Applied: []AppliedChange{}, Conflicts: []FileConflict{}}, err
	}
	done, err := a.revert(ctx, reverting{records: []snapshot.Record{record}, paths: paths, id: pl.turnID})
	res := RevertResult{Applied: done.Applied, Conflicts: done.Conflicts}
	if !done.recorded {
		return res, err
	}
	res.TurnID = pl.turnID
	a.markRevert(pl.turnID)
	if sent := a.log.send(ctx, Event{Kind: KindReverted, TurnID: pl.turnID, ToTurnID: record.ID}); sent != nil && err == nil {
		err = fmt.Errorf("the files are reverted, but that is not kept yet: %w", sent)
	}
	return res, err
}

// markRevert remembers a revert's place in the conversation: behind a turn that
// still can go on it has none before that does.
func (a *Agent) markRevert(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !a.restored: // it is when the journal is read
	case a.orphan != nil:
		a.leftover.reverts = append(a.leftover.reverts, id)
	default:
		a.history.mark(id)
	}
}

// lastRecord is the record of a turn, or the last one for ""; without any it has
// no id.
func (a *Agent) lastRecord(turnID string) (snapshot.Record, error) {
	log, err := a.undoLog()
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
		err = &runtime.InvalidError{Field: "turnId", Reason: fmt.Sprintf("%.200q changed no files, or is no turn of session %s", turnID, a.opts.SessionID)}
	}
	return record, err
}

// reverting is what shall be taken back, and the id of the record of that.
type reverting struct {
	records []snapshot.Record // that follow one another, the oldest first
	paths   []string          // none means all
	id      string
}

// reverted is what became of it.
type reverted struct {
	Applied   []AppliedChange
	Conflicts []FileConflict
	recorded  bool
}

// revert takes changes back, records that and tells of each file. An error can
// come with a part that was done, which is recorded too.
func (a *Agent) revert(ctx context.Context, r reverting) (reverted, error) {
	res := reverted{Applied: []AppliedChange{}, Conflicts: []FileConflict{}}
	space, err := a.undoSpace()
	if err != nil {
		return res, unavailable(err)
	}
	if err := a.waitOver(ctx); err != nil {
		return res, err
	}
	done, err := space.tracker.Revert(ctx, r.records, r.paths)
	if errors.Is(err, snapshot.ErrTurnOpen) {
		return res, fmt.Errorf("%w: another session's turn works in this workspace; try again when it has ended", ErrBusy)
	}
	for _, c := range done.Conflicts {
		res.Conflicts = append(res.Conflicts, FileConflict{Path: string(c.Path), Reason: c.Reason})
	}
	if len(done.Changes) == 0 {
		return res, err
	}
	if kept := a.record(r.id, done.Changes); kept != nil {
		err = errors.Join(err, fmt.Errorf("what was done cannot be undone: %w", kept))
	} else {
		res.recorded = true
	}
	list, _ := summaries(done.Changes)
	for _, c := range list {
		res.Applied = append(res.Applied, AppliedChange{Path: c.Path, Change: c.Change})
		if sent := a.log.send(ctx, fileChanged(c)); sent != nil && err == nil {
			err = sent
		}
	}
	return res, err
}

// unavailable words for the client that there is no undo.
func unavailable(err error) error {
	if errors.Is(err, ErrNotKept) {
		return fmt.Errorf("%w: nothing of it can be undone", err)
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
