package web

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/tasks"
)

// patience is how long a question waits for a page that can be asked: as long as
// a reload may take, and somebody who looks for the tab.
const patience = time.Minute

// Pages are all pages that are open, as the domain sees them: one agent.Client.
// The zero value has none.
//
// Every page gets every event, in the order of the calls and by the rules of
// rpc.Peer; a page that comes later reads what it has missed from the session. A
// page that reads nothing is given up after a while and holds the others up until
// then.
//
// A question goes to every page, also to those that come while it waits, and the
// first answer counts; from the others it is withdrawn. A page that goes does not
// answer by that.
type Pages struct {
	patience time.Duration // 0 is the constant; tests have their own

	mu      sync.Mutex
	open    map[*page]struct{}
	changed chan struct{} // closed when open changes; nil when nobody waits
}

var _ agent.Client = (*Pages)(nil)

// page is one connection.
type page struct {
	peer *rpc.Peer
	gone chan struct{} // closed when it is lost
	once sync.Once
}

func (p *page) lose() { p.once.Do(func() { close(p.gone) }) }

// join adds a page that has begun to talk.
func (ps *Pages) join(p *page) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.open == nil {
		ps.open = map[*page]struct{}{}
	}
	ps.open[p] = struct{}{}
	ps.tell()
}

func (ps *Pages) leave(p *page) {
	p.lose()
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.open, p)
	ps.tell()
}

// tell wakes who waits for a change. The caller holds mu.
func (ps *Pages) tell() {
	if ps.changed != nil {
		close(ps.changed)
		ps.changed = nil
	}
}

// now are the open pages, and a channel that is closed when others are.
func (ps *Pages) now() ([]*page, <-chan struct{}) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.changed == nil {
		ps.changed = make(chan struct{})
	}
	return slices.Collect(maps.Keys(ps.open)), ps.changed
}

// Event hands e to every page.
func (ps *Pages) Event(ctx context.Context, e agent.Event) {
	open, _ := ps.now()
	for _, p := range open {
		p.peer.Event(ctx, e)
	}
}

// TaskChanged tells every page of a task's new state.
func (ps *Pages) TaskChanged(ctx context.Context, t tasks.Task) {
	open, _ := ps.now()
	for _, p := range open {
		p.peer.TaskChanged(ctx, t)
	}
}

// RequestApproval asks the pages. Without any that can be asked it denies; the
// error is that of ctx only.
func (ps *Pages) RequestApproval(ctx context.Context, a agent.Approval) (agent.Decision, error) {
	d, ok, err := first(ctx, ps, func(ctx context.Context, p *rpc.Peer) (agent.Decision, bool) {
		if can, _ := p.Asks(); !can {
			return agent.Decision{}, false
		}
		d, err := p.RequestApproval(ctx, a)
		return d, err == nil
	})
	if !ok {
		d = agent.Decision{Decision: agent.DecisionDeny, Feedback: "no page is open that could be asked"}
	}
	return d, err
}

// AskUser asks the pages. ok is false without any that can be asked.
func (ps *Pages) AskUser(ctx context.Context, q agent.Question) (agent.Answer, bool, error) {
	return first(ctx, ps, func(ctx context.Context, p *rpc.Peer) (agent.Answer, bool) {
		if _, can := p.Asks(); !can {
			return agent.Answer{}, false
		}
		a, ok, err := p.AskUser(ctx, q)
		return a, ok && err == nil
	})
}

// first asks every page, those that come later too, and returns the first
// answer. ok is false when there is no page to ask for as long as patience.
func first[T any](ctx context.Context, ps *Pages, ask func(context.Context, *rpc.Peer) (T, bool)) (answer T, ok bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel() // withdraws the question from the others

	answers := make(chan T)
	ended := make(chan *page)
	asked := map[*page]bool{} // whether it is still being asked
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

// noPatience ticks when it has been waited long enough for a page; never while
// there is one that is being asked.
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
