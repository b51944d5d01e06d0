package chat

import (
	"strings"

	xansi "github.com/charmbracelet/x/ansi"

	"github.com/pygent/pygent/cmd/pygent/chat/markdown"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// paper is the layout of text: its width in cells, and its colours.
type paper struct {
	theme
	width    int
	renderer *markdown.Renderer
}

func newPaper(width int, t theme) *paper {
	return &paper{t, width, markdown.New(width, t.markdown())}
}

// markdown renders the Markdown of a model. continued says that a piece continues the one
// before.
func (p *paper) markdown(text string, continued bool) string {
	return p.renderer.Render(text, continued)
}

// plain makes untrusted text safe to print, with tabs as spaces.
func plain(s string) string { return strings.ReplaceAll(term.Safe(s), "\t", "    ") }

// wrap breaks lines that are longer than width, between words if possible.
func wrap(s string, width int) string {
	if width < 1 {
		return s
	}
	return xansi.Wrap(s, width, "")
}

// short makes untrusted text safe and shortens it to one line of at most width cells.
func short(s string, width int) string {
	return xansi.Truncate(term.Line(s, width), width, "…")
}

// cut breaks lines exactly at width.
func cut(s string, width int) string {
	if width < 1 {
		return s
	}
	return xansi.Hardwrap(s, width, true)
}
