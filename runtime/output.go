package runtime

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// DefaultOutputBytes is how much of a command's output is kept: half of it from
// the beginning, half from the end.
const DefaultOutputBytes = 64 << 10

// Output keeps the head and the tail of what is written to it and counts all of
// it. Its memory is bounded by the limit; a Write costs its own length. It is
// not safe for concurrent use.
type Output struct {
	half  int
	head  []byte
	tail  []byte // a ring buffer once it is full
	start int    // of the ring buffer
	total int64
}

// NewOutput returns an Output that keeps limit bytes; 0 means
// DefaultOutputBytes.
func NewOutput(limit int) *Output {
	if limit <= 0 {
		limit = DefaultOutputBytes
	}
	return &Output{half: max(limit/2, 1)}
}

// Write never fails.
func (o *Output) Write(p []byte) (int, error) {
	n := len(p)
	o.total += int64(n)
	if room := o.half - len(o.head); room > 0 {
		k := min(room, len(p))
		o.head = append(o.head, p[:k]...)
		p = p[k:]
	}
	if len(p) > o.half {
		p = p[len(p)-o.half:]
	}
	if room := o.half - len(o.tail); room > 0 {
		k := min(room, len(p))
		o.tail = append(o.tail, p[:k]...)
		p = p[k:]
	}
	for len(p) > 0 {
		k := copy(o.tail[o.start:], p)
		p = p[k:]
		o.start = (o.start + k) % o.half
	}
	return n, nil
}

// Total is the number of bytes written.
func (o *Output) Total() int64 { return o.total }

// Truncated reports whether bytes were lost between head and tail.
func (o *Output) Truncated() bool { return o.total > int64(len(o.head)+len(o.tail)) }

// String returns the kept output as valid UTF-8: invalid bytes become U+FFFD,
// all others stay, control bytes included. A line [… N bytes omitted …] marks
// where bytes were lost; no rune is cut there.
func (o *Output) String() string {
	tail := append(append(make([]byte, 0, len(o.tail)), o.tail[o.start:]...), o.tail[:o.start]...)
	if !o.Truncated() {
		return valid(string(o.head) + string(tail))
	}
	head := o.head[:len(o.head)-incomplete(o.head)]
	for i := 0; i < utf8.UTFMax-1 && len(tail) > 0 && !utf8.RuneStart(tail[0]); i++ {
		tail = tail[1:]
	}
	lost := o.total - int64(len(head)+len(tail))
	return endLine(valid(string(head))) + fmt.Sprintf("[… %d bytes omitted …]\n", lost) + valid(string(tail))
}

// valid replaces what is not UTF-8.
func valid(s string) string { return strings.ToValidUTF8(s, string(utf8.RuneError)) }

// endLine ends text with a newline, unless it is empty.
func endLine(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

// incomplete returns the number of bytes at the end of p that begin an
// incomplete rune.
func incomplete(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if b := p[len(p)-n]; utf8.RuneStart(b) {
			if b >= utf8.RuneSelf && !utf8.FullRune(p[len(p)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}
