package wire

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Limits of the outgoing queue, in bytes of encoded messages.
const (
	// MaxQueued blocks senders of notifications and results.
	MaxQueued = 4 << 20

	// maxRefused blocks the read loop, because MaxRunning does not bound its answers
	// (refused frames, unknown methods). It is above MaxQueued, so that cancels are
	// still read while senders wait.
	maxRefused = 2 * MaxQueued

	writeBufSize   = 64 << 10
	releaseChunk   = 256 << 10 // senders wake each time this many bytes are written
	queuedOverhead = 64        // counted for a queued message in addition to its text
	drainTolerance = 100 * time.Millisecond
)

// outbox is the outgoing queue of a connection. Its goroutine is the only writer of
// the output.
//
// Delivery: messages are written once, in the order in which they were queued. None
// is dropped while the output accepts data. Queued deltas may be merged (see Delta).
// Senders block while more than MaxQueued bytes are queued. After a write error
// nothing more is delivered, and senders return at once. When a write takes longer
// than stall, the channel stalled is closed and the write goes on.
type outbox struct {
	w       io.Writer
	framing atomic.Int32 // a Framing; set before the first message is queued
	log     *zap.Logger

	stall time.Duration // how long one write may take; 0 means for ever

	stalled chan struct{} // closed when a write took longer than stall
	dead    chan struct{} // closed after a write error
	closing chan struct{} // closed when senders must not wait for space any more
	drained sync.Once
	done    chan struct{} // closed when the writer has ended

	mu     sync.Mutex
	queue  []queued      // messages that the writer has not taken yet
	bytes  int           // queued or being written
	wake   chan struct{} // wakes the writer; buffered, one token
	space  chan struct{} // closed and replaced when bytes decreases
	closed bool          // when true, the writer ends at an empty queue
	err    error         // the write error
}

// queued is one message: encoded text, or a delta, which is encoded when it is
// written.
type queued struct {
	frame []byte
	delta *queuedDelta
}

func newOutbox(w io.Writer, stall time.Duration, log *zap.Logger) *outbox {
	o := &outbox{
		w:       w,
		log:     log,
		stall:   stall,
		stalled: make(chan struct{}),
		dead:    make(chan struct{}),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
		wake:    make(chan struct{}, 1),
		space:   make(chan struct{}),
	}
	o.framing.Store(int32(FramingHeaders))
	go o.write()
	return o
}

// wait returns when fewer than limit bytes are queued. When the outbox is closing it
// returns at once, and senders may queue up to twice the limit. The error is the
// context's cause or ErrClosed.
func (o *outbox) wait(ctx context.Context, limit int) error {
	for {
		o.mu.Lock()
		waiting, space := o.bytes, o.space
		o.mu.Unlock()
		if waiting < limit {
			return nil
		}
		select {
		case <-space:
		case <-o.closing:
			if waiting < 2*limit {
				return nil
			}
			return ErrClosed
		case <-o.dead:
			return ErrClosed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// push queues an encoded message, however much is queued already.
func (o *outbox) push(frame []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.add(queued{frame: frame}, len(frame)+queuedOverhead)
}

// add queues e. The caller holds mu.
func (o *outbox) add(e queued, size int) error {
	if o.closed || o.err != nil {
		return ErrClosed
	}
	o.queue = append(o.queue, e)
	o.bytes += size
	o.signal()
	return nil
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// notify encodes and queues a notification as soon as there is space.
func (o *outbox) notify(ctx context.Context, method string, params any) error {
	frame, err := encodeNotification(method, params)
	if err != nil {
		return err
	}
	if err := o.wait(ctx, MaxQueued); err != nil {
		return err
	}
	return o.push(frame)
}

// write is the writer goroutine.
func (o *outbox) write() {
	defer close(o.done)
	watched, stop := o.watched()
	defer stop()
	w := bufio.NewWriterSize(watched, writeBufSize)
	var enc deltaEncoder
	var batch []queued
	for {
		var ok bool
		if batch, ok = o.take(batch[:0], w); !ok {
			return
		}
		if err := o.writeBatch(w, &enc, batch); err != nil {
			o.giveUp(err)
			return
		}
		clear(batch) // frees the texts
	}
}

// take waits for messages and takes all of them. spare becomes the new queue. take
// flushes w before it waits. It returns false when the outbox is closed and empty,
// or has failed.
func (o *outbox) take(spare []queued, w *bufio.Writer) (batch []queued, ok bool) {
	for {
		o.mu.Lock()
		batch, closed := o.queue, o.closed
		if len(batch) > 0 {
			o.queue = spare
		}
		o.mu.Unlock()
		if len(batch) > 0 {
			return batch, true
		}
		if w.Buffered() > 0 {
			if err := w.Flush(); err != nil {
				o.giveUp(err)
				return nil, false
			}
			continue // messages may have come during the flush
		}
		if closed {
			return nil, false
		}
		<-o.wake
	}
}

func (o *outbox) writeBatch(w *bufio.Writer, enc *deltaEncoder, batch []queued) error {
	written := 0
	for _, e := range batch {
		frame, size := e.frame, len(e.frame)+queuedOverhead
		if e.delta != nil {
			var err error
			size = e.delta.size
			if frame, err = enc.encode(e.delta); err != nil {
				o.log.Error("an event that has no encoding", zap.Error(err))
			}
		}
		if frame != nil {
			if err := o.writeFrame(w, frame); err != nil {
				return err
			}
		}
		if written += size; written >= releaseChunk {
			o.release(written)
			written = 0
		}
	}
	o.release(written)
	return nil
}

func (o *outbox) writeFrame(w *bufio.Writer, frame []byte) error {
	if Framing(o.framing.Load()) == FramingLines {
		if _, err := w.Write(frame); err != nil {
			return err
		}
		return w.WriteByte('\n')
	}
	head := append(w.AvailableBuffer(), "Content-Length: "...)
	head = strconv.AppendInt(head, int64(len(frame)), 10)
	head = append(head, "\r\n\r\n"...)
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(frame)
	return err
}

// release subtracts n written bytes and wakes senders.
func (o *outbox) release(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := o.bytes
	o.bytes -= n
	if before >= MaxQueued { // else no sender waits
		close(o.space)
		o.space = make(chan struct{})
	}
}

// giveUp drops the queue after a write error.
func (o *outbox) giveUp(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
	o.queue = nil
	o.bytes = 0
	close(o.dead)
	o.log.Warn("the client takes no more output", zap.Error(err))
}

// drain lets all waiting senders queue their message, so that they can end. Call it
// before close.
func (o *outbox) drain() { o.drained.Do(func() { close(o.closing) }) }

// close writes the queued messages and ends the writer. After the timeout it
// interrupts the write in progress if the output has write deadlines (pipes and
// sockets do); else the writer stays blocked until the process ends.
func (o *outbox) close(timeout time.Duration) error {
	o.mu.Lock()
	o.closed = true
	o.signal()
	o.mu.Unlock()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-o.done:
	case <-timer.C:
		if d, ok := o.w.(interface{ SetWriteDeadline(time.Time) error }); ok && d.SetWriteDeadline(time.Now()) == nil {
			timer.Reset(drainTolerance)
			select {
			case <-o.done:
			case <-timer.C:
			}
		}
		return errors.New("the client did not read the last messages")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}
