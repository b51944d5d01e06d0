package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// maxDepth is the deepest nesting that encoding/json decodes. The scanner
// below has no such limit, so that a deep message still gets an answer with
// its own id.
const maxDepth = 10_000

// scanner walks over JSON text (RFC 8259) without decoding it. It accepts
// exactly what json.Valid accepts, but for the depth: it keeps its own stack,
// one byte a level, instead of recursing.
type scanner struct {
	b     []byte
	i     int
	stack []byte // opening brackets
	depth int    // the deepest that stack has been
}

func (s *scanner) fail(what string) error {
	if s.i >= len(s.b) {
		return errors.New("unexpected end of JSON")
	}
	return fmt.Errorf("invalid character %q at byte %d: expected %s", s.b[s.i], s.i, what)
}

func (s *scanner) space() {
	for s.i < len(s.b) && isSpace(s.b[s.i]) {
		s.i++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *scanner) expect(c byte) error {
	s.space()
	if s.peek() != c {
		return s.fail(fmt.Sprintf("%q", c))
	}
	s.i++
	return nil
}

// value passes over one value and returns its text.
func (s *scanner) value() ([]byte, error) {
	s.space()
	start := s.i
	s.stack = s.stack[:0]
	for {
		opened, err := s.begin()
		if err != nil {
			return nil, err
		}
		if opened {
			continue
		}
		more, err := s.after()
		if err != nil {
			return nil, err
		}
		if !more {
			return s.b[start:s.i], nil
		}
	}
}

// begin passes over a scalar or an empty container, or enters a container
// (opened) and stops before its first value.
func (s *scanner) begin() (opened bool, err error) {
	s.space()
	switch c := s.peek(); c {
	case '{', '[':
		s.stack = append(s.stack, c)
		s.depth = max(s.depth, len(s.stack))
		s.i++
		s.space()
		if s.peek() == c+2 { // '}' and ']' stand two behind their openers
			s.stack = s.stack[:len(s.stack)-1]
			s.i++
			return false, nil
		}
		if c == '{' {
			_, err = s.key()
		}
		return true, err
	case '"':
		return false, s.str()
	case 't':
		return false, s.literal("true")
	case 'f':
		return false, s.literal("false")
	case 'n':
		return false, s.literal("null")
	default:
		return false, s.number()
	}
}

// after closes what ends here and reports whether another value follows.
func (s *scanner) after() (more bool, err error) {
	for len(s.stack) > 0 {
		top := s.stack[len(s.stack)-1]
		s.space()
		switch s.peek() {
		case ',':
			s.i++
			if top == '{' {
				_, err = s.key()
			}
			return true, err
		case top + 2:
			s.stack = s.stack[:len(s.stack)-1]
			s.i++
		default:
			return false, s.fail("a comma or the end of the object or array")
		}
	}
	return false, nil
}

// key passes over `"name" :` and returns the quoted name.
func (s *scanner) key() ([]byte, error) {
	s.space()
	start := s.i
	if s.peek() != '"' {
		return nil, s.fail("a field name in quotes")
	}
	if err := s.str(); err != nil {
		return nil, err
	}
	name := s.b[start:s.i]
	return name, s.expect(':')
}

func (s *scanner) literal(word string) error {
	if !bytes.HasPrefix(s.b[s.i:], []byte(word)) {
		return s.fail("a value")
	}
	s.i += len(word)
	return nil
}

func (s *scanner) str() error {
	for s.i++; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return nil
		case c < ' ':
			return s.fail("no control character in a string")
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		}
	}
	return s.fail("")
}

// escape passes over the backslash and stops at the last byte of the escape.
func (s *scanner) escape() error {
	s.i++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
		for range 4 {
			s.i++
			c := s.peek()
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return s.fail("a hexadecimal digit")
			}
		}
		return nil
	default:
		return s.fail("an escape")
	}
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.i++
	}
	if s.peek() == '0' {
		s.i++
	} else if !s.digits() {
		return s.fail("a value")
	}
	if s.peek() == '.' {
		s.i++
		if !s.digits() {
			return s.fail("a digit")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.i++
		if c := s.peek(); c == '+' || c == '-' {
			s.i++
		}
		if !s.digits() {
			return s.fail("a digit")
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	start := s.i
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.i++
	}
	return s.i > start
}

// members passes over the object that begins here and calls fn with each
// member in turn. An error of fn ends the walk.
func (s *scanner) members(fn func(name string, value []byte) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	if s.space(); s.peek() == '}' {
		s.i++
		return nil
	}
	for {
		quoted, err := s.key()
		if err != nil {
			return err
		}
		value, err := s.value()
		if err != nil {
			return err
		}
		if err := fn(unquote(quoted), value); err != nil {
			return err
		}
		s.space()
		switch s.peek() {
		case ',':
			s.i++
		case '}':
			s.i++
			return nil
		default:
			return s.fail("a comma or the end of the object")
		}
	}
}

// unquote decodes a JSON string that the scanner has accepted.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // cannot fail: the scanner has accepted it
	return s
}
