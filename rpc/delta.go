package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/pygent/pygent/agent"
)

const (
	maxMergedBytes = 64 << 10 // a merged delta grows no further
	deltaOverhead  = 512      // what a queued delta costs beside its text
	partOverhead   = 16       // what one more part of it costs
)

// liveDelta is a queued agent/event of a live kind. Its parts are joined and
// encoded when it is written.
type liveDelta struct {
	event agent.Event // of the first part
	parts []string
	text  int // bytes in parts
	size  int // bytes that count in the queue
}

// extends reports whether e continues the text of d.
func (d *liveDelta) extends(e *agent.Event) bool {
	return d.event.Kind == e.Kind && d.event.SessionID == e.SessionID && d.event.TurnID == e.TurnID &&
		d.event.TaskID == e.TaskID && d.event.CallID == e.CallID && d.text+len(e.Delta) <= maxMergedBytes
}

// delta queues a live event as soon as there is space, or merges it into the
// message that waits last.
func (o *outbox) delta(ctx context.Context, e agent.Event) error {
	if err := o.wait(ctx, highWater); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := len(o.queue); n > 0 && !o.closed && o.err == nil {
		if d := o.queue[n-1].delta; d != nil && d.extends(&e) {
			d.parts = append(d.parts, e.Delta)
			d.text += len(e.Delta)
			d.size += len(e.Delta) + partOverhead
			o.bytes += len(e.Delta) + partOverhead
			return nil
		}
	}
	d := &liveDelta{event: e, parts: []string{e.Delta}, text: len(e.Delta), size: len(e.Delta) + deltaOverhead}
	return o.add(queued{delta: d}, d.size)
}

// deltaEncoder encodes deltas into one buffer, which the next call reuses.
type deltaEncoder struct {
	buf bytes.Buffer
	enc *json.Encoder
}

// encode returns the text, valid until the next call.
func (c *deltaEncoder) encode(d *liveDelta) ([]byte, error) {
	if c.enc == nil {
		c.enc = json.NewEncoder(&c.buf)
		c.enc.SetEscapeHTML(false)
	}
	if len(d.parts) > 1 {
		d.event.Delta = strings.Join(d.parts, "")
	}
	c.buf.Reset()
	openNotification(&c.buf, MethodEvent)
	if err := c.enc.Encode(&d.event); err != nil {
		return nil, err
	}
	c.buf.Truncate(c.buf.Len() - 1) // the encoder's newline
	c.buf.WriteByte('}')
	return c.buf.Bytes(), nil
}
