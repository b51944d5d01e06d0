package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/pygent/pygent/agent"
)

// trailGrace bounds the wait, after a complete reply, for the usage figures, the
// [DONE] and the end of the response, which should follow at once.
const trailGrace = 2 * time.Second

// errBadEvent replaces a decoder's error, which can quote the event.
var errBadEvent = errors.New("malformed event")

// errSilent is the cause of a request's context that the idle timeout has ended.
var errSilent = errors.New("the endpoint is silent")

// call is one Chat, with all its attempts.
type call struct {
	model    string
	wire     goopenai.ChatCompletionRequest
	messages int // in the conversation: makes generated call ids unique in it
}

// attempt sends c once and relays the stream.
func (m *Model) attempt(parent context.Context, c call, emit func(agent.Delta)) (agent.Reply, error) {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	quiet := newSilence(m.idle, func() { cancel(errSilent) })
	defer quiet.stop()

	d := &doer{model: m, name: c.model, quiet: quiet}
	stream, err := m.open(ctx, c, d)
	if err != nil {
		return agent.Reply{}, m.failure(parent, ctx, err)
	}
	defer d.body.Close() //nolint:errcheck // reading: a close error does not matter

	a := assembler{emit: emit}
	err = m.relay(stream, &a, quiet)
	if a.finish == "" || (!errors.Is(err, io.EOF) && parent.Err() != nil) {
		return a.partial(), m.failure(parent, ctx, m.cut(err, d.body))
	}
	d.body.drain()
	return a.reply(c.messages), nil
}

// open sends the request. When an endpoint does not know stream_options, it sends
// the request again without them, at once.
func (m *Model) open(ctx context.Context, c call, d *doer) (*goopenai.ChatCompletionStream, error) {
	config := goopenai.DefaultConfig(m.key)
	config.BaseURL = m.base
	config.HTTPClient = d
	config.EmptyMessagesLimit = math.MaxInt32 // the doer's stream has no empty lines, and its own bounds
	client := goopenai.NewClientWithConfig(config)

	if m.noUsage.Load() {
		c.wire.StreamOptions = nil
	}
	stream, err := client.CreateChatCompletionStream(ctx, c.wire)
	if c.wire.StreamOptions != nil && refusesStreamOptions(err) {
		m.log.Info("the endpoint refuses stream_options: token usage will be missing")
		m.noUsage.Store(true)
		c.wire.StreamOptions = nil
		stream, err = client.CreateChatCompletionStream(ctx, c.wire)
	}
	return stream, err
}

// relay feeds a until the stream ends. It never returns nil; io.EOF is the
// regular end.
func (m *Model) relay(stream *goopenai.ChatCompletionStream, a *assembler, quiet *silence) error {
	for {
		raw, err := stream.RecvRaw()
		if err != nil {
			return err
		}
		if err := m.feed(raw, a); err != nil {
			return err
		}
		if a.finish != "" {
			quiet.endIn(trailGrace)
		}
	}
}

// feed decodes one event into a.
func (m *Model) feed(raw []byte, a *assembler) error {
	var c chunk
	err := json.Unmarshal(raw, &c)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return m.feedLoose(raw, a)
	}
	if err != nil {
		return &agent.ProviderError{Retryable: true, Message: fmt.Sprintf("%s sent an event that is not JSON: %s", m.base, place(raw, err)), Err: errBadEvent}
	}
	if c.failed() {
		a.finish = "" // a reply that ends with an error is not complete
		return m.eventError(raw, c.Error)
	}
	return add(a, &c, m.base)
}

// feedLoose decodes an event whose fields have other types than OpenAI's.
func (m *Model) feedLoose(raw []byte, a *assembler) error {
	var c looseChunk
	err := json.Unmarshal(raw, &c)
	var mismatch *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &mismatch) { // a mismatch only leaves its field empty
		return &agent.ProviderError{Message: fmt.Sprintf("%s sent an event that cannot be read: %s", m.base, place(raw, err)), Err: errBadEvent}
	}
	if c.failed() {
		a.finish = "" // a reply that ends with an error is not complete
		return m.eventError(raw, c.Error)
	}
	return add(a, &c, m.base)
}

// place says where an event is malformed without quoting it, because it can be
// part of the conversation, and so can the decoder's error.
func place(raw []byte, err error) string {
	text := fmt.Sprintf("%d bytes", len(raw))
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		text += fmt.Sprintf(", wrong at byte %d", syntax.Offset)
	}
	return text
}

// cut returns the reason why a stream ended without a finish reason.
func (m *Model) cut(err error, body *eventBody) error {
	var pe *agent.ProviderError
	switch {
	case errors.As(err, &pe):
		return err
	case errors.Is(err, io.EOF): // not io.ErrUnexpectedEOF
		message := m.base + " ended the stream without a finish_reason"
		switch stray, size := body.strayText(); {
		case stray != "":
			message += "; it sent no event, but: " + m.excerpt([]byte(stray))
		case size > 0:
			message += fmt.Sprintf("; besides events it sent %d bytes", size)
		}
		return &agent.ProviderError{Retryable: true, Message: message, Err: io.ErrUnexpectedEOF}
	default:
		return err
	}
}

// failure converts an error to one of the Model's contract.
func (m *Model) failure(parent, ctx context.Context, err error) error {
	if deadline, ok := parent.Deadline(); ok && !time.Now().Before(deadline) {
		<-parent.Done() // a dialer checks the deadline itself, and can be a moment early
	}
	if parent.Err() != nil {
		return context.Cause(parent)
	}
	if errors.Is(context.Cause(ctx), errSilent) {
		return &agent.ProviderError{Retryable: true, Message: fmt.Sprintf("%s sent nothing for %s", m.base, m.idle), Err: errSilent}
	}
	var pe *agent.ProviderError
	if errors.As(err, &pe) {
		return err
	}
	return m.connectionError(err)
}
