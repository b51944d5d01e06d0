package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
)

// CancelDelegated keeps that a delegated agent of which nothing runs was
// cancelled, so that it is for later servers too. A turn that its server's death
// cut off gets its end: what it had asked is withdrawn and its calls get their
// results. Behind a turn that ended with a question stands one that ends at once.
// After any other, and where nothing is kept, nothing happens. The events go to
// the client as well.
func (s *Sessions) CancelDelegated(ctx context.Context, sessionID string, client Client) error {
	if s.opts.Store == nil {
		return nil
	}
	j, err := s.opts.Store.Open(sessionID)
	switch {
	case errors.Is(err, journal.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	log := &eventLog{sessionID: sessionID, taskID: j.Header().TaskID, client: client}
	log.attach(j)
	if err := errors.Join(log.cancelLast(ctx, j), log.close()); err != nil {
		return fmt.Errorf("keep the cancel of session %s: %w", sessionID, err)
	}
	return nil
}

// cancelLast does what CancelDelegated says.
func (l *eventLog) cancelLast(ctx context.Context, j *journal.Journal) error {
	state, err := stateOf(j.Back)
	if err != nil {
		return err
	}
	end := Event{Kind: KindTurnFinished, Status: StatusCancelled, Reason: stopNote(context.Canceled), Changes: []runtime.Change{}, Usage: &Usage{}}
	switch state {
	case StateWaiting:
		end.TurnID = newID("t")
		err = l.send(ctx, Event{Kind: KindTurnStarted, TurnID: end.TurnID})
	case StateInterrupted:
		end.TurnID, err = l.cutOff(ctx, j)
	default:
		return nil
	}
	return errors.Join(err, l.sendEnd(ctx, end, nil))
}

// cutOff tells what a server has left of the last turn, and which that is.
func (l *eventLog) cutOff(ctx context.Context, j *journal.Journal) (turnID string, err error) {
	asked, err := lastAsked(j.Back)
	if err != nil {
		return "", err
	}
	r := rebuilder{history: newHistory("")}
	if err := r.replay(j); err != nil {
		return "", err
	}
	if left := r.left(asked); left != nil {
		err = left.tell(ctx, l)
	}
	return r.turn, err
}
