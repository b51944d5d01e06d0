package web

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/tasks"
)

// patience is how long a question waits for a page that can be asked: long enough for a
// reload, or for a user who looks for the tab.
const patience = time.Minute

// Pages are all open pages. To the domain they are one event.Client. The zero value has
// no page and is usable.
//
// Delivery: every page gets every event, in the order of the calls and by the rules of
// rpc.Peer. A page that opens later reads earlier events from the session. A page that
// does not read delays the others until it is closed after a timeout.
//
// A question goes to every page, also to pages that open while it waits. The first answer
// counts, and the question is cancelled on the other pages. A page that closes gives no
// answer.
type Pages struct {
	patience time.Duration // 0 means the constant; tests set their own

	mu      sync.Mutex
	open    map[*page]struct{}
	changed chan struct{} // closed when open changes; nil when no goroutine waits
}

var _ event.Client = (*Pages)(nil)

// page is one connection.
type page struct {
	peer *rpc.Peer
	gone chan struct{} // closed when it is lost
	once sync.Once
}

func (p *page) lose() { p.once.Do(func() { close(p.gone) }) }

// join adds a page when its first message is sent.
func (ps *Pages) join(p *page) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.open == nil {
		ps.open = map[*page]struct{}{}
	}
	ps.open[p] = struct{}{}
	ps.wake()
}

func (ps *Pages) leave(p *page) {
	p.lose()
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.open, p)
	ps.wake()
}

// wake wakes the goroutines that wait for a change. The caller holds mu.
func (ps *Pages) wake() {
	if ps.changed != nil {
		close(ps.changed)
		ps.changed = nil
	}
}

// now returns the open pages, and a channel that is closed when they change.
func (ps *Pages) now() ([]*page, <-chan struct{}) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.changed == nil {
		ps.changed = make(chan struct{})
	}
	return slices.Collect(maps.Keys(ps.open)), ps.changed
}

// Event sends e to every page.
func (ps *Pages) Event(ctx context.Context, e event.Event) {
	open, _ := ps.now()
	for _, p := range open {
		p.peer.Event(ctx, e)
	}
}

// TaskChanged sends a task's new state to every page.
func (ps *Pages) TaskChanged(ctx context.Context, t tasks.Task) {
	open, _ := ps.now()
	for _, p := range open {
		p.peer.TaskChanged(ctx, t)
	}
}

// RequestApproval asks the pages. It denies when no page can be asked. The only error is
// context.Cause(ctx).
func (ps *Pages) RequestApproval(ctx context.Context, a event.Approval) (event.Decision, error) {
	d, ok, err := first(ctx, ps, func(ctx context.Context, p *rpc.Peer) (event.Decision, bool) {
		if can, _ := p.Asks(); !can {
			return event.Decision{}, false
		}
		d, err := p.RequestApproval(ctx, a)
		return d, err == nil
	})
	if !ok {
		d = event.Decision{Decision: event.DecisionDeny, Feedback: "no page is open that could be asked"}
	}
	return d, err
}

// AskUser asks the pages. ok is false when no page can be asked.
func (ps *Pages) AskUser(ctx context.Context, q event.Question) (event.Answer, bool, error) {
	return first(ctx, ps, func(ctx context.Context, p *rpc.Peer) (event.Answer, bool) {
		if _, can := p.Asks(); !can {
			return event.Answer{}, false
		}
		a, ok, err := p.AskUser(ctx, q)
		return a, ok && err == nil
	})
}

// first asks every page, also pages that open later, and returns the first answer. ok is
// false when for the time of patience there is no page to ask.
func first[T any](ctx context.Context, ps *Pages, ask func(context.Context, *rpc.Peer) (T, bool)) (answer T, ok bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel() // cancels the question on the other pages

	answers := make(chan T)
	ended := make(chan *page)
	asked := map[*page]bool{} // pages that were asked
	open := 0
	for {
		pages, changed := ps.now()
		for _, p := range pages {
			if _, known := asked[p]; known {
				continue
			}
			asked[p] = true
			open++
			asking.Go(func() {
				a, answered := ask(ctx, p.peer)
				if answered && !p.lost() {
					select {
					case answers <- a:
					case <-ctx.Done():
					}
				}
				select {
				case ended <- p:
				case <-ctx.Done():
				}
			})
		}
		nobody := ps.noPatience(open)
		select {
		case answer = <-answers:
			return answer, true, nil
		case <-ended:
			open--
		case <-changed:
		case <-nobody:
			return answer, false, nil
		case <-ctx.Done():
			return answer, false, context.Cause(ctx)
		}
	}
}

func (p *page) lost() bool {
	select {
	case <-p.gone:
		return true
	default:
		return false
	}
}

// noPatience returns a channel that receives when first has waited long enough for a page.
// It is nil, and never receives, while a page is being asked.
func (ps *Pages) noPatience(open int) <-chan time.Time {
	switch {
	case open > 0:
		return nil
	case ps.patience > 0:
		return time.After(ps.patience)
	default:
		return time.After(patience)
	}
}
