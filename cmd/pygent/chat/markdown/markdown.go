// Package markdown renders the Markdown of a model for a terminal: lines that fit
// a width, and no control sequence in them but colours.
//
// The text is a stranger's. Characters that could control the terminal become
// visible escapes, raw HTML stays text, and nothing that was written vanishes:
// definitions of links are shown like any paragraph. The package must not know
// who wrote the text, nor where it is printed.
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

// narrow is the width in cells below which quotes, lists and tables are no longer
// set in: it bounds what hostile nesting can do.
const narrow = 12

// Styles are the colours of the parts; zero values have none.
type Styles struct {
	Heading, Code, Link, Faint       lipgloss.Style
	Comment, String, Number, Keyword lipgloss.Style // in code
	Added, Removed, Location         lipgloss.Style // in a diff
}

// Renderer renders for one width. It is not for several goroutines at once.
type Renderer struct {
	width  int
	parser parser.Parser
	paint  *painter
}

// New is a renderer whose lines have at most width cells.
func New(width int, styles Styles) *Renderer {
	return &Renderer{max(1, width), newParser(), &painter{styles: styles, made: map[look]lipgloss.Style{}}}
}

// newParser reads CommonMark and GitHub's extensions, but for definitions of
// links: they stand in another block than what refers to them, and would vanish.
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

// Render is text for the terminal, without a newline at its end. continued says
// that the text begins within a code block whose language was named before.
func (r *Renderer) Render(markdown string, continued bool) string {
	source := []byte(term.Safe(markdown))
	p := page{Renderer: r, source: source, continued: continued}
	return strings.Join(p.blocks(r.parser.Parse(text.NewReader(source)), r.width, false), "\n")
}

// page is one text that is rendered.
type page struct {
	*Renderer
	source    []byte
	continued bool
}

// blocks are the lines of a node's children, with gaps between them unless they
// stand tight.
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

// html is raw HTML as it was written.
func (p *page) html(n *ast.HTMLBlock, width int) []string {
	text := p.rows(n.Lines())
	if n.HasClosure() {
		text += string(n.ClosureLine.Value(p.source))
	}
	return p.verbatim([]run{{strings.TrimRight(expand(text), "\n"), 0}}, width)
}

// rows is the text of a block that is taken as it is.
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
