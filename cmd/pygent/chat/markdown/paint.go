package markdown

import (
	"charm.land/lipgloss/v2"
	xansi "github.com/charmbracelet/x/ansi"
)

// look is the colour and the attributes of text.
type look uint16

const (
	strong look = 1 << iota
	emphasis
	struck
	code
	link
	faint
	heading
	comment
	literal
	number
	keyword
	added
	removed
	location
)

// run is text with one look. A newline in it ends the line.
type run struct {
	text string
	look look
}

// painter converts looks to terminal styles and caches them.
type painter struct {
	styles Styles
	made   map[look]lipgloss.Style
}

// string paints one line.
func (p *painter) string(text string, as look) string {
	if as == 0 || text == "" {
		return text
	}
	style, ok := p.made[as&^struck]
	if !ok {
		style = p.style(as)
		p.made[as&^struck] = style
	}
	text = style.Render(text)
	if as&struck != 0 { // lipgloss would style each character alone
		text = xansi.Style{}.Strikethrough(true).Styled(text)
	}
	return text
}

// style returns the style with the first colour of as and all its attributes.
func (p *painter) style(as look) lipgloss.Style {
	s, style := p.styles, lipgloss.NewStyle()
	for _, c := range []struct {
		look  look
		style lipgloss.Style
	}{
		{code, s.Code},
		{link, s.Link},
		{faint, s.Faint},
		{heading, s.Heading},
		{comment, s.Comment},
		{literal, s.String},
		{number, s.Number},
		{keyword, s.Keyword},
		{added, s.Added},
		{removed, s.Removed},
		{location, s.Location},
	} {
		if as&c.look != 0 {
			style = style.Inherit(c.style)
		}
	}
	if as&strong != 0 {
		style = style.Bold(true)
	}
	if as&emphasis != 0 {
		style = style.Italic(true)
	}
	return style
}
