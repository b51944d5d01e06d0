package agent

import (
	"context"
	"fmt"

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

// FilesRewound tells which files are as they were, and which were changed since
// and are left alone.
type FilesRewound struct {
	Applied   []AppliedChange
	Conflicts []FileConflict
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
	if !ses.agent.began(p.TurnID) {
		return RewindResult{}, &runtime.InvalidError{Field: "turnId", Reason: fmt.Sprintf("%.200q is no turn or rewind of session %s", p.TurnID, ses.id)}
	}
	files, err := s.rewindFiles(ctx, p, pl.turnID)
	if err != nil {
		return RewindResult{}, err
	}
	return RewindResult{TurnID: pl.turnID, Applied: files.Applied, Conflicts: files.Conflicts}, ses.agent.rewind(ctx, p.TurnID, pl.turnID)
}

// rewindFiles does the files' part first: one that fails leaves the conversation
// alone.
func (s *Sessions) rewindFiles(ctx context.Context, p RewindParams, id string) (FilesRewound, error) {
	files := FilesRewound{Applied: []AppliedChange{}, Conflicts: []FileConflict{}}
	switch {
	case p.Files != nil && !*p.Files:
		return files, nil
	case s.opts.RewindFiles == nil:
		return files, &runtime.InvalidError{Field: "files", Reason: "files cannot be rewound here: give false"}
	}
	done, err := s.opts.RewindFiles(ctx, p.SessionID, p.TurnID, id)
	files.Applied = append(files.Applied, done.Applied...)
	files.Conflicts = append(files.Conflicts, done.Conflicts...)
	return files, err
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

// rewind makes the conversation what it was before to, and tells of it as id.
func (a *Agent) rewind(ctx context.Context, to, id string) error {
	a.mu.Lock()
	a.history.rewind(to, id)
	a.mu.Unlock()
	if err := a.log.send(ctx, Event{Kind: KindRewound, TurnID: id, ToTurnID: to}); err != nil {
		return fmt.Errorf("the session is rewound, but that is not kept yet: %w", err)
	}
	return nil
}
