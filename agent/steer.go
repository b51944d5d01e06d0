package agent

import (
	"context"
	"fmt"
)

// keepSteered tells that a prompt was said to the turn that runs. When it returns
// nil the prompt is on the disk: it is heard, if not by that turn then by the next.
func (a *Agent) keepSteered(ctx context.Context, l letter) error {
	said := Event{Kind: KindSteered, Text: l.prompt}
	if l.dirty != nil {
		said.DirtyFiles = &l.dirty
	}
	return a.log.sendEnd(ctx, said, func(e Event, err error) Event {
		e.Kind, e.Level, e.Text, e.DirtyFiles = KindNotice, "error", fmt.Sprintf("a prompt for the running turn is refused: %v", err), nil
		return e
	})
}

// hearSteered appends what was said to a turn while it ran.
func (t *turn) hearSteered(ctx context.Context, prompts []string) {
	for _, text := range prompts {
		t.append(Message{Role: RoleUser, Content: text})
		t.emit(ctx, Event{Kind: KindMessage, Role: RoleUser, Text: text, Steered: true})
	}
}

// hearMail appends what was said to the turn meanwhile, after what a server that
// ended had taken for it, and tells how much it was. With closing nothing more is
// taken.
func (t *turn) hearMail(ctx context.Context, closing bool) int {
	list := append(t.takeUnheard(), t.bounds.mail.take(closing)...)
	t.hearSteered(ctx, list)
	return len(list)
}

// takeUnheard are the prompts that were said to a turn whose server ended before
// the model heard them.
func (a *Agent) takeUnheard() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := a.unheard
	a.unheard = nil
	return list
}
