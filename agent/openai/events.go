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
	maxStreamBytes = 512 << 20 // all of them: a token can cost half a KiB of framing
	maxStrayBytes  = 512       // kept of lines that are no events, for the error text
	drainBytes     = 64 << 10
	drainWait      = 100 * time.Millisecond
)

// eventBody hands on a server-sent event stream with one `data: …` line for
// each event and nothing else. Comments, other fields, blank lines, CRs and a
// byte order mark go; a bare JSON line and the data of an `event: error` become
// error events. Multi-line data is not joined: no provider sends it, and some
// leave out the blank line between events.
//
// An error event is written as `{ "error"`: go-openai would take `{"error"`
// for itself, and then loses it when anything came before.
type eventBody struct {
	src   *bufio.Reader
	body  io.Closer
	quiet *silence

	pending []byte // of out, not read yet
	out     []byte
	long    []byte // a line that did not fit the read buffer
	total   int64
	isError bool // the event began with `event: error`
	events  bool // there were some
	stray   []byte
	strayed int // bytes of lines that are no events
	err     error
}

func newEventBody(src *bufio.Reader, body io.Closer, quiet *silence) *eventBody {
	b := &eventBody{src: src, body: body, quiet: quiet}
	if mark, err := src.Peek(3); err == nil && string(mark) == "\uFEFF" {
		_, _ = src.Discard(3) // it was peeked, so it is there
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

// drain reads what is left behind the last event, so that the connection can
// be used again. It waits only briefly, also for one that goes on and on.
func (b *eventBody) drain() {
	b.quiet.endIn(drainWait)
	_, _ = io.CopyN(io.Discard, b.src, drainBytes) // on failure the connection is closed, no more
}

// strayText is the beginning of what came in the place of events, and the size
// of what came besides them. Once there was an event, text can be a torn piece
// of the conversation and is not told.
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

// lastEvent reports whether a line that the end of the stream cut short is an
// event nevertheless: only its line break was left out.
func lastEvent(err error, line []byte) bool {
	return errors.Is(err, io.EOF) && json.Valid(bytes.TrimPrefix(line, []byte("data:")))
}

// take turns one line into pending output, or into nothing.
func (b *eventBody) take(line []byte) {
	line = bytes.TrimSpace(line)
	switch {
	case len(line) == 0:
		b.isError = false
	case line[0] == ':':
	case line[0] == '{' || line[0] == '[': // no field begins so: an error object without framing
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
