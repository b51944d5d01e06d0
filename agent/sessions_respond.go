package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pygent/pygent/runtime"
)

// ErrNotPending tells that nothing waits for an answer under that key: it was
// answered otherwise, or withdrawn.
var ErrNotPending = errors.New("not pending")

// PendingRequestsParams are the parameters of agent/pendingRequests.
type PendingRequestsParams struct {
	SessionID string `json:"sessionId,omitempty" jsonschema:"only what this session and its tasks ask; absent: all open sessions and their tasks"`
}

// PendingRequests answers agent/pendingRequests.
type PendingRequests struct {
	Requests []PendingRequest `json:"requests"`
}

// PendingRequests serves agent/pendingRequests: what waits for the user, also
// what the last server of a resumed session or of one of its tasks had asked.
func (s *Sessions) PendingRequests(_ context.Context, p PendingRequestsParams) (PendingRequests, error) {
	res := PendingRequests{Requests: []PendingRequest{}}
	for _, ses := range s.all() {
		whole := p.SessionID == "" || p.SessionID == ses.id
		if o := ses.agent.asked(); o != nil && whole {
			res.Requests = append(res.Requests, pendingApproval(o.approval))
		}
		for _, a := range ses.inherited() {
			if (whole || p.SessionID == a.SessionID) && s.opts.Tasks.Asks(a.TaskID) {
				res.Requests = append(res.Requests, pendingApproval(a))
			}
		}
	}
	res.Requests = append(res.Requests, s.opts.Broker.pending(p.SessionID)...)
	return res, nil
}

// RespondParams are the parameters of agent/respond.
type RespondParams struct {
	RequestKey string   `json:"requestKey"`
	Response   Response `json:"response"`
}

// RespondResult says where the answer went.
type RespondResult struct {
	SessionID string `json:"sessionId" jsonschema:"of who asked: a task's agent has its own"`
	TurnID    string `json:"turnId,omitempty" jsonschema:"of the turn that goes on; a new one after session/resume, absent for a task's then"`
}

// Respond serves agent/respond: it answers what the user was asked, in the
// client's stead. The answer to what the last server of a resumed session had
// asked goes on with that turn, as a new one that nobody waits for, within the bounds
// of its step, of which counts what the turn had used before; that to what a task of
// the session had asked goes on with the task.
func (s *Sessions) Respond(_ context.Context, p RespondParams) (RespondResult, error) {
	r, ok, err := s.opts.Broker.respond(p.RequestKey, p.check, p.Response)
	if ok || err != nil {
		res := RespondResult{SessionID: r.SessionID}
		if r.Approval != nil {
			res.TurnID = r.Approval.TurnID
		}
		return res, err
	}
	for _, ses := range s.all() {
		if o := ses.agent.asked(); o != nil && o.approval.RequestKey == p.RequestKey {
			if err := p.check(pendingApproval(o.approval)); err != nil {
				return RespondResult{}, err
			}
			return s.goOn(ses, p)
		}
		for _, a := range ses.inherited() {
			if a.RequestKey == p.RequestKey && s.opts.Tasks.Asks(a.TaskID) {
				if err := p.check(pendingApproval(a)); err != nil {
					return RespondResult{}, err
				}
				return s.goOnTask(a, p)
			}
		}
	}
	return RespondResult{}, notPending(p.RequestKey)
}

// check refuses what does not answer r.
func (p RespondParams) check(r PendingRequest) error {
	if r.Approval == nil {
		return nil
	}
	if err := checkDecision(p.Response.Decision); err != nil {
		return &runtime.InvalidError{Field: "response.decision", Reason: err.Error()}
	}
	return nil
}

func notPending(key string) error {
	return fmt.Errorf("%w: %.200q was answered already, or withdrawn", ErrNotPending, key)
}

// goOnTask hands the answer to what a task had asked to the task.
func (s *Sessions) goOnTask(a Approval, p RespondParams) (RespondResult, error) {
	if s.opts.Ready != nil {
		if err := s.opts.Ready(); err != nil {
			return RespondResult{}, err
		}
	}
	if err := s.opts.Tasks.Answer(a.TaskID, p); err != nil {
		return RespondResult{}, err
	}
	return RespondResult{SessionID: a.SessionID}, nil
}

// goOn runs the turn that an orphan was asked in to its end.
func (s *Sessions) goOn(ses *session, p RespondParams) (RespondResult, error) {
	if s.opts.Ready != nil {
		if err := s.opts.Ready(); err != nil {
			return RespondResult{}, err
		}
	}
	ctx, cancel := context.WithCancel(s.lifetime)
	pl := newPlace(cancel)
	if err := ses.enter(pl, false); err != nil {
		cancel()
		return RespondResult{}, err
	}
	err := errors.Join(ses.agent.log.ready(), ses.agent.Restore())
	if err == nil {
		var ok bool
		pl.resumed, ok = ses.agent.take(p.RequestKey, Decision{Decision: p.Response.Decision, Feedback: p.Response.Feedback})
		if !ok {
			err = notPending(p.RequestKey)
		}
	}
	if err != nil {
		ses.release()
		cancel()
		return RespondResult{}, err
	}
	go func() { // session.close waits for its release
		defer cancel()
		s.turn(ctx, ses, pl, "", StepParams{})
	}()
	return RespondResult{SessionID: ses.id, TurnID: pl.turnID}, nil
}

// all are the open sessions, in the order of their ids.
func (s *Sessions) all() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*session
	for _, id := range slices.Sorted(maps.Keys(s.byID)) {
		list = append(list, s.byID[id])
	}
	return list
}
