package rpc

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

// Caps of the outgoing queue, in bytes of encoded messages.
const (
	// highWater stops those who send notifications and results.
	highWater = 4 << 20

	// readLoopWater stops the read loop, whose answers (refused frames,
	// unknown methods) no cap on running requests bounds. It is above highWater
	// so that cancels are still read while senders wait.
	readLoopWater = 2 * highWater

	writeBufSize   = 64 << 10
	releaseChunk   = 256 << 10 // senders are woken each time so much was written
	queuedOverhead = 64        // what a queued message costs beside its text
	drainTolerance = 100 * time.Millisecond
)

// ErrClosed is the error of a call on a connection that has ended.
var ErrClosed = errors.New("the connection is closed")

// outbox is the one outgoing queue of a connection, and its goroutine the only
// writer of the output.
//
// Delivery: everything is written in the order in which it was queued, once.
// Nothing is dropped while the output takes it, but that adjacent live deltas
// of one call merge while they wait. Senders block while more than highWater
// bytes wait. After a write error nothing is delivered any more, and senders
// return at once. A write that takes longer than stall is only told, by stalled:
// whoever runs the connection ends it.
type outbox struct {
	w    io.Writer
	mode atomic.Int32 // a mode; set before the first message is queued
	log  *zap.Logger

	stall time.Duration // how long one write may take; 0 is for ever

	stalled chan struct{} // closed when a write took longer than stall
	dead    chan struct{} // closed after a write error
	closing chan struct{} // closed when nobody waits for space any more
	done    chan struct{} // closed when the writer has ended

	mu     sync.Mutex
	queue  []queued      // not yet taken by the writer
	bytes  int           // queued or being written
	wake   chan struct{} // tells the writer of work; buffered, one token
	space  chan struct{} // closed and replaced when bytes shrinks
	closed bool          // the writer ends when the queue is empty
	err    error         // the write error
}

// queued is one message: text that is encoded, or a delta that is encoded when
// it is written.
type queued struct {
	frame []byte
	delta *liveDelta
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
	o.mode.Store(int32(modeHeaders))
	go o.write()
	return o
}

// wait returns when fewer than limit bytes wait. When the outbox is closing it
// returns at once; as much again as limit may then be queued without waiting.
// The error is the context's cause or ErrClosed.
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

// push queues an encoded message, whatever is queued already.
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

// pushMade is push of a message that is made when nothing else can be queued:
// what makes it must not wait for anyone who sends.
func (o *outbox) pushMade(frame func() []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	made := frame()
	return o.add(queued{frame: made}, len(made)+queuedOverhead)
}

// notify encodes and queues a notification as soon as there is space.
func (o *outbox) notify(ctx context.Context, method string, params any) error {
	frame, err := encodeNotification(method, params)
	if err != nil {
		return err
	}
	if err := o.wait(ctx, highWater); err != nil {
		return err
	}
	return o.push(frame)
}

// write is the writer's goroutine.
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
		clear(batch) // let go of the text
	}
}

// take waits for messages and takes all of them; the old batch becomes the new
// queue. Before it waits it flushes. It is false when the outbox is closed and
// written out, or has failed.
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
			continue // what came in the meantime goes first
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
	if mode(o.mode.Load()) == modeLines {
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

// release gives the space of written messages back.
func (o *outbox) release(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := o.bytes
	o.bytes -= n
	if before >= highWater { // else nobody waits
		close(o.space)
		o.space = make(chan struct{})
	}
}

// giveUp drops what is queued: nobody reads it.
func (o *outbox) giveUp(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
	o.queue = nil
	o.bytes = 0
	close(o.dead)
	o.log.Warn("the client takes no more output", zap.Error(err))
}

// drain lets everybody who waits for space queue what they have, so that they
// can end. It is called once, before close.
func (o *outbox) drain() { close(o.closing) }

// close writes out what is queued and ends the writer. When the reader does
// not take it within the timeout, the write in progress is interrupted if the
// output has write deadlines (pipes and sockets do); else the writer is left
// behind, blocked, for the end of the process.
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
