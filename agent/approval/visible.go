package approval

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pygent/pygent/tools"
)

// Visible makes hidden bytes of a text visible: a character that would control a
// terminal, reorder, hide or imitate text becomes an escape such as \x1b or
// \u202e. So do a carriage return, an unusual space and a byte that is not UTF-8.
// Newlines and tabs stay. Only the display changes: the text itself runs.
func Visible(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !hidden(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// hidden reports whether a character does not show what it is: all that is not
// graphic, spaces other than the usual one, and letters and marks without a
// shape.
func hidden(r rune) bool {
	switch r {
	case '\n', '\t':
		return false
	case '\u2800': // braille blank
		return true
	}
	return !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// visiblePatches is Visible for an edit's patches.
func visiblePatches(list []tools.Patch) []tools.Patch {
	var shown []tools.Patch
	for _, p := range list {
		shown = append(shown, tools.Patch{Path: Visible(p.Path), Patch: Visible(p.Patch), Protected: p.Protected})
	}
	return shown
}
