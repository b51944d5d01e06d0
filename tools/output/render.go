package output

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// Render returns the raw output of a command as a terminal would leave it:
// progress lines, colours, cursor movements, backspaces and erasing take effect.
// Lines are as long as the program writes them. The result is valid UTF-8 without
// control characters other than newline and tab. Of binary output it says only
// what it is. Time and memory grow with the length of raw alone.
func Render(raw string) string {
	if isBinary(raw) {
		kind, _, _ := strings.Cut(http.DetectContentType([]byte(raw[:min(len(raw), 512)])), ";")
		return fmt.Sprintf("[binary output, not shown: %s, %d bytes]", kind, len(raw))
	}
	text := strings.ReplaceAll(strings.ToValidUTF8(raw, "\uFFFD"), "\r\n", "\n")
	if !strings.ContainsFunc(text, isControl) {
		return text
	}
	s := newScreen(len(text))
	s.write(text)
	return s.String()
}

// isBinary reports whether the output is no text: more than a tenth of it is
// control characters, or more than a third is not text at all. Names separated by
// NUL and words in Latin-1 are text.
func isBinary(raw string) bool {
	controls, invalid := 0, 0
	for i := 0; i < len(raw); {
		c := raw[i]
		if c < utf8.RuneSelf {
			if c < ' ' && strings.IndexByte("\a\b\t\n\v\f\r\x0e\x0f\x1b", c) < 0 {
				controls++
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(raw[i:])
		if r == utf8.RuneError && size == 1 {
			invalid++
		}
		i += size
	}
	return controls*10 > len(raw) || (controls+invalid)*3 > len(raw)
}

// isControl reports whether r is a control character that is not part of plain
// text.
func isControl(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0
}
