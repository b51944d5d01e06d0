package session

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
)

// maxExport bounds an export, in bytes, because it is one message on the wire.
const maxExport = 24 << 20

// Formats of an export.
const (
	formatMarkdown = "markdown"
	formatJSON     = "json"
)

// ExportParams are the parameters of session/export.
type ExportParams struct {
	SessionID string `json:"sessionId"`
	Format    string `json:"format,omitempty" jsonschema:"markdown (default) or json"`
}

// ExportResult is a whole session as one text.
type ExportResult struct {
	Format  string `json:"format"`
	Content string `json:"content"`
}

// ExportSession serves session/export, also for a session that is not open.
// Markdown is for people: the messages and the tools that ran. JSON is
// {"session": the journal's header, "events": [Event]}.
func (s *Manager) ExportSession(ctx context.Context, p ExportParams) (ExportResult, error) {
	var to exporter
	switch p.Format {
	case "", formatMarkdown:
		p.Format, to = formatMarkdown, &markdown{}
	case formatJSON:
		to = &jsonText{}
	default:
		return ExportResult{}, &runtime.InvalidError{Field: "format", Reason: fmt.Sprintf("%q: give %q or %q", p.Format, formatMarkdown, formatJSON)}
	}
	var text string
	err := s.read(p.SessionID, func(r reading) error {
		to.begin(r.Header())
		for after, more := int64(0), true; more; {
			page, err := r.Page(after, journal.Bounds{Bytes: maxPageBytes})
			if err != nil {
				return err
			}
			for _, l := range page.Lines {
				e, _ := conversation.Decode(p.SessionID, l)
				to.event(e)
				after = l.Seq
			}
			if more = page.More; ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if to.size() > maxExport {
				return fmt.Errorf("session %s is %w for an export of at most %d bytes; read session/events", p.SessionID, runtime.ErrTooLarge, maxExport)
			}
		}
		text = to.end()
		return nil
	})
	return ExportResult{Format: p.Format, Content: text}, err
}

// exporter writes one format.
type exporter interface {
	begin(h journal.Header)
	event(e event.Event)
	size() int
	end() string
}

type jsonText struct {
	b     strings.Builder
	count int
}

func (x *jsonText) begin(h journal.Header) {
	x.b.WriteString(`{"session":`)
	x.value(h)
	x.b.WriteString(`,"events":[`)
}

func (x *jsonText) event(e event.Event) {
	if x.count++; x.count > 1 {
		x.b.WriteByte(',')
	}
	x.b.WriteByte('\n')
	x.value(e)
}

func (x *jsonText) value(v any) {
	text, err := journal.Encode(v)
	if err != nil { // plain structs always encode
		text, _ = json.Marshal(err.Error())
	}
	x.b.Write(text)
}

func (x *jsonText) size() int { return x.b.Len() }

func (x *jsonText) end() string { return x.b.String() + "\n]}\n" }
