package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
)

// version is the format that the header declares.
const version = 1

// maxFileBytes bounds a recording, which is held in memory.
const maxFileBytes = 256 << 20

// header is the optional first line.
type header struct {
	Version int    `json:"pygentReplay"`
	Model   string `json:"model,omitempty"`
	Note    string `json:"note,omitempty"`
}

// exchange is one line. after is a pointer, since 0 and absent differ.
type exchange struct {
	After     *int       `json:"after,omitempty"`
	Messages  []message  `json:"messages"`
	Reasoning string     `json:"reasoning,omitempty"`
	Reply     *reply     `json:"reply,omitempty"`
	Error     *errorLine `json:"error,omitempty"`
}

// message is an event.Message with optional parts.
type message struct {
	Role       event.Role `json:"role,omitempty"`
	Content    *string    `json:"content,omitempty"`
	ToolCalls  []toolCall `json:"toolCalls,omitempty"`
	ToolCallID string     `json:"toolCallId,omitempty"`
}

type toolCall struct {
	ID        string    `json:"id,omitempty"`
	Name      string    `json:"name"`
	Arguments arguments `json:"arguments"`
}

// arguments is JSON text, in the file as a string or as it is.
type arguments string

// UnmarshalJSON implements json.Unmarshaler.
func (a *arguments) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(a))
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return err
	}
	*a = arguments(b.String())
	return nil
}

type reply struct {
	Message message      `json:"message"`
	Usage   *event.Usage `json:"usage,omitempty"`
	Finish  string       `json:"finish,omitempty"`
}

// Kinds of a recorded error.
const (
	kindProvider = "provider"
	kindOverflow = "contextOverflow"
	kindAuth     = "authRequired"
	kindOther    = "other"
)

type errorLine struct {
	Kind              string  `json:"kind"`
	Message           string  `json:"message"`
	HTTPStatus        int     `json:"httpStatus,omitempty"`
	RetryAfterSeconds float64 `json:"retryAfterSeconds,omitempty"`
	Retryable         bool    `json:"retryable,omitempty"`
}

// recordError keeps the parts by which callers distinguish errors.
func recordError(err error) *errorLine {
	line := &errorLine{Kind: kindOther, Message: err.Error()}
	var pe *agent.ProviderError
	if errors.As(err, &pe) {
		line.Kind, line.Message = kindProvider, pe.Message
		line.HTTPStatus, line.RetryAfterSeconds, line.Retryable = pe.HTTPStatus, pe.RetryAfter.Seconds(), pe.Retryable
	}
	switch {
	case errors.Is(err, agent.ErrContextOverflow):
		line.Kind = kindOverflow
	case errors.Is(err, agent.ErrAuthRequired):
		line.Kind = kindAuth
	}
	return line
}

// play converts the line back to an error.
func (l *errorLine) play() error {
	pe := &agent.ProviderError{
		HTTPStatus: l.HTTPStatus,
		RetryAfter: time.Duration(l.RetryAfterSeconds * float64(time.Second)),
		Retryable:  l.Retryable,
		Message:    l.Message,
	}
	switch l.Kind {
	case kindProvider:
		return pe
	case kindOverflow:
		pe.Err = agent.ErrContextOverflow
		return pe
	case kindAuth:
		return &classError{message: l.Message, class: agent.ErrAuthRequired}
	}
	return errors.New(l.Message)
}

// classError has the recorded text and the class of a sentinel error.
type classError struct {
	message string
	class   error
}

func (e *classError) Error() string { return e.message }
func (e *classError) Unwrap() error { return e.class }

// decodeStrict decodes the one JSON value of a line. An unknown field is an
// error, because in a file written by hand it is a mistake.
func decodeStrict(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value in a line")
	}
	return nil
}

// check refuses an invalid exchange, and fills in the defaults.
func (e *exchange) check(line int) error {
	if len(e.Messages) == 0 {
		return errors.New(`"messages" is missing or empty`)
	}
	for i, m := range e.Messages {
		switch m.Role {
		case event.RoleSystem, event.RoleUser, event.RoleAssistant, event.RoleTool:
		default:
			return fmt.Errorf("message %d has the role %q, not system, user, assistant or tool", i+1, m.Role)
		}
	}
	switch {
	case e.Reply == nil && e.Error == nil:
		return errors.New(`neither "reply" nor "error"`)
	case e.Error != nil:
		if k := e.Error.Kind; k != kindProvider && k != kindOverflow && k != kindAuth && k != kindOther {
			return fmt.Errorf("error kind %q is not %s, %s, %s or %s", k, kindProvider, kindOverflow, kindAuth, kindOther)
		}
	}
	if e.Reply == nil {
		return nil
	}
	m := &e.Reply.Message
	if m.Role != "" && m.Role != event.RoleAssistant {
		return fmt.Errorf("the reply has the role %q, not assistant", m.Role)
	}
	m.Role = event.RoleAssistant
	if m.Content == nil {
		m.Content = new(string) // a reply is played, not matched
	}
	for i := range m.ToolCalls {
		c := &m.ToolCalls[i]
		if c.Name == "" {
			return fmt.Errorf("tool call %d has no name", i+1)
		}
		if c.ID == "" {
			c.ID = fmt.Sprintf("call_%d_%d", line, i+1)
		}
		if c.Arguments == "" {
			c.Arguments = "{}"
		}
	}
	if e.Reply.Finish == "" && e.Error == nil {
		e.Reply.Finish = agent.FinishStop
		if len(m.ToolCalls) > 0 {
			e.Reply.Finish = agent.FinishTools
		}
	}
	return nil
}

// play makes the agent's reply; it shares no memory with the recording.
func (r *reply) play() agent.Reply {
	out := agent.Reply{Message: r.Message.play(), Finish: r.Finish}
	if r.Usage != nil {
		out.Usage = *r.Usage
	}
	return out
}

func (m *message) play() event.Message {
	out := event.Message{Role: m.Role, ToolCallID: m.ToolCallID}
	if m.Content != nil {
		out.Content = *m.Content
	}
	for _, c := range m.ToolCalls {
		out.ToolCalls = append(out.ToolCalls, event.ToolCall{ID: c.ID, Name: c.Name, Arguments: string(c.Arguments)})
	}
	return out
}

// record converts m; no part of it is left out.
func record(m event.Message) message {
	out := message{Role: m.Role, Content: &m.Content, ToolCallID: m.ToolCallID}
	for _, c := range m.ToolCalls {
		out.ToolCalls = append(out.ToolCalls, toolCall{ID: c.ID, Name: c.Name, Arguments: arguments(c.Arguments)})
	}
	return out
}
