package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
)

// restorePage bounds one read of a journal, in bytes.
const restorePage = 1 << 20

// Log is the only way for a session to send events: it numbers them, writes them
// to the journal, applies them to the State and delivers them to the client, all
// in one order. It is safe for concurrent use.
type Log struct {
	sessionID, taskID string
	client            event.Client

	mu       sync.Mutex
	state    *State
	journal  *journal.Journal // nil: events are not kept
	seq      int64
	restored bool // the state has the journal's records
}

// NewLog makes a log without a journal. Its events change state.
func NewLog(sessionID, taskID string, client event.Client, state *State) *Log {
	return &Log{sessionID: sessionID, taskID: taskID, client: client, state: state, restored: true}
}

// Attach makes the log continue a journal. Call it before anything is sent.
// Restore reads the records of the journal.
func (l *Log) Attach(j *journal.Journal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.journal, l.seq, l.restored = j, j.LastSeq(), j.LastSeq() == 0
}

// Restore applies the records of the journal, once. Call it before anything is
// sent to a log whose journal has records.
func (l *Log) Restore() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.restored {
		return nil
	}
	state := l.state.fresh()
	for after, more := int64(0), true; more; {
		page, err := l.journal.Page(after, journal.Bounds{Bytes: restorePage})
		if err != nil {
			return fmt.Errorf("restore session %s: %w", l.sessionID, err)
		}
		for _, line := range page.Lines {
			r, ok := decode(line)
			if !ok {
				state.Lost()
			}
			state.Apply(r)
			after = line.Seq
		}
		more = page.More
	}
	l.state.replace(state)
	l.restored = true
	return nil
}

// Restored reports whether the state has the journal's records.
func (l *Log) Restored() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.restored
}

// Decode reads the event of a record. A damaged line becomes a notice in its
// place, and ok is false. Fields that only the journal has are left out.
func Decode(sessionID string, line journal.Line) (e event.Event, ok bool) {
	r, ok := decode(line)
	r.SessionID = sessionID
	return r.Event, ok
}

func decode(line journal.Line) (r event.Record, ok bool) {
	ok = line.Data != nil && json.Unmarshal(line.Data, &r) == nil && r.Kind != ""
	if !ok {
		r = event.Record{Event: event.Event{
			Kind: event.KindNotice, Level: event.LevelError,
			Text: fmt.Sprintf("event %d of this session is lost: its line in the journal is damaged", line.Seq),
		}}
	}
	r.Seq = line.Seq
	return r, ok
}

// State returns the state that the events have made.
func (l *Log) State() *State { return l.state }

// Journal returns the journal, nil when events are not kept.
func (l *Log) Journal() *journal.Journal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.journal
}

// LastSeq returns the number of the last event.
func (l *Log) LastSeq() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq
}

// Live delivers a delta. It is not numbered, and is dropped when ctx ends, so
// that a slow client cannot delay a cancel.
func (l *Log) Live(ctx context.Context, e event.Event) {
	l.client.Event(ctx, l.stamp(e))
}

// Send numbers a record, writes it to the journal, applies it and delivers its
// event. It ignores the end of ctx: the events of a cancelled turn must still
// arrive, and the client bounds the wait. An error says that the record could not
// be written; it is applied and delivered all the same, and the journal tries to
// write it again with the next one.
func (l *Log) Send(ctx context.Context, r event.Record) error {
	return l.record(ctx, r, false, nil)
}

// SendSynced is Send for a record that must be on the disk before the client sees
// it. When the write fails, instead makes the record that is sent in its place.
func (l *Log) SendSynced(ctx context.Context, r event.Record, instead func(event.Event, error) event.Event) error {
	return l.record(ctx, r, true, instead)
}

func (l *Log) record(ctx context.Context, r event.Record, sync bool, instead func(event.Event, error) event.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	r.Event = l.stamp(r.Event)
	r.Seq = l.seq
	err := l.write(r, sync)
	if err != nil && instead != nil {
		r = event.Record{Event: instead(r.Event, err)}
		line, bad := journal.Encode(r)
		if bad == nil {
			bad = l.journal.Amend(line)
		}
		err = errors.Join(err, bad)
	}
	l.state.Apply(r)
	l.client.Event(context.WithoutCancel(ctx), r.Event)
	return err
}

func (l *Log) write(r event.Record, sync bool) error {
	if l.journal == nil {
		return nil
	}
	line, err := journal.Encode(r)
	switch {
	case err != nil:
		return err
	case sync:
		return l.journal.AppendSync(r.Seq, line)
	default:
		return l.journal.Append(r.Seq, line)
	}
}

func (l *Log) stamp(e event.Event) event.Event {
	e.SessionID, e.TaskID, e.Time = l.sessionID, l.taskID, time.Now()
	return e
}

// Ready fails while a record could not be written: nothing new may begin then,
// which bounds the number of unwritten records.
func (l *Log) Ready() error {
	if j := l.Journal(); j != nil {
		return j.Flush()
	}
	return nil
}

// Close closes the journal.
func (l *Log) Close() error {
	if j := l.Journal(); j != nil {
		return j.Close()
	}
	return nil
}
