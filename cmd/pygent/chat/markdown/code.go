package markdown

import (
	"strings"

	"github.com/yuin/goldmark/ast"

	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// tab is the distance of tab stops in code, in cells.
const tab = 4

// code renders a code block, indented below the name of its language.
func (p *page) code(n ast.Node, language string, width int) (lines []string) {
	in := "  "
	if width < narrow {
		in = ""
	}
	text := strings.TrimRight(expand(p.rows(n.Lines())), "\n")
	if language != "" && (!p.continued || n.PreviousSibling() != nil || n.Parent().Kind() != ast.KindDocument) {
		lines = p.flow([]run{{term.Line(language, 40), faint}}, width-len(in))
	}
	if text != "" {
		language = strings.ToLower(language)
		runs := syntaxOf(language).coloured(text)
		if language == "diff" || language == "patch" {
			runs = diff(text)
		}
		lines = append(lines, p.verbatim(runs, width-len(in))...)
	}
	return prefix(lines, in, in)
}

// expand replaces tabs by spaces.
func expand(text string) string {
	if !strings.Contains(text, "\t") {
		return text
	}
	var b strings.Builder
	column := 0
	for text != "" {
		char, w := first(text)
		text = text[len(char):]
		switch char {
		case "\n":
			column, w = 0, 0
		case "\t":
			w = tab - column%tab
			char = strings.Repeat(" ", w)
		}
		column += w
		b.WriteString(char)
	}
	return b.String()
}

// diff colours a unified diff.
func diff(text string) (runs []run) {
	for line := range strings.Lines(text) {
		as := look(0)
		switch {
		case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "diff "):
			as = strong
		case strings.HasPrefix(line, "+"):
			as = added
		case strings.HasPrefix(line, "-"):
			as = removed
		case strings.HasPrefix(line, "@@"):
			as = location
		}
		runs = append(runs, run{line, as})
	}
	return runs
}
