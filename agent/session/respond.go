package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// PendingRequestsParams are the parameters of agent/pendingRequests.
type PendingRequestsParams struct {
	SessionID string `json:"sessionId,omitempty" jsonschema:"only what this session and its tasks ask; absent: all open sessions and their tasks"`
}

// PendingRequests is the result of agent/pendingRequests.
type PendingRequests struct {
	Requests []approval.PendingRequest `json:"requests"`
}

// PendingRequests lists the open questions to the user, including the approval
// that the last server of a resumed session left undecided.
func (s *Manager) PendingRequests(_ context.Context, p PendingRequestsParams) (PendingRequests, error) {
	res := PendingRequests{Requests: []approval.PendingRequest{}}
	for _, ses := range s.all() {
		whole := p.SessionID == "" || p.SessionID == ses.id
		if p := ses.agent.Pending(); p != nil && whole {
			res.Requests = append(res.Requests, approval.PendingApproval(p.Approval))
		}
	}
	res.Requests = append(res.Requests, s.opts.Broker.Pending(p.SessionID)...)
	return res, nil
}

// RespondParams are the parameters of agent/respond.
type RespondParams struct {
	RequestKey string            `json:"requestKey"`
	Response   approval.Response `json:"response"`
}

// RespondResult says which session and turn got the answer.
type RespondResult struct {
	SessionID string `json:"sessionId" jsonschema:"the session that asked: a task's agent has its own"`
	TurnID    string `json:"turnId,omitempty" jsonschema:"the turn that continues: a new one after session/resume; absent when that is a task's"`
}

// Respond answers a question in place of the client. After a resume, the answer
// to the last server's approval continues that turn, as a new one that no request
// waits for. Its bounds include what the old turn had used. The error wraps
// ErrNotPending when no open question has the key.
func (s *Manager) Respond(_ context.Context, p RespondParams) (RespondResult, error) {
	r, ok, err := s.opts.Broker.Respond(p.RequestKey, p.Check, p.Response)
	if ok || err != nil {
		res := RespondResult{SessionID: r.SessionID}
		if r.Approval != nil {
			res.TurnID = r.Approval.TurnID
		}
		return res, err
	}
	for _, ses := range s.all() {
		if left := ses.agent.Pending(); left != nil && left.Approval.RequestKey == p.RequestKey {
			if err := p.Check(approval.PendingApproval(left.Approval)); err != nil {
				return RespondResult{}, err
			}
			return s.continueTurn(ses, p)
		}
	}
	return RespondResult{}, notPending(p.RequestKey)
}

// Check refuses a response that does not answer r.
func (p RespondParams) Check(r approval.PendingRequest) error {
	if r.Approval == nil {
		return nil
	}
	if err := approval.CheckChoice(p.Response.Decision); err != nil {
		return &runtime.InvalidError{Field: "response.decision", Reason: err.Error()}
	}
	return nil
}

func notPending(key string) error {
	return fmt.Errorf("%w: %.200q was answered already, or withdrawn", ErrNotPending, key)
}

// continueTurn runs the turn of another server's approval to its end.
func (s *Manager) continueTurn(ses *session, p RespondParams) (RespondResult, error) {
	if err := s.Ready(); err != nil {
		return RespondResult{}, err
	}
	ctx, cancel := context.WithCancel(s.lifetime)
	pl := newPlace(cancel)
	if err := ses.enter(pl, false); err != nil {
		cancel()
		return RespondResult{}, err
	}
	err := errors.Join(ses.agent.Log().Ready(), ses.agent.Restore())
	if err == nil {
		var ok bool
		pl.answered, ok = ses.agent.Answer(p.RequestKey, event.Decision{Decision: p.Response.Decision, Feedback: p.Response.Feedback})
		if !ok {
			err = notPending(p.RequestKey)
		}
	}
	if err != nil {
		ses.release()
		cancel()
		return RespondResult{}, err
	}
	go func() { // session.close waits for release
		defer cancel()
		s.turn(ctx, ses, pl, "", StepParams{})
	}()
	return RespondResult{SessionID: ses.id, TurnID: pl.turnID}, nil
}

// all returns the open sessions, in the order of their ids.
func (s *Manager) all() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*session
	for _, id := range slices.Sorted(maps.Keys(s.byID)) {
		list = append(list, s.byID[id])
	}
	return list
}
