package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// MaxDepth is the deepest nesting that encoding/json decodes. The Scanner has no
// such limit, so that a part of a deep text can still be read.
const MaxDepth = 10_000

// Scanner reads JSON text (RFC 8259) without decoding it. It accepts exactly what
// json.Valid accepts, except that the depth is not limited: it keeps its own
// stack, one byte a level, instead of recursing.
type Scanner struct {
	b     []byte
	i     int
	stack []byte // opening brackets
	depth int    // the largest length of stack so far
}

// Scan makes a scanner at the beginning of text.
func Scan(text []byte) Scanner { return Scanner{b: text} }

// First skips white space and returns the byte after it, 0 at the end.
func (s *Scanner) First() byte {
	s.space()
	return s.peek()
}

// Depth returns the deepest nesting inside the values that Value and Members have
// read.
func (s *Scanner) Depth() int { return s.depth }

// End fails unless only white space follows.
func (s *Scanner) End() error {
	if s.space(); s.i < len(s.b) {
		return s.fail("the end of the message")
	}
	return nil
}

func (s *Scanner) fail(what string) error {
	if s.i >= len(s.b) {
		return errors.New("unexpected end of JSON")
	}
	return fmt.Errorf("invalid character %q at byte %d: expected %s", s.b[s.i], s.i, what)
}

func (s *Scanner) space() {
	for s.i < len(s.b) && isSpace(s.b[s.i]) {
		s.i++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func (s *Scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *Scanner) expect(c byte) error {
	s.space()
	if s.peek() != c {
		return s.fail(fmt.Sprintf("%q", c))
	}
	s.i++
	return nil
}

// Value reads one value and returns its text.
func (s *Scanner) Value() ([]byte, error) {
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

// begin reads a scalar or an empty container, or enters a container (opened) and
// stops before its first value.
func (s *Scanner) begin() (opened bool, err error) {
	s.space()
	switch c := s.peek(); c {
	case '{', '[':
		s.stack = append(s.stack, c)
		s.depth = max(s.depth, len(s.stack))
		s.i++
		s.space()
		if s.peek() == c+2 { // '}' and ']' are two code points after their openers
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

// after closes the containers that end here and reports whether another value
// follows.
func (s *Scanner) after() (more bool, err error) {
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

// key reads `"name" :` and returns the quoted name.
func (s *Scanner) key() ([]byte, error) {
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

func (s *Scanner) literal(word string) error {
	if !bytes.HasPrefix(s.b[s.i:], []byte(word)) {
		return s.fail("a value")
	}
	s.i += len(word)
	return nil
}

func (s *Scanner) str() error {
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

// escape skips the backslash and stops at the last byte of the escape.
func (s *Scanner) escape() error {
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

func (s *Scanner) number() error {
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

func (s *Scanner) digits() bool {
	start := s.i
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.i++
	}
	return s.i > start
}

// Members reads the object that begins here and calls fn with each member in
// turn. An error of fn ends the walk.
func (s *Scanner) Members(fn func(name string, value []byte) error) error {
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
		value, err := s.Value()
		if err != nil {
			return err
		}
		if err := fn(Unquote(quoted), value); err != nil {
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

// Elements reads the array that begins here and calls fn with each element in
// turn. An error of fn ends the walk.
func (s *Scanner) Elements(fn func(i int, value []byte) error) error {
	if err := s.expect('['); err != nil {
		return err
	}
	if s.First() == ']' {
		s.i++
		return nil
	}
	for n := 0; ; n++ {
		value, err := s.Value()
		if err != nil {
			return err
		}
		if err := fn(n, value); err != nil {
			return err
		}
		switch s.First() {
		case ',':
			s.i++
		case ']':
			s.i++
			return nil
		default:
			return s.fail("a comma or the end of the array")
		}
	}
}

// Unquote decodes a JSON string that the Scanner has accepted.
func Unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // cannot fail: the scanner has accepted it
	return s
}

// IsInteger reports whether a JSON number has neither fraction nor exponent.
func IsInteger(raw []byte) bool {
	for i, c := range raw {
		if (c < '0' || c > '9') && (c != '-' || i > 0) {
			return false
		}
	}
	return len(raw) > 0
}
