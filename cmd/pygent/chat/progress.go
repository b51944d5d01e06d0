package chat

import (
	"slices"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// progress handles an event for the calls that the model still writes: the newest size of
// each is shown until the reply is whole, or breaks off.
func (t *transcript) progress(e event.Event) {
	switch e.Kind {
	case event.KindToolProgress:
		i := slices.IndexFunc(t.writing, func(w event.Event) bool { return w.CallID == e.CallID })
		if i < 0 {
			t.writing = append(t.writing, e)
		} else {
			t.writing[i] = e
		}
	case event.KindMessage, event.KindToolStarted, event.KindToolFinished, event.KindRetrying, event.KindApprovalRequested, event.KindTurnFinished:
		t.writing = nil
	default: // the reply goes on
	}
}

// liveProgress draws the calls that the model writes.
func (t *transcript) liveProgress(picture string) (rows []string) {
	for _, e := range t.writing {
		rows = append(rows, t.cyan.Render(picture+" ")+paint(t.faint, short(term.Writing(e), t.width-2)))
	}
	return rows
}
