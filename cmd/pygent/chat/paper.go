package chat

import (
	"strings"

	xansi "github.com/charmbracelet/x/ansi"

	"github.com/pygent/pygent/cmd/pygent/chat/markdown"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// paper is what text is set on: its width in cells, and its colours.
type paper struct {
	theme
	width    int
	renderer *markdown.Renderer
}

func newPaper(width int, t theme) *paper {
	return &paper{t, width, markdown.New(width, t.markdown())}
}

// markdown sets the Markdown of a model; continued says that a piece goes on with
// the one before.
func (p *paper) markdown(text string, continued bool) string {
	return p.renderer.Render(text, continued)
}

// plain is untrusted text as it can be shown, tabs as spaces.
func plain(s string) string { return strings.ReplaceAll(term.Safe(s), "\t", "    ") }

// wrap breaks lines that are longer than width, between words where there are
// any.
func wrap(s string, width int) string {
	if width < 1 {
		return s
	}
	return xansi.Wrap(s, width, "")
}

// short is untrusted text in one line of at most width cells.
func short(s string, width int) string {
	return xansi.Truncate(term.Line(s, width), width, "…")
}

// cut breaks lines that are longer than width wherever that is.
func cut(s string, width int) string {
	if width < 1 {
		return s
	}
	return xansi.Hardwrap(s, width, true)
}
