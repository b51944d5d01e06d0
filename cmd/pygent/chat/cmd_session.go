package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/rpc"
)

// Limits of /resume.
const (
	mostSessions = 20  // sessions in the list
	sessionsPage = 200 // sessions to read for the list, because some have no title
	mostEvents   = 400 // events of a resumed session to show
)

func newSession(ctx context.Context, t *talk, _ string) (outcome, error) {
	old, _, _ := t.state()
	if _, err := t.renew(ctx); err != nil {
		return outcome{}, err
	}
	if old == "" {
		return outcome{text: "a new session", fresh: true}, nil
	}
	if err := t.client.Call(ctx, rpc.MethodSessionClose, session.OpenSessionParams{SessionID: old}, nil); err != nil {
		return outcome{}, err
	}
	return outcome{text: "a new session; /resume " + old + " returns to the old one", fresh: true}, nil
}

// resume lists the workspace's sessions, or continues one.
func resume(ctx context.Context, t *talk, which string) (outcome, error) {
	list, err := t.earlier(ctx)
	if err != nil {
		return outcome{}, err
	}
	if which == "" {
		return outcome{text: describe(list)}, nil
	}
	id := which
	if n, err := strconv.Atoi(which); err == nil && n >= 1 && n <= len(list) {
		id = list[n-1].SessionID
	}
	return t.resume(ctx, id)
}

// earlier returns the other sessions of this workspace, the most recently used first.
func (t *talk) earlier(ctx context.Context) ([]session.SessionBrief, error) {
	var page session.ListSessionsResult
	if err := t.client.Call(ctx, rpc.MethodSessionList, session.ListSessionsParams{Root: rpc.URIOfPath(t.root), Limit: sessionsPage}, &page); err != nil {
		return nil, err
	}
	own, _, _ := t.state()
	var list []session.SessionBrief
	for _, s := range page.Sessions {
		if s.SessionID != own && s.Title != "" && len(list) < mostSessions {
			list = append(list, s)
		}
	}
	return list, nil
}

func describe(list []session.SessionBrief) string {
	if len(list) == 0 {
		return "this workspace has no earlier session"
	}
	var b strings.Builder
	for i, s := range list {
		state := ""
		if s.State != event.SessionIdle {
			state = " (" + string(s.State) + ")"
		}
		fmt.Fprintf(&b, "%2d  %s  %s%s\n", i+1, s.UpdatedAt.Local().Format("2006-01-02 15:04"), term.Line(s.Title, 80), state)
	}
	b.WriteString("/resume NUMBER continues one")
	return b.String()
}

// resume changes to an earlier session. It closes the current one only after that has
// worked.
func (t *talk) resume(ctx context.Context, id string) (outcome, error) {
	var res session.ResumeResult
	if err := t.client.Call(ctx, rpc.MethodSessionResume, session.OpenSessionParams{SessionID: id}, &res); err != nil {
		return outcome{}, err
	}
	t.mu.Lock()
	old := t.session
	t.session, t.mode, t.model = id, res.Mode, "" // its events, or /model, set the model
	t.mu.Unlock()
	if old != "" && old != id {
		if err := t.client.Call(ctx, rpc.MethodSessionClose, session.OpenSessionParams{SessionID: old}, nil); err != nil {
			return outcome{}, err
		}
	}
	events, err := t.last(ctx, id, res.LastSeq)
	if err != nil {
		return outcome{}, err
	}
	for _, e := range events {
		t.follow(e)
	}
	asked, err := t.pending(ctx, id)
	out := outcome{events: events, pending: asked, fresh: true}
	switch {
	case slices.ContainsFunc(asked, func(r approval.PendingRequest) bool { return r.Approval == nil || r.Approval.TaskID == "" }):
		out.text = "the last turn was cut off while it asked: your answer continues it"
	case len(asked) > 0:
		out.text = "resumed " + id + "; tasks of it were cut off while they asked: your answers continue them"
	case res.State == "interrupted":
		out.text = "the last turn was cut off: say how to continue"
	case res.State == "waiting":
		out.text = "the last turn asked you: your answer continues it"
	default:
		out.text = "resumed " + id
	}
	return out, err
}

// last returns the last events of a session.
func (t *talk) last(ctx context.Context, id string, seq int64) (events []event.Event, err error) {
	after := max(0, seq-mostEvents)
	for {
		var page session.EventsPage
		p := session.SessionEventsParams{SessionID: id, AfterSeq: after}
		if err := t.client.Call(ctx, rpc.MethodSessionEvents, p, &page); err != nil {
			return events, err
		}
		events = append(events, page.Events...)
		if !page.More || len(page.Events) == 0 {
			return events, nil
		}
		after = page.Events[len(page.Events)-1].Seq
	}
}

// pending returns the unanswered requests of a session.
func (t *talk) pending(ctx context.Context, id string) ([]approval.PendingRequest, error) {
	if !t.serves(rpc.MethodPendingRequests) {
		return nil, nil
	}
	var res session.PendingRequests
	err := t.client.Call(ctx, rpc.MethodPendingRequests, session.PendingRequestsParams{SessionID: id}, &res)
	return res.Requests, err
}

// respond answers a pending request with an event.Decision or an event.Answer.
func (t *talk) respond(ctx context.Context, key string, answer any) error {
	var r approval.Response
	switch a := answer.(type) {
	case event.Decision:
		r = approval.Response{Decision: a.Decision, Feedback: a.Feedback}
	case event.Answer:
		r = approval.Response{Answer: a.Answer, Cancelled: a.Cancelled}
	}
	return t.client.Call(ctx, rpc.MethodRespond, session.RespondParams{RequestKey: key, Response: r}, nil)
}

func mode(ctx context.Context, t *talk, to string) (outcome, error) {
	if to == "" {
		if _, err := t.open(ctx); err != nil {
			return outcome{}, err
		}
		_, now, _ := t.state()
		return outcome{text: "mode " + cmp.Or(string(now), "as the session began")}, nil
	}
	return t.configure(ctx, session.ConfigureParams{Mode: event.Mode(to)})
}

func model(ctx context.Context, t *talk, to string) (outcome, error) {
	if to == "" {
		_, _, now := t.state()
		return outcome{text: "model " + cmp.Or(now, "as the session began")}, nil
	}
	return t.configure(ctx, session.ConfigureParams{Model: to})
}

func (t *talk) configure(ctx context.Context, p session.ConfigureParams) (outcome, error) {
	id, err := t.open(ctx)
	if err != nil {
		return outcome{}, err
	}
	p.SessionID = id
	var res session.ConfigureResult
	if err := t.client.Call(ctx, rpc.MethodSessionConfigure, p, &res); err != nil {
		return outcome{}, err
	}
	t.mu.Lock()
	t.mode, t.model = res.Mode, res.Model
	t.mu.Unlock()
	return outcome{text: fmt.Sprintf("mode %s, model %s", res.Mode, res.Model)}, nil
}

// save writes the session to a new file.
func save(ctx context.Context, t *talk, name string) (outcome, error) {
	id, _, _ := t.state()
	if id == "" {
		return outcome{}, errors.New("the session has no message yet")
	}
	var res session.ExportResult
	if err := t.client.Call(ctx, rpc.MethodSessionExport, session.ExportParams{SessionID: id, Format: "markdown"}, &res); err != nil {
		return outcome{}, err
	}
	if name == "" {
		name = "pygent-" + id + ".md"
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(t.root, name)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return outcome{}, err
	}
	_, err = f.WriteString(res.Content)
	return outcome{text: "saved to " + name}, errors.Join(err, f.Close())
}
