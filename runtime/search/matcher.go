package search

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// expression is what Grep looks for in each line.
type expression struct {
	re      *regexp.Regexp
	literal []byte  // every match contains it; nil for none
	folded  *folded // likewise, in any letter case
	whole   bool    // literal is all that is looked for
	program *program
	across  bool // it can only match across a line end, and so never does

	notRE2 error // why the pattern is searched literally, nil where it is not
}

// newExpression reads a pattern. One that is no RE2 is taken literally.
func newExpression(pattern string, ignoreCase bool) (*expression, error) {
	switch {
	case pattern == "":
		return nil, fmt.Errorf("is empty")
	case len(pattern) > maxPattern:
		return nil, fmt.Errorf("is longer than %d bytes", maxPattern)
	}
	e := &expression{}
	flags := syntax.Perl
	if ignoreCase {
		flags |= syntax.FoldCase
	}
	parsed, err := syntax.Parse(pattern, flags)
	if err != nil {
		e.notRE2 = err
		pattern = regexp.QuoteMeta(strings.ToValidUTF8(pattern, "\uFFFD"))
		if parsed, err = syntax.Parse(pattern, flags); err != nil {
			return nil, err
		}
	}
	needed := required(parsed)
	if strings.ContainsRune(needed.text, utf8.RuneError) { // it also matches an invalid byte
		needed = need{}
	}
	e.across = strings.Contains(needed.text, "\n")
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	if len(prog.Inst) > maxProgram {
		return nil, fmt.Errorf("is too large: its repetitions stand for more than %d steps", maxProgram)
	}
	if ignoreCase {
		pattern = "(?i)" + pattern
	}
	if e.re, err = regexp.Compile(pattern); err != nil {
		return nil, err
	}
	text := needed.longest()
	e.whole = needed.whole && !needed.fold && text != ""
	switch {
	case !e.whole && len(text) < 3: // it is in most lines
	case needed.fold:
		e.folded = newFolded(text)
	default:
		e.literal = []byte(text)
	}
	if !e.whole {
		e.program = newProgram(prog)
	}
	return e, nil
}

// matcher finds the lines that an expression matches. It is for one goroutine.
type matcher struct {
	*expression
	auto *automaton   // nil where there is none
	stop *atomic.Bool // set when the search ends: what is found then is no result
}

func newMatcher(e *expression, stop *atomic.Bool) *matcher {
	m := &matcher{expression: e, stop: stop}
	if e.program != nil {
		m.auto = newAutomaton(e.program)
	}
	return m
}

// next returns the first matching line at or after the line that begins at from. data
// ends with a line. end is where the line ends, without "\n".
func (m *matcher) next(data []byte, from int) (begin, end int, ok bool) {
	for from < len(data) && !m.across && !m.stop.Load() {
		at := m.candidate(data[from:])
		if at < 0 {
			return 0, 0, false
		}
		at += from
		begin = max(from, bytes.LastIndexByte(data[from:at], '\n')+1+from)
		end = len(data)
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			end = at + i
		}
		if m.confirm(data[begin:end]) {
			return begin, end, true
		}
		from = end + 1
	}
	return 0, 0, false
}

// candidate returns a place in the first line of data that may match, -1 for none.
func (m *matcher) candidate(data []byte) int {
	switch {
	case m.literal != nil:
		return bytes.Index(data, m.literal)
	case m.folded != nil:
		return m.folded.index(data)
	case m.auto != nil:
		if at := m.auto.find(data); !m.auto.given {
			return at
		}
		m.auto = nil // it would only cost time
	}
	return 0
}

// confirm reports whether a candidate matches.
func (m *matcher) confirm(line []byte) bool {
	if m.whole {
		return true
	}
	if (m.literal != nil || m.folded != nil) && m.auto != nil {
		at := m.auto.find(line)
		switch {
		case m.auto.given:
			m.auto = nil
		case at < 0:
			return false
		}
	}
	if m.auto != nil && !m.unsure(line) {
		return true
	}
	if m.match(line) {
		return true
	}
	rest, cr := bytes.CutSuffix(line, []byte("\r"))
	return cr && m.match(rest)
}

// unsure reports whether the automaton can be wrong about a line that it accepts.
func (m *matcher) unsure(line []byte) bool {
	p := m.program
	return p.boundaries || p.ends && bytes.IndexByte(line, '\r') >= 0 || p.wide && !isASCII(line)
}

// match runs the expression. On a long line it can be stopped.
func (m *matcher) match(line []byte) bool {
	if len(line) <= matchBytes {
		return m.re.Match(line)
	}
	return m.re.MatchReader(&runes{r: bytes.NewReader(line), stop: m.stop}) && !m.stop.Load()
}

func isASCII(line []byte) bool {
	for _, c := range line {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
