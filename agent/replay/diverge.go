package replay

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pygent/pygent/agent/event"
)

// Bounds of the text shown on either side of the first difference, in bytes.
const (
	shownBefore = 30
	shownAfter  = 60
)

// DivergenceError says where a conversation differs from the recording. It
// describes the exchange that matched longest.
type DivergenceError struct {
	File     string
	Line     int        // of the exchange that was expected; 0 when none was
	Index    int        // of the message in the request, from 0
	Role     event.Role // of the message in the request; "" when there is none
	What     string     // what differs: "content", "role", …
	Recorded string     // shortened around the first difference
	Came     string     // the same of the request's text
}

// Error implements error. It counts messages from 1, the system message included.
func (e *DivergenceError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the conversation departs from %s at message %d", e.File, e.Index+1)
	if e.Role != "" {
		fmt.Fprintf(&b, " (%s)", e.Role)
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, ", line %d", e.Line)
	}
	fmt.Fprintf(&b, ": %s", e.What)
	if e.Recorded != "" {
		fmt.Fprintf(&b, "; recorded: %s", e.Recorded)
	}
	if e.Came != "" {
		fmt.Fprintf(&b, "; came: %s", e.Came)
	}
	return b.String()
}

// maxMisses bounds the misses that a walk keeps.
const maxMisses = 100

// walk is one search. It keeps the misses at the furthest position.
type walk struct {
	player *Player
	msgs   []event.Message
	pos    int // position of the misses
	misses []miss
}

// miss is an exchange that did not match.
type miss struct {
	line     int
	what     string
	expected *message // nil when none was
}

// miss notes that at pos an exchange did not match.
func (w *walk) miss(pos, line int, what string, expected *message) {
	if len(w.misses) > 0 && pos < w.pos || len(w.misses) >= maxMisses && pos == w.pos {
		return
	}
	if pos > w.pos {
		w.pos, w.misses = pos, w.misses[:0]
	}
	w.misses = append(w.misses, miss{line, what, expected})
}

// divergence words the miss that is closest to the request.
func (w *walk) divergence() error {
	e := &DivergenceError{File: w.player.name, Index: w.pos}
	var came *event.Message
	if w.pos < len(w.msgs) {
		came = &w.msgs[w.pos]
		e.Role = came.Role
	}
	if came == nil && w.pos == 0 {
		e.What = "the request is empty"
		return e
	}
	nearest, alike := w.misses[0], -1
	for _, m := range w.misses {
		if m.expected == nil || came == nil {
			continue
		}
		recorded := m.expected.play()
		if n := common(part(m.what, &recorded), part(m.what, came)); n > alike {
			nearest, alike = m, n
		}
	}
	e.Line, e.What = nearest.line, nearest.what
	if nearest.expected != nil {
		recorded := nearest.expected.play()
		e.Recorded = shorten(part(e.What, &recorded), max(0, alike))
	}
	if came != nil {
		e.Came = shorten(part(e.What, came), max(0, alike))
	}
	switch {
	case came == nil || nearest.expected == nil: // What alone says what is wrong
	case strings.HasPrefix(e.What, "arguments"):
		e.What += " differ"
	default:
		e.What += " differs"
	}
	return e
}

// part returns the text of m that has the difference.
func part(what string, m *event.Message) string {
	var nth int
	switch {
	case what == "content":
		return m.Content
	case what == "toolCallId":
		return m.ToolCallID
	case scan(what, "name of tool call %d", &nth):
		return m.ToolCalls[nth-1].Name
	case scan(what, "arguments of tool call %d", &nth):
		return m.ToolCalls[nth-1].Arguments
	case scan(what, "id of tool call %d", &nth):
		return m.ToolCalls[nth-1].ID
	}
	text := string(m.Role) + " " + m.Content
	for _, c := range m.ToolCalls {
		text += " " + c.Name + "(" + c.Arguments + ")"
	}
	return text
}

func scan(s, format string, n *int) bool {
	_, err := fmt.Sscanf(s, format, n)
	return err == nil
}

// common returns the length of the common prefix of a and b, in whole runes.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && n < len(a) && !utf8.RuneStart(a[n]) {
		n--
	}
	return n
}

// shorten quotes s around at.
func shorten(s string, at int) string {
	from, to := max(0, at-shownBefore), min(len(s), at+shownAfter)
	for from > 0 && !utf8.RuneStart(s[from]) {
		from--
	}
	for to < len(s) && !utf8.RuneStart(s[to]) {
		to++
	}
	quoted := fmt.Sprintf("%q", s[from:to])
	if from > 0 {
		quoted = "…" + quoted
	}
	if to < len(s) {
		quoted += "…"
	}
	return quoted
}
