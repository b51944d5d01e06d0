package openai

import (
	"io"
	"time"
)

// silence calls a function when the other side has been waited for too long.
// Only waiting counts: while the caller is busy with what came (a slow client
// holds up the relay, say) nothing runs out. It is used from one goroutine.
type silence struct {
	limit time.Duration // of one wait; not positive: no limit
	end   time.Time     // of all waits; zero: none
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
	limit := s.limit
	if !s.end.IsZero() {
		if left := max(0, time.Until(s.end)); limit <= 0 || left < limit {
			limit = left
		}
	} else if limit <= 0 {
		return
	}
	s.timer.Reset(limit)
}

// stop ends a wait.
func (s *silence) stop() { s.timer.Stop() }

// endIn lets no wait last longer than limit from now, whatever comes: bytes
// that say nothing, such as comments, gain no time. It never grants more.
func (s *silence) endIn(limit time.Duration) {
	if end := time.Now().Add(limit); s.end.IsZero() || end.Before(s.end) {
		s.end = end
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
