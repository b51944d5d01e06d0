package agent

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pygent/pygent/tools"
)

// visible shows text as the bytes that it is: what would control a terminal,
// reorder, hide or imitate becomes an escape such as \x1b or \u202e, also a
// carriage return, an unusual space and a byte that is no UTF-8. Newlines and
// tabs stay. What runs is the text itself.
func visible(s string) string {
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

// hidden reports what is not seen as what it is: all that is not graphic, spaces
// other than the usual one, and letters and marks without a shape.
func hidden(r rune) bool {
	switch r {
	case '\n', '\t':
		return false
	case '\u2800': // braille blank
		return true
	}
	return !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// visiblePatches is visible for all that the user is shown of an edit.
func visiblePatches(list []tools.Patch) []tools.Patch {
	var shown []tools.Patch
	for _, p := range list {
		shown = append(shown, tools.Patch{Path: visible(p.Path), Patch: visible(p.Patch)})
	}
	return shown
}
