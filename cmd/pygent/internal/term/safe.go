// Package term prints the output of models and commands to a terminal or a file, and
// prevents it from controlling the terminal.
package term

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Safe makes untrusted text harmless to print: control characters other than
// newline and tab, and characters that reorder or hide text, become visible
// escapes such as \x1b or \u202e. A carriage return before a newline is removed.
func Safe(s string) string {
	if !strings.ContainsFunc(s, unsafe) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\r' && strings.HasPrefix(s[i:], "\r\n"):
		case r == utf8.RuneError:
			b.WriteRune('\uFFFD')
		case !unsafe(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// unsafe reports whether r is a control character or a format character. The latter include
// the bidirectional overrides and the zero-width characters.
func unsafe(r rune) bool {
	if r == '\n' || r == '\t' {
		return false
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

// Line is Safe for text that must stay on one line, shortened to most runes.
func Line(s string, most int) string {
	s = strings.Join(strings.Fields(Safe(s)), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
