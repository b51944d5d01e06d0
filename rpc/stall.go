package rpc

import (
	"io"
	"time"
)

// stallWriter tells when one write takes too long. What the operating system
// has buffered for the reader counts as read, so the reader is seen to stand
// still only when its pipe is full.
type stallWriter struct {
	w     io.Writer
	timer *time.Timer
	limit time.Duration
}

// Write writes p to the end, however long that takes.
func (s *stallWriter) Write(p []byte) (int, error) {
	s.timer.Reset(s.limit)
	defer s.timer.Stop()
	return s.w.Write(p)
}

// watched is the output with a watch on each write, which closes o.stalled. stop
// is called when nothing is written any more.
func (o *outbox) watched() (w io.Writer, stop func()) {
	if o.stall <= 0 {
		return o.w, func() {}
	}
	timer := time.AfterFunc(o.stall, o.tellStalled)
	timer.Stop()
	return &stallWriter{w: o.w, timer: timer, limit: o.stall}, func() { timer.Stop() }
}

// tellStalled says once that the reader stands still.
func (o *outbox) tellStalled() {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case <-o.stalled:
	default:
		close(o.stalled)
	}
}
