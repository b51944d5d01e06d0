package openai

import (
	"io"
	"time"
)

// silence calls a function when the other side has been waited for too long.
// Only waiting counts: while the caller is busy with what came (a slow client
// holds up the relay, say) nothing runs out. It is used from one goroutine.
type silence struct {
	limit time.Duration // not positive: no limit
	timer *time.Timer
}

func newSilence(limit time.Duration, fire func()) *silence {
	s := &silence{limit: limit}
	s.timer = time.AfterFunc(max(limit, time.Hour), fire)
	s.timer.Stop()
	return s
}

// start begins a wait.
func (s *silence) start() {
	if s.limit > 0 {
		s.timer.Reset(s.limit)
	}
}

// stop ends a wait.
func (s *silence) stop() { s.timer.Stop() }

// shorten sets a tighter limit.
func (s *silence) shorten(limit time.Duration) {
	if s.limit <= 0 || limit < s.limit {
		s.limit = limit
	}
}

// watched is a reader each of whose reads is a wait.
type watched struct {
	r     io.Reader
	quiet *silence
}

func (w watched) Read(p []byte) (int, error) {
	w.quiet.start()
	n, err := w.r.Read(p)
	w.quiet.stop()
	return n, err
}
