package agent

import "time"

// Bounds of the events that show how a call grows.
const (
	progressAfter = 1 << 10 // bytes: a shorter call is shown only when the model writes it slowly
	progressEvery = 250 * time.Millisecond
)

// progress decides when the user sees how far the model has come with a call.
// The zero value is the beginning of a reply.
type progress struct {
	id, tool string    // of the call that grows
	since    time.Time // when that call began
	last     time.Time // the last event; zero for none
}

// due reports whether the arrival of d is to be shown now.
func (p *progress) due(d CallDelta, now time.Time) bool {
	if d.ID != p.id || d.Tool != p.tool || p.since.IsZero() {
		p.id, p.tool, p.since = d.ID, d.Tool, now
	}
	long := d.Bytes >= progressAfter || now.Sub(p.since) >= progressEvery
	if !long || !p.last.IsZero() && now.Sub(p.last) < progressEvery {
		return false
	}
	p.last = now
	return true
}
