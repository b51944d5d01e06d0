package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
)

// CancelDelegated records that a delegated agent without a running turn was
// cancelled, so that later servers know it. A turn that was cut off when its
// server was killed gets its end: its approval is withdrawn and its calls get
// their results. After a turn that ended with a question, it adds a turn that
// ends at once. After any other turn, and for a session that is not kept, it does
// nothing. The events go to the client as well.
func (s *Manager) CancelDelegated(ctx context.Context, sessionID string, client event.Client) error {
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
	log := conversation.NewLog(sessionID, j.Header().TaskID, client, conversation.New("", conversation.Settings{}, nil))
	log.Attach(j)
	if err := errors.Join(cancelLast(ctx, log), log.Close()); err != nil {
		return fmt.Errorf("keep the cancel of session %s: %w", sessionID, err)
	}
	return nil
}

// cancelLast does the work of CancelDelegated.
func cancelLast(ctx context.Context, log *conversation.Log) error {
	tail, err := conversation.ReadTail(log.Journal().Back)
	if err != nil {
		return err
	}
	end := event.Event{Kind: event.KindTurnFinished, Status: event.StatusCancelled, Reason: agent.StopNote(context.Canceled), Changes: []runtime.Change{}, Usage: &event.Usage{}}
	switch tail.State {
	case event.SessionWaiting:
		end.TurnID = event.NewID("t")
		err = log.Send(ctx, event.Record{Event: event.Event{Kind: event.KindTurnStarted, TurnID: end.TurnID}})
	case event.SessionInterrupted:
		if err := log.Restore(); err != nil {
			return err
		}
		end.TurnID = log.State().TurnID()
		err = agent.SendUnfinished(ctx, log, nil)
	default:
		return nil
	}
	return errors.Join(err, log.SendSynced(ctx, event.Record{Event: end}, nil))
}
