package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// RewindParams are the parameters of session/rewind.
type RewindParams struct {
	SessionID string `json:"sessionId"`
	TurnID    string `json:"turnId" jsonschema:"the first turn to remove, or an earlier rewind to undo"`
	Files     *bool  `json:"files,omitempty" jsonschema:"default true: the files are rewound too"`
}

// RewindResult says what a rewind did.
type RewindResult struct {
	TurnID    string          `json:"turnId" jsonschema:"of the rewind itself: rewinding to it undoes it"`
	Applied   []AppliedChange `json:"applied"`
	Conflicts []FileConflict  `json:"conflicts"`
}

// RewindSession serves session/rewind: it restores conversation and files as they
// were before a turn. Nothing is lost: the events stay, and the rewind can be
// undone. It is refused while a turn runs.
func (s *Manager) RewindSession(ctx context.Context, p RewindParams) (RewindResult, error) {
	ses, err := s.find(p.SessionID)
	if err != nil {
		return RewindResult{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pl := &place{turnID: event.NewID("t"), cancel: cancel, ready: make(chan struct{})}
	if err := ses.enter(pl, false); err != nil {
		return RewindResult{}, err
	}
	defer ses.release()
	if err := ses.agent.Log().Ready(); err != nil {
		return RewindResult{}, err
	}
	if err := ses.agent.Restore(); err != nil {
		return RewindResult{}, err
	}
	if !ses.agent.Log().State().Began(p.TurnID) {
		return RewindResult{}, &runtime.InvalidError{Field: "turnId", Reason: fmt.Sprintf("%.200q is no turn or rewind of session %s", p.TurnID, ses.id)}
	}
	files := reverted{Applied: []AppliedChange{}, Conflicts: []FileConflict{}}
	if p.Files == nil || *p.Files {
		// The files come first, so that a failure leaves the conversation
		// unchanged.
		if files, err = rewindFiles(ctx, ses.agent, p.TurnID, pl.turnID); err != nil {
			return RewindResult{TurnID: pl.turnID, Applied: files.Applied, Conflicts: files.Conflicts}, err
		}
	}
	return RewindResult{TurnID: pl.turnID, Applied: files.Applied, Conflicts: files.Conflicts}, rewind(ctx, ses.agent, p.TurnID, pl.turnID)
}

// rewindFiles undoes the file changes of the turn to and of all after it, under
// the record id.
func rewindFiles(ctx context.Context, a *agent.Agent, to, id string) (reverted, error) {
	log, err := a.Undo().Log()
	if err != nil {
		return reverted{}, fmt.Errorf("the files cannot be rewound, give files false to leave them: %w", unavailable(err))
	}
	since := a.Log().State().Since(to)
	records, err := read(log, slices.DeleteFunc(log.IDs(), func(id string) bool { return !since[id] }))
	if err != nil {
		return reverted{}, unavailable(err)
	}
	return revert(ctx, a, reverting{records: records, id: id})
}

// rewind restores the conversation as it was before to, and sends the event with
// id.
func rewind(ctx context.Context, a *agent.Agent, to, id string) error {
	err := a.EndUnfinished(ctx)
	if sent := a.Log().Send(ctx, event.Record{Event: event.Event{Kind: event.KindRewound, TurnID: id, ToTurnID: to}}); err == nil {
		err = sent
	}
	if err != nil {
		return fmt.Errorf("the session is rewound, but that is not kept yet: %w", err)
	}
	return nil
}
