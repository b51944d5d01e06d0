package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
)

const (
	maxMergedBytes = 64 << 10 // the longest text of a merged delta
	deltaOverhead  = 512      // counted for a queued delta in addition to its text
	partOverhead   = 16       // counted for each merged part
)

// Delta is a notification with a piece of a longer text. It is encoded when it is
// written; until then the texts of deltas that continue it are appended to its own,
// up to 64 KiB.
type Delta struct {
	Method string
	Params any     // a pointer to what is encoded
	Text   *string // the text in Params
}

// queuedDelta is a delta in the queue.
type queuedDelta struct {
	Delta
	parts []string // its own text and the merged ones; nil before the first merge
	text  int      // bytes of text in total
	size  int      // its share of the queue's bytes
}

// delta queues a delta as soon as there is space, or appends the text to the last
// queued message.
func (o *outbox) delta(ctx context.Context, text string, continues func(params any) bool, fresh func() Delta) error {
	if err := o.wait(ctx, MaxQueued); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := len(o.queue); n > 0 && !o.closed && o.err == nil {
		if d := o.queue[n-1].delta; d != nil && d.text+len(text) <= maxMergedBytes && continues(d.Params) {
			if d.parts == nil {
				d.parts = []string{*d.Text}
			}
			d.parts = append(d.parts, text)
			d.text += len(text)
			d.size += len(text) + partOverhead
			o.bytes += len(text) + partOverhead
			return nil
		}
	}
	d := &queuedDelta{Delta: fresh(), text: len(text), size: len(text) + deltaOverhead}
	return o.add(queued{delta: d}, d.size)
}

// deltaEncoder encodes deltas into one buffer, which the next call reuses.
type deltaEncoder struct {
	buf bytes.Buffer
	enc *json.Encoder
}

// encode returns the message, valid until the next call.
func (c *deltaEncoder) encode(d *queuedDelta) ([]byte, error) {
	if c.enc == nil {
		c.enc = json.NewEncoder(&c.buf)
		c.enc.SetEscapeHTML(false)
	}
	if d.parts != nil {
		*d.Text = strings.Join(d.parts, "")
	}
	c.buf.Reset()
	openNotification(&c.buf, d.Method)
	if err := c.enc.Encode(d.Params); err != nil {
		return nil, err
	}
	c.buf.Truncate(c.buf.Len() - 1) // the encoder's newline
	c.buf.WriteByte('}')
	return c.buf.Bytes(), nil
}
