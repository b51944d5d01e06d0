package replay

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
)

// Recorder is an agent.Model that passes every request to another one and records
// each exchange, one line in one write. An exchange that ctx ended is not
// recorded, because it cannot be reproduced. It is safe for concurrent use.
//
// The recording holds whole conversations, with all that files and commands
// contributed to them. It never holds a key, because a key is not part of a
// conversation.
type Recorder struct {
	inner agent.Model
	w     io.Writer

	mu      sync.Mutex
	lines   int              // written so far
	replies map[[32]byte]int // hash of a conversation up to a reply → its line
	failed  error            // a write failed; the line may be torn, so nothing follows it
}

// NewRecorder records the exchanges of inner to w, which must be empty.
func NewRecorder(inner agent.Model, w io.Writer) *Recorder {
	return &Recorder{inner: inner, w: w, replies: map[[32]byte]int{}}
}

// Close closes the writer if it can be closed.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = errors.Join(r.failed, errors.New("the recorder is closed"))
	if c, ok := r.w.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Chat implements agent.Model. It fails when the exchange cannot be written, so
// that no recording has a gap.
func (r *Recorder) Chat(ctx context.Context, req agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
	var reasoning strings.Builder
	out, err := r.inner.Chat(ctx, req, func(d agent.Delta) {
		if d.Retry != nil {
			reasoning.Reset()
		}
		reasoning.WriteString(d.Reasoning)
		emit(d)
	})
	if err != nil && ctx.Err() != nil {
		return out, err
	}
	if werr := r.write(req, out, err, reasoning.String()); werr != nil {
		out.Message.ToolCalls = nil // with an error, none may run
		return out, errors.Join(err, fmt.Errorf("record exchange: %w", werr))
	}
	return out, err
}

// write writes one exchange; failure is the error that the model returned.
func (r *Recorder) write(req agent.Request, out agent.Reply, failure error, reasoning string) error {
	e := exchange{Reasoning: reasoning}
	if failure != nil {
		e.Error = recordError(failure)
	}
	if failure == nil || out.Message.Content != "" {
		e.Reply = &reply{Message: record(out.Message), Usage: &out.Usage, Finish: out.Finish}
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		return r.failed
	}
	if r.lines == 0 {
		if err := r.writeLine(header{Version: version, Model: req.Model}); err != nil {
			return err
		}
	}
	after, known, conversation := r.known(req.Messages)
	for _, m := range req.Messages[known:] {
		e.Messages = append(e.Messages, record(m))
	}
	e.After = &after
	if err := r.writeLine(e); err != nil {
		return err
	}
	if failure == nil {
		conversation.add(&out.Message)
		r.replies[conversation.now()] = r.lines
	}
	return nil
}

// known finds the longest part of msgs that the recording has: the line of its
// reply, its length, and the hash of all msgs. The last message always counts as
// new. r.mu is held.
func (r *Recorder) known(msgs []event.Message) (line, length int, all sum) {
	all = newSum()
	for i := range msgs {
		all.add(&msgs[i])
		if msgs[i].Role != event.RoleAssistant || i == len(msgs)-1 {
			continue
		}
		if l, ok := r.replies[all.now()]; ok {
			line, length = l, i+1
		}
	}
	return line, length, all
}

// writeLine writes v with one call. r.mu is held.
func (r *Recorder) writeLine(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // for readability
	if err := enc.Encode(v); err != nil {
		return err
	}
	if _, err := r.w.Write(b.Bytes()); err != nil {
		r.failed = err
		return err
	}
	r.lines++
	return nil
}

// sum hashes a conversation message by message.
type sum struct{ h hash.Hash }

func newSum() sum { return sum{sha256.New()} }

func (s sum) add(m *event.Message) {
	s.text(string(m.Role))
	s.text(m.Content)
	s.text(m.ToolCallID)
	s.number(len(m.ToolCalls))
	for _, c := range m.ToolCalls {
		s.text(c.ID)
		s.text(c.Name)
		s.text(c.Arguments)
	}
}

func (s sum) text(t string) {
	s.number(len(t))
	_, _ = io.WriteString(s.h, t) // a hash never fails
}

func (s sum) number(n int) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	_, _ = s.h.Write(b[:]) // a hash never fails
}

func (s sum) now() (out [32]byte) {
	s.h.Sum(out[:0])
	return out
}
