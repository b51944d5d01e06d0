package agenttest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pygent/pygent/agent"
)

// waitLimit is how long Wait waits before it fails the test.
const waitLimit = 30 * time.Second

// Recorder is an agent.Client that keeps every event. The zero value is ready;
// set the functions before it is used.
type Recorder struct {
	Decide  func(ctx context.Context, a agent.Approval) (agent.Decision, error)     // nil denies
	Reply   func(ctx context.Context, q agent.Question) (agent.Answer, bool, error) // nil cannot be asked
	OnEvent func(ctx context.Context, e agent.Event)                                // nil does nothing; called after e was kept

	mu        sync.Mutex
	events    []agent.Event
	approvals []agent.Approval
	questions []agent.Question
	changed   chan struct{} // closed and replaced with every event
}

// Event keeps e.
func (r *Recorder) Event(ctx context.Context, e agent.Event) {
	r.mu.Lock()
	r.events = append(r.events, e)
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
	r.mu.Unlock()
	if r.OnEvent != nil {
		r.OnEvent(ctx, e)
	}
}

// RequestApproval keeps a and asks Decide.
func (r *Recorder) RequestApproval(ctx context.Context, a agent.Approval) (agent.Decision, error) {
	r.mu.Lock()
	r.approvals = append(r.approvals, a)
	r.mu.Unlock()
	if r.Decide == nil {
		return agent.Discard{}.RequestApproval(ctx, a)
	}
	return r.Decide(ctx, a)
}

// AskUser keeps q and asks Reply.
func (r *Recorder) AskUser(ctx context.Context, q agent.Question) (agent.Answer, bool, error) {
	r.mu.Lock()
	r.questions = append(r.questions, q)
	r.mu.Unlock()
	if r.Reply == nil {
		return agent.Answer{}, false, nil
	}
	return r.Reply(ctx, q)
}

// Events returns what came so far, in order; with kinds, only those.
func (r *Recorder) Events(kinds ...string) []agent.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(kinds) == 0 {
		return slices.Clone(r.events)
	}
	var out []agent.Event
	for _, e := range r.events {
		if slices.Contains(kinds, e.Kind) {
			out = append(out, e)
		}
	}
	return out
}

// Kinds returns the kinds of the events so far, in order, runs of the same
// delta kind as one: how a provider cuts its text is of no interest.
func (r *Recorder) Kinds() []string {
	var out []string
	for _, e := range r.Events() {
		if e.Live() && len(out) > 0 && out[len(out)-1] == e.Kind {
			continue
		}
		out = append(out, e.Kind)
	}
	return out
}

// Text joins the deltas of a kind, for instance agent.KindTextDelta.
func (r *Recorder) Text(kind string) string {
	var b strings.Builder
	for _, e := range r.Events(kind) {
		b.WriteString(e.Delta)
	}
	return b.String()
}

// Approvals returns what the client was asked to approve.
func (r *Recorder) Approvals() []agent.Approval {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.approvals)
}

// Questions returns what the user was asked.
func (r *Recorder) Questions() []agent.Question {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.questions)
}

// Wait returns the first event, past or future, for which match is true. It
// fails the test after 30 s. Call it from the test's goroutine.
func (r *Recorder) Wait(t testing.TB, what string, match func(agent.Event) bool) agent.Event {
	t.Helper()
	limit := time.NewTimer(waitLimit)
	defer limit.Stop()
	for seen := 0; ; {
		r.mu.Lock()
		events := r.events[seen:len(r.events):len(r.events)]
		if r.changed == nil {
			r.changed = make(chan struct{})
		}
		changed := r.changed
		r.mu.Unlock()
		for _, e := range events {
			if match(e) {
				return e
			}
		}
		seen += len(events)
		select {
		case <-changed:
		case <-limit.C:
			t.Fatalf("waited %v for %s; events so far: %s", waitLimit, what, r.summary())
		}
	}
}

// WaitKind waits for the first event of a kind.
func (r *Recorder) WaitKind(t testing.TB, kind string) agent.Event {
	t.Helper()
	return r.Wait(t, kind, func(e agent.Event) bool { return e.Kind == kind })
}

func (r *Recorder) summary() string {
	kinds := r.Kinds()
	if len(kinds) == 0 {
		return "none"
	}
	return fmt.Sprintf("%d (%s)", len(kinds), strings.Join(kinds, ", "))
}
