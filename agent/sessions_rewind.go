package agent

import (
	"context"
	"fmt"
	"slices"

	"github.com/pygent/pygent/runtime"
)

// RewindParams are the parameters of session/rewind.
type RewindParams struct {
	SessionID string `json:"sessionId"`
	TurnID    string `json:"turnId" jsonschema:"the first turn that goes, or an earlier rewind that shall be undone"`
	Files     *bool  `json:"files,omitempty" jsonschema:"default true: the files go back too"`
}

// RewindResult tells what a rewind did.
type RewindResult struct {
	TurnID    string          `json:"turnId" jsonschema:"of the rewind itself: rewinding to it undoes it"`
	Applied   []AppliedChange `json:"applied"`
	Conflicts []FileConflict  `json:"conflicts"`
}

// RewindSession serves session/rewind: conversation and files become what they
// were before a turn. Nothing is lost: the events stay, and the rewind can be
// undone. No turn may be running.
func (s *Sessions) RewindSession(ctx context.Context, p RewindParams) (RewindResult, error) {
	ses, err := s.find(p.SessionID)
	if err != nil {
		return RewindResult{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pl := &place{turnID: newID("t"), cancel: cancel, ready: make(chan struct{})}
	if err := ses.enter(pl, false); err != nil {
		return RewindResult{}, err
	}
	defer ses.release()
	if err := ses.agent.log.ready(); err != nil {
		return RewindResult{}, err
	}
	if err := ses.agent.Restore(); err != nil {
		return RewindResult{}, err
	}
	if !ses.agent.began(p.TurnID) && !ses.agent.revertedBeside(p.TurnID) {
		return RewindResult{}, &runtime.InvalidError{Field: "turnId", Reason: fmt.Sprintf("%.200q is no turn or rewind of session %s", p.TurnID, ses.id)}
	}
	files := reverted{Applied: []AppliedChange{}, Conflicts: []FileConflict{}}
	if p.Files == nil || *p.Files {
		// First, so that a failure leaves the conversation alone.
		if files, err = ses.agent.rewindFiles(ctx, p.TurnID, pl.turnID); err != nil {
			return RewindResult{TurnID: pl.turnID, Applied: files.Applied, Conflicts: files.Conflicts}, err
		}
	}
	return RewindResult{TurnID: pl.turnID, Applied: files.Applied, Conflicts: files.Conflicts}, ses.agent.rewind(ctx, p.TurnID, pl.turnID)
}

// rewindFiles takes back what the turn to and all after it have changed, as the
// record id.
func (a *Agent) rewindFiles(ctx context.Context, to, id string) (reverted, error) {
	log, err := a.undoLog()
	if err != nil {
		return reverted{}, fmt.Errorf("the files cannot go back, give files false to leave them: %w", unavailable(err))
	}
	if a.revertedBeside(to) { // its place is behind the turn, which ends by that
		if err := a.tellLeftover(ctx); err != nil {
			return reverted{}, err
		}
	}
	since := a.since(to)
	records, err := read(log, slices.DeleteFunc(log.IDs(), func(id string) bool { return !since[id] }))
	if err != nil {
		return reverted{}, unavailable(err)
	}
	return a.revert(ctx, reverting{records: records, id: id})
}

// since are the ids of the turn, rewind or revert from and of all after it.
func (a *Agent) since(from string) map[string]bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	ids := map[string]bool{}
	for _, m := range slices.Backward(a.history.marks) {
		ids[m.id] = true
		if m.id == from {
			break
		}
	}
	return ids
}

// began tells whether a turn or rewind of that id is in the conversation.
func (a *Agent) began(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range a.history.marks {
		if m.id == id {
			return true
		}
	}
	return false
}

// revertedBeside tells whether a revert of that id came while an approval was open
// which still is.
func (a *Agent) revertedBeside(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.leftover != nil && slices.Contains(a.leftover.reverts, id)
}

// rewind makes the conversation what it was before to, and tells of it as id.
func (a *Agent) rewind(ctx context.Context, to, id string) error {
	err := a.tellLeftover(ctx)
	a.mu.Lock()
	a.history.rewind(to, id)
	a.unheard = nil // it was said after what is gone
	a.mu.Unlock()
	if sent := a.log.send(ctx, Event{Kind: KindRewound, TurnID: id, ToTurnID: to}); err == nil {
		err = sent
	}
	if err != nil {
		return fmt.Errorf("the session is rewound, but that is not kept yet: %w", err)
	}
	return nil
}
