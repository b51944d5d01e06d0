package agent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pygent/pygent/agent/journal"
)

// eventLog is the one way out for the events of a session: it numbers them,
// writes them to the journal and hands them to the client, in one order.
type eventLog struct {
	sessionID, taskID string
	client            Client

	mu      sync.Mutex
	journal *journal.Journal // nil: nothing is kept
	seq     int64
}

// attach makes the log go on where a journal ends. It is called before anything
// is sent.
func (l *eventLog) attach(j *journal.Journal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.journal, l.seq = j, j.LastSeq()
}

// kept is the journal, nil when there is none.
func (l *eventLog) kept() *journal.Journal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.journal
}

// lastSeq is the number of the last event.
func (l *eventLog) lastSeq() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq
}

// live hands a delta on. It is not numbered, and is dropped when ctx ends, so
// that a slow client cannot hold a cancel up.
func (l *eventLog) live(ctx context.Context, e Event) {
	l.client.Event(ctx, l.stamp(e))
}

// send numbers e, writes it to the journal and hands it on. It outlives ctx: the
// events of a cancelled turn still have to arrive, and the client bounds the
// wait. An error tells that e could not be written; the client has it all the
// same, and the journal tries again with the next.
func (l *eventLog) send(ctx context.Context, e Event) error {
	return l.record(ctx, e, false, nil)
}

// sendEnd is send for the end of a turn: e is on the disk before the client
// sees it. Where that fails, failed says what the end is instead.
func (l *eventLog) sendEnd(ctx context.Context, e Event, failed func(Event, error) Event) error {
	return l.record(ctx, e, true, failed)
}

func (l *eventLog) record(ctx context.Context, e Event, sync bool, failed func(Event, error) Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	e = l.stamp(e)
	e.Seq = l.seq
	err := l.write(e, sync)
	if err != nil && failed != nil {
		e = failed(e, err)
		line, bad := journal.Encode(e)
		if bad == nil {
			bad = l.journal.Amend(line)
		}
		err = errors.Join(err, bad)
	}
	l.client.Event(context.WithoutCancel(ctx), e)
	return err
}

func (l *eventLog) write(e Event, sync bool) error {
	if l.journal == nil {
		return nil
	}
	line, err := journal.Encode(e)
	switch {
	case err != nil:
		return err
	case sync:
		return l.journal.AppendSync(e.Seq, line)
	default:
		return l.journal.Append(e.Seq, line)
	}
}

func (l *eventLog) stamp(e Event) Event {
	e.SessionID, e.TaskID, e.Time = l.sessionID, l.taskID, time.Now()
	return e
}

// ready fails while there is something that could not be written yet: nothing
// new may begin then, which keeps what is pending small.
func (l *eventLog) ready() error {
	if j := l.kept(); j != nil {
		return j.Flush()
	}
	return nil
}

func (l *eventLog) close() error {
	if j := l.kept(); j != nil {
		return j.Close()
	}
	return nil
}
