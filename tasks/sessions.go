package tasks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
)

// Interrupt serves agent/interrupt: it cancels the running turn of a session, not
// the queued ones, and does not wait for its end. With cascade it also cancels
// the session's tasks, and waits for their ends. An empty id means the
// connection's own session.
func (m *Manager) Interrupt(ctx context.Context, p session.InterruptParams) (session.InterruptResult, error) {
	id, interrupted, err := m.opts.Sessions.Interrupt(p.SessionID)
	res := session.InterruptResult{Interrupted: interrupted}
	if err != nil || id == "" || !p.Cascade {
		return res, err
	}
	n, err := m.CancelOf(ctx, id)
	res.Interrupted = res.Interrupted || n > 0
	return res, err
}

// CloseSession serves session/close: it ends what runs in the session, cancels
// its tasks and releases its resources, its temporary workspace included. The
// kept session stays and can be resumed.
func (m *Manager) CloseSession(ctx context.Context, p session.OpenSessionParams) (session.CloseResult, error) {
	if _, err := m.opts.Sessions.CloseSession(ctx, p.SessionID); err != nil {
		return session.CloseResult{}, err
	}
	// The session is closed, so it cannot delegate another task.
	if _, err := m.CancelOf(ctx, p.SessionID); err != nil {
		return session.CloseResult{}, fmt.Errorf("close session %s: %w", p.SessionID, err)
	}
	return session.CloseResult(p), nil
}

// DeleteSession serves session/delete: it closes the session, if this server has
// it open, and removes all that is kept of it and of its tasks, with their
// workspaces. The session's own workspace stays, unless it is a temporary one.
func (m *Manager) DeleteSession(ctx context.Context, p session.OpenSessionParams) (session.CloseResult, error) {
	kept, err := m.opts.Sessions.CloseSession(ctx, p.SessionID)
	var closed *session.NotOpenError
	if err != nil && !errors.As(err, &closed) {
		return session.CloseResult{}, err
	}
	// All at once first, so that the end of one does not let another begin.
	if _, err := m.CancelOf(ctx, p.SessionID); err != nil {
		return session.CloseResult{}, fmt.Errorf("delete session %s: %w", p.SessionID, err)
	}
	if err := m.RemoveOf(ctx, p.SessionID); err != nil {
		return session.CloseResult{}, fmt.Errorf("delete session %s: %w", p.SessionID, err)
	}
	if kept {
		if err := m.opts.Sessions.Remove(p.SessionID); err != nil {
			return session.CloseResult{}, err
		}
	}
	return session.CloseResult(p), nil
}

// ResumeSession serves session/resume: see session.Manager.Resume. It also lists
// the session's tasks, as their last server left them.
func (m *Manager) ResumeSession(ctx context.Context, p session.OpenSessionParams) (session.ResumeResult, error) {
	select { // a second request finds the tasks listed
	case m.resuming <- struct{}{}:
	case <-ctx.Done():
		return session.ResumeResult{}, context.Cause(ctx)
	}
	defer func() { <-m.resuming }()
	res, opened, err := m.opts.Sessions.Resume(ctx, p.SessionID)
	if opened { // also with an error: the session is not opened again
		children, err := m.opts.Sessions.Children(p.SessionID)
		if err != nil {
			m.opts.Sessions.Notice(p.SessionID, fmt.Sprintf("the tasks of this session are not listed: %v", err))
		}
		m.Restore(p.SessionID, RestoredOf(children))
	}
	return res, err
}

// PendingRequests serves agent/pendingRequests: it lists the open questions to
// the user, including the approvals that the last server of a resumed session or
// of its tasks left undecided.
func (m *Manager) PendingRequests(ctx context.Context, p session.PendingRequestsParams) (session.PendingRequests, error) {
	res, err := m.opts.Sessions.PendingRequests(ctx, p)
	if err != nil {
		return res, err
	}
	for _, a := range m.asked(ctx) {
		if p.SessionID == "" || p.SessionID == a.parent || p.SessionID == a.SessionID {
			res.Requests = append(res.Requests, approval.PendingApproval(*a.Approval))
		}
	}
	return res, nil
}

// Respond serves agent/respond: it answers a question in place of the client.
// After a resume, the answer to the last server's approval continues that turn,
// and the answer to a task's approval continues the task.
func (m *Manager) Respond(ctx context.Context, p session.RespondParams) (session.RespondResult, error) {
	res, err := m.opts.Sessions.Respond(ctx, p)
	if !errors.Is(err, session.ErrNotPending) {
		return res, err
	}
	all := m.asked(ctx)
	i := slices.IndexFunc(all, func(a asked) bool { return a.RequestKey == p.RequestKey })
	if i < 0 {
		return res, err
	}
	if err := p.Check(approval.PendingApproval(*all[i].Approval)); err != nil {
		return session.RespondResult{}, err
	}
	if err := m.opts.Sessions.Ready(); err != nil {
		return session.RespondResult{}, err
	}
	answer := Answer{RequestKey: p.RequestKey, Decision: p.Response.Decision, Feedback: p.Response.Feedback}
	if err := m.Answer(all[i].task, answer); err != nil {
		return session.RespondResult{}, err
	}
	return session.RespondResult{SessionID: all[i].SessionID}, nil
}

// asked is an approval that a restored task waits for.
type asked struct {
	*event.Approval
	task, parent string // the ids of the task and of the session that delegated it
}

// asked returns the approvals of the tasks of open sessions, the oldest task's
// first.
func (m *Manager) asked(ctx context.Context) (all []asked) {
	m.mu.Lock()
	for _, id := range m.order {
		if t := m.tasks[id]; t.asks != nil {
			all = append(all, asked{t.asks, id, t.job.ParentSessionID})
		}
	}
	m.mu.Unlock()
	return slices.DeleteFunc(all, func(a asked) bool {
		_, err := m.opts.Sessions.Place(ctx, a.parent)
		return err != nil
	})
}
