package agenttest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pygent/pygent/agent/event"
)

// waitLimit bounds Wait, which then fails the test.
const waitLimit = 30 * time.Second

// Recorder is an event.Client that keeps every event. The zero value is ready;
// set the functions before use.
type Recorder struct {
	Decide  func(ctx context.Context, a event.Approval) (event.Decision, error)     // nil denies
	Reply   func(ctx context.Context, q event.Question) (event.Answer, bool, error) // nil cannot be asked
	OnEvent func(ctx context.Context, e event.Event)                                // called after e was kept; may be nil

	mu        sync.Mutex
	events    []event.Event
	approvals []event.Approval
	questions []event.Question
	changed   chan struct{} // closed and replaced with every event
}

// Event keeps e.
func (r *Recorder) Event(ctx context.Context, e event.Event) {
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
func (r *Recorder) RequestApproval(ctx context.Context, a event.Approval) (event.Decision, error) {
	r.mu.Lock()
	r.approvals = append(r.approvals, a)
	r.mu.Unlock()
	if r.Decide == nil {
		return event.Discard{}.RequestApproval(ctx, a)
	}
	return r.Decide(ctx, a)
}

// AskUser keeps q and asks Reply.
func (r *Recorder) AskUser(ctx context.Context, q event.Question) (event.Answer, bool, error) {
	r.mu.Lock()
	r.questions = append(r.questions, q)
	r.mu.Unlock()
	if r.Reply == nil {
		return event.Answer{}, false, nil
	}
	return r.Reply(ctx, q)
}

// Events returns the events so far, in order; with kinds, only those.
func (r *Recorder) Events(kinds ...event.Kind) []event.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(kinds) == 0 {
		return slices.Clone(r.events)
	}
	var out []event.Event
	for _, e := range r.events {
		if slices.Contains(kinds, e.Kind) {
			out = append(out, e)
		}
	}
	return out
}

// Kinds returns the kinds of the events so far, in order. A run of the same delta
// kind counts as one, because it does not matter how a provider splits its text.
func (r *Recorder) Kinds() []event.Kind {
	var out []event.Kind
	for _, e := range r.Events() {
		if e.Live() && len(out) > 0 && out[len(out)-1] == e.Kind {
			continue
		}
		out = append(out, e.Kind)
	}
	return out
}

// Text joins the deltas of a kind, for instance event.KindTextDelta.
func (r *Recorder) Text(kind event.Kind) string {
	var b strings.Builder
	for _, e := range r.Events(kind) {
		b.WriteString(e.Delta)
	}
	return b.String()
}

// Approvals returns the approvals that the client was asked for.
func (r *Recorder) Approvals() []event.Approval {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.approvals)
}

// Questions returns the questions to the user.
func (r *Recorder) Questions() []event.Question {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.questions)
}

// Wait returns the first event, past or future, for which match is true. It
// fails the test after 30 s. Call it from the test's goroutine.
func (r *Recorder) Wait(t testing.TB, what string, match func(event.Event) bool) event.Event {
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
func (r *Recorder) WaitKind(t testing.TB, kind event.Kind) event.Event {
	t.Helper()
	return r.Wait(t, string(kind), func(e event.Event) bool { return e.Kind == kind })
}

func (r *Recorder) summary() string {
	kinds := r.Kinds()
	if len(kinds) == 0 {
		return "none"
	}
	return fmt.Sprintf("%d %v", len(kinds), kinds)
}
