// Package markdown renders the Markdown of a model for a terminal. Its lines fit a width
// and have no control sequences except colours.
//
// The text is untrusted. Characters that could control the terminal become visible
// escapes, raw HTML stays text, and all text is shown: link definitions are shown as
// paragraphs. The package must not know who wrote the text or where it is printed.
package markdown

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// narrow is the width in cells below which quotes, lists and tables are not indented any
// more. It bounds the effect of hostile nesting.
const narrow = 12

// Styles are the styles of the parts. A zero style changes nothing.
type Styles struct {
	Heading, Code, Link, Faint       lipgloss.Style
	Comment, String, Number, Keyword lipgloss.Style // in code
	Added, Removed, Location         lipgloss.Style // in a diff
}

// Renderer renders for one width. It is not safe for concurrent use.
type Renderer struct {
	width  int
	parser parser.Parser
	paint  *painter
}

// New makes a renderer whose lines have at most width cells.
func New(width int, styles Styles) *Renderer {
	return &Renderer{max(1, width), newParser(), &painter{styles: styles, made: map[look]lipgloss.Style{}}}
}

// newParser makes a parser of CommonMark with GitHub's extensions, but without link
// definitions: blocks are rendered alone, so a definition would not be shown.
func newParser() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithInlineParsers(append(parser.DefaultInlineParsers(),
			util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
			util.Prioritized(extension.NewStrikethroughParser(), 500),
			util.Prioritized(extension.NewLinkifyParser(), 999),
		)...),
		parser.WithParagraphTransformers(util.Prioritized(extension.NewTableParagraphTransformer(), 200)),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
	)
}

// Render returns text for the terminal, without a newline at its end. continued says that
// the text begins inside a code block whose language is already shown.
func (r *Renderer) Render(markdown string, continued bool) string {
	source := []byte(term.Safe(markdown))
	p := page{Renderer: r, source: source, continued: continued}
	return strings.Join(p.blocks(r.parser.Parse(text.NewReader(source)), r.width, false), "\n")
}

// page renders one text.
type page struct {
	*Renderer
	source    []byte
	continued bool
}

// blocks returns the lines of a node's children, with gaps between them unless tight is
// set.
func (p *page) blocks(parent ast.Node, width int, tight bool) (lines []string) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		block := p.block(n, width)
		if len(block) == 0 {
			continue
		}
		if len(lines) > 0 && !tight {
			lines = append(lines, "")
		}
		if lines == nil {
			lines = block
		} else {
			lines = append(lines, block...)
		}
	}
	return lines
}

func (p *page) block(n ast.Node, width int) []string {
	switch n := n.(type) {
	case *ast.Heading:
		if n.Level <= 2 {
			return p.flow(p.inline(n, heading|strong), width)
		}
		return p.flow(p.inline(n, heading), width)
	case *ast.Blockquote:
		return p.quote(n, width)
	case *ast.List:
		return p.list(n, width)
	case *ast.FencedCodeBlock:
		return p.code(n, string(n.Language(p.source)), width)
	case *ast.CodeBlock:
		return p.code(n, "", width)
	case *ast.HTMLBlock:
		return p.html(n, width)
	case *ast.ThematicBreak:
		return []string{p.paint.string(strings.Repeat("─", width), faint)}
	case *extast.Table:
		return p.table(n, width)
	}
	return p.flow(p.inline(n, 0), width)
}

func (p *page) quote(n *ast.Blockquote, width int) []string {
	if width < narrow {
		return p.blocks(n, width, false)
	}
	bar := p.paint.string("│", faint) + " "
	return prefix(p.blocks(n, width-2, false), bar, bar)
}

// html returns raw HTML as text.
func (p *page) html(n *ast.HTMLBlock, width int) []string {
	text := p.rows(n.Lines())
	if n.HasClosure() {
		text += string(n.ClosureLine.Value(p.source))
	}
	return p.verbatim([]run{{strings.TrimRight(expand(text), "\n"), 0}}, width)
}

// rows returns the text of a block as it is.
func (p *page) rows(lines *text.Segments) string {
	var b strings.Builder
	for i := range lines.Len() {
		line := lines.At(i)
		b.Write(line.Value(p.source))
	}
	return b.String()
}

// prefix puts first before the first line and rest before the others.
func prefix(lines []string, first, rest string) []string {
	for i, line := range lines {
		lines[i] = strings.TrimRight(first+line, " ")
		first = rest
	}
	return lines
}
