package edit

import (
	"slices"
	"strings"
)

// splitLines cuts text after each line end. The last line may have none.
func splitLines(text string) []string {
	return slices.AppendSeq(make([]string, 0, strings.Count(text, "\n")+1), strings.Lines(text))
}

// cutEnd separates a line from its line end: "\r\n", "\n" or "".
func cutEnd(line string) (body, end string) {
	switch {
	case strings.HasSuffix(line, "\r\n"):
		return line[:len(line)-2], "\r\n"
	case strings.HasSuffix(line, "\n"):
		return line[:len(line)-1], "\n"
	}
	return line, ""
}

// cutIndent separates a line from the spaces and tabs that it begins with.
func cutIndent(line string) (indent, rest string) {
	rest = strings.TrimLeft(line, " \t")
	return line[:len(line)-len(rest)], rest
}

func isBlank(line string) bool { return strings.TrimSpace(line) == "" }

// lineAt returns the number, from 1, of the line that offset is in.
func lineAt(text string, offset int) int { return 1 + strings.Count(text[:offset], "\n") }

// startsLine reports whether a line of text begins at offset.
func startsLine(text string, offset int) bool { return offset == 0 || text[offset-1] == '\n' }

// endsLine reports whether a line of text ends at offset.
func endsLine(text string, offset int) bool { return offset == len(text) || text[offset] == '\n' }

// lineEnds says which line ends a text has.
type lineEnds struct {
	one   string // that of all lines, or "" if there are none
	mixed bool   // both LF and CRLF
}

func (e lineEnds) crlf() bool { return e.mixed || e.one == "\r\n" }

func (e lineEnds) all(end string) bool { return !e.mixed && e.one == end }

func endsOf(text string) lineEnds {
	lines, crlf := strings.Count(text, "\n"), 0
	if strings.IndexByte(text, '\r') >= 0 {
		for i := 0; i < len(text); i++ {
			next := strings.IndexByte(text[i:], '\n')
			if next < 0 {
				break
			}
			if i += next; i > 0 && text[i-1] == '\r' {
				crlf++
			}
		}
	}
	switch {
	case lines == 0:
		return lineEnds{}
	case crlf == 0:
		return lineEnds{one: "\n"}
	}
	return lineEnds{one: "\r\n", mixed: crlf < lines}
}
