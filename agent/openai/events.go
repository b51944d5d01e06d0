package openai

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pygent/pygent/agent"
)

const (
	readBuffer     = 32 << 10
	maxEventBytes  = 16 << 20  // one line of the stream
	maxStreamBytes = 512 << 20 // the whole stream: a token can take half a KiB of framing
	maxStrayBytes  = 512       // kept of lines that are not events, for the error text
	drainBytes     = 64 << 10
	drainWait      = 100 * time.Millisecond
)

// eventBody normalizes a server-sent event stream: it has one `data: …` line for
// each event and nothing else. Comments, other fields, blank lines, CRs and a
// byte order mark are removed; a bare JSON line and the data of an `event: error`
// become error events. Multi-line data is not joined: no provider sends it, and
// some omit the blank line between events.
//
// An error event is written as `{ "error"`: go-openai handles `{"error"` itself,
// and loses the error when anything came before it.
type eventBody struct {
	src   *bufio.Reader
	body  io.Closer
	quiet *silence

	pending []byte // the unread part of out
	out     []byte
	long    []byte // a line that did not fit the read buffer
	total   int64
	isError bool // the event began with `event: error`
	events  bool // an event has come
	stray   []byte
	strayed int // bytes of lines that are not events
	err     error
}

func newEventBody(src *bufio.Reader, body io.Closer, quiet *silence) *eventBody {
	b := &eventBody{src: src, body: body, quiet: quiet}
	if mark, err := src.Peek(3); err == nil && string(mark) == "\uFEFF" {
		_, _ = src.Discard(3) // it was peeked, so this cannot fail
	}
	return b
}

// Read implements io.Reader.
func (b *eventBody) Read(p []byte) (int, error) {
	for len(b.pending) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		var line []byte
		line, b.err = b.line()
		if b.err == nil || lastEvent(b.err, line) {
			b.take(line)
		}
	}
	n := copy(p, b.pending)
	b.pending = b.pending[n:]
	return n, nil
}

// Close implements io.Closer.
func (b *eventBody) Close() error { return b.body.Close() }

// drain reads the rest after the last event, so that the connection can be
// reused. It is bounded in time, also for a stream that does not end.
func (b *eventBody) drain() {
	b.quiet.endIn(drainWait)
	_, _ = io.CopyN(io.Discard, b.src, drainBytes) // a failure only closes the connection
}

// strayText returns the beginning of what came in place of events, and the size
// of what came besides them. After an event the text can be a torn piece of the
// conversation, so it is not returned.
func (b *eventBody) strayText() (text string, size int) {
	if b.events {
		return "", b.strayed
	}
	return string(b.stray), b.strayed
}

// line returns the next line; with an error, what came of it before.
func (b *eventBody) line() ([]byte, error) {
	b.long = b.long[:0]
	for {
		part, err := b.src.ReadSlice('\n')
		b.total += int64(len(part))
		if b.total > maxStreamBytes || len(b.long)+len(part) > maxEventBytes {
			return nil, &agent.ProviderError{Message: fmt.Sprintf("the reply is too large: more than %d MiB in one event, or %d MiB in all", maxEventBytes>>20, maxStreamBytes>>20)}
		}
		if err == nil && len(b.long) == 0 {
			return part, nil
		}
		b.long = append(b.long, part...)
		if err == bufio.ErrBufferFull { //nolint:errorlint // documented to be returned as it is
			continue
		}
		return b.long, err
	}
}

// lastEvent reports whether the last, unterminated line of a stream is an event:
// only its line break is missing.
func lastEvent(err error, line []byte) bool {
	return errors.Is(err, io.EOF) && json.Valid(bytes.TrimPrefix(line, []byte("data:")))
}

// take converts one line to pending output, or drops it.
func (b *eventBody) take(line []byte) {
	line = bytes.TrimSpace(line)
	switch {
	case len(line) == 0:
		b.isError = false
	case line[0] == ':':
	case line[0] == '{' || line[0] == '[': // no field begins with it: an error object without framing
		b.put(line)
	default:
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch string(field) {
		case "data":
			b.put(value)
		case "event":
			b.isError = string(value) == "error"
		case "id", "retry":
		default:
			b.strayed += len(line)
			b.stray = append(b.stray, line[:min(len(line), maxStrayBytes-len(b.stray))]...)
		}
	}
}

func (b *eventBody) put(payload []byte) {
	b.events = b.events || len(payload) > 0
	const bareError = `{"error"`
	switch {
	case len(payload) == 0:
		return
	case b.isError && payload[0] == '{':
		b.out = append(append(append(b.out[:0], `data: { "error": `...), payload...), "}\n"...)
	case bytes.HasPrefix(payload, []byte(bareError)):
		b.out = append(append(append(b.out[:0], "data: { "...), payload[1:]...), '\n')
	default:
		b.out = append(append(append(b.out[:0], "data: "...), payload...), '\n')
	}
	b.pending = b.out
}
