package openai

import (
	"io"
	"time"
)

// silence calls a function when a wait for the other side takes too long. Only
// waits count, not the time in which the caller handles data (for example when a
// slow client blocks the relay). It is used from one goroutine.
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

// endIn ends every wait at the latest limit from now. Bytes without content, such
// as comments, do not extend it. It never allows more time.
func (s *silence) endIn(limit time.Duration) {
	if end := time.Now().Add(limit); s.end.IsZero() || end.Before(s.end) {
		s.end = end
	}
}

// watched is a reader with a wait around each read.
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
