package wire

import (
	"io"
	"time"
)

// stallWriter detects a write that takes too long. Data in the operating system's
// buffer counts as read, so it detects a stalled reader only when the pipe is full.
type stallWriter struct {
	w     io.Writer
	timer *time.Timer
	limit time.Duration
}

// Write writes all of p, however long that takes.
func (s *stallWriter) Write(p []byte) (int, error) {
	s.timer.Reset(s.limit)
	defer s.timer.Stop()
	return s.w.Write(p)
}

// watched returns the output with a timer for each write. A late write closes
// o.stalled. Call stop after the last write.
func (o *outbox) watched() (w io.Writer, stop func()) {
	if o.stall <= 0 {
		return o.w, func() {}
	}
	timer := time.AfterFunc(o.stall, o.markStalled)
	timer.Stop()
	return &stallWriter{w: o.w, timer: timer, limit: o.stall}, func() { timer.Stop() }
}

// markStalled closes stalled, once.
func (o *outbox) markStalled() {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case <-o.stalled:
	default:
		close(o.stalled)
	}
}
