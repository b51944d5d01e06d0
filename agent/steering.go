package agent

import (
	"context"
	"fmt"
	"sync"

	"github.com/pygent/pygent/agent/event"
)

// maxSteered bounds the prompts that wait for the next model round of a turn.
const maxSteered = 16

// Steering takes prompts for a turn while it runs: from the moment the turn holds
// the session until the turn's end is decided. A nil Steering takes none. The
// prompts themselves are in conversation.State: Unheard.
type Steering struct {
	Queued *QueuedBytes // of all sessions; nil counts nothing

	mu     sync.Mutex
	closed bool
	sizes  []int    // of the waiting prompts
	dirty  []string // of the last prompt that names such files; nil: none did
}

// NewSteering makes a Steering that counts waiting prompts in queued, which may
// be nil.
func NewSteering(queued *QueuedBytes) *Steering { return &Steering{Queued: queued} }

// Steered is a prompt for a running turn.
type Steered struct {
	Prompt string
	Dirty  []string // clean paths; nil: the prompt names none
}

// add takes a prompt; ok is false when the turn takes no more. send sends the
// prompt's event before the turn can get the prompt: when that fails, the prompt
// is not taken.
func (s *Steering) add(p Steered, send func() error) (ok bool, err error) {
	if s == nil {
		return false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return false, nil
	case len(s.sizes) >= maxSteered:
		return false, fmt.Errorf("%w: %d prompts already wait for the turn's next model round", ErrBusy, maxSteered)
	}
	if err := s.Queued.Add(len(p.Prompt)); err != nil {
		return false, err
	}
	if err := send(); err != nil {
		s.Queued.Remove(len(p.Prompt))
		return false, err
	}
	s.sizes = append(s.sizes, len(p.Prompt))
	if p.Dirty != nil {
		s.dirty = p.Dirty
	}
	return true, nil
}

// take removes the waiting prompts; with closed it takes no more afterwards. It
// calls unheard under the lock, so that every accepted prompt is read.
func (s *Steering) take(closed bool, unheard func() []string) []string {
	if s == nil {
		return unheard()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.sizes {
		s.Queued.Remove(n)
	}
	s.sizes, s.closed = nil, closed
	return unheard()
}

// earlier returns the prompts that an earlier turn accepted and the model has not
// heard. Those of this turn follow its own message.
func (s *Steering) earlier(unheard func() []string) []string {
	if s == nil {
		return unheard()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := unheard()
	return list[:max(0, len(list)-len(s.sizes))]
}

// dirtyFiles returns the files that must not be written by the last prompt that
// names any; nil when none did.
func (s *Steering) dirtyFiles() []string {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dirty
}

// Steer gives a prompt to the running turn. ok is false when the turn takes no
// more. An accepted prompt is on the disk: if this turn does not get it, the next
// one does.
func (a *Agent) Steer(ctx context.Context, to *Steering, p Steered) (ok bool, err error) {
	e := event.Event{Kind: event.KindSteered, Text: p.Prompt}
	if p.Dirty != nil {
		e.DirtyFiles = &p.Dirty
	}
	return to.add(p, func() error {
		return a.log.SendSynced(ctx, event.Record{Event: e}, func(e event.Event, err error) event.Event {
			e.Kind, e.Level, e.Text, e.DirtyFiles = event.KindNotice, event.LevelError, fmt.Sprintf("a prompt for the running turn is refused: %v", err), nil
			return e
		})
	})
}

// takeSteered sends the messages of the prompts that came since the last round,
// after those of a turn whose server ended, and returns their number. With
// closing, the turn takes no more prompts.
func (t *turn) takeSteered(ctx context.Context, closing bool) int {
	list := t.bounds.Steering.take(closing, t.state().Unheard)
	if note := t.bounds.Note; note != "" {
		list = append(list, note)
		t.bounds.Note = ""
	}
	t.sendSteered(ctx, list)
	return len(list)
}

func (t *turn) sendSteered(ctx context.Context, steered []string) {
	for _, text := range steered {
		t.emit(ctx, event.Event{Kind: event.KindMessage, Role: event.RoleUser, Text: text, Steered: true})
	}
}
