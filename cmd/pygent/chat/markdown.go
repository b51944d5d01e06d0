package chat

import (
	"regexp"
	"strings"

	"charm.land/glamour/v2"
	"charm.land/glamour/v2/ansi"
	xansi "github.com/charmbracelet/x/ansi"

	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// Stand-ins for characters that Markdown would make something of that is not to
// be seen: HTML would vanish, and an entity can stand for a control character.
const (
	standInAmp = "\ue000"
	standInLT  = "\ue001"
)

var (
	hide = strings.NewReplacer("&", standInAmp, "<", standInLT, standInAmp, "?", standInLT, "?")
	show = strings.NewReplacer(standInAmp, "&", standInLT, "<", "%EE%80%80", "&", "%EE%80%81", "<")
	// allowed are the control sequences of our own styles: colours and the like.
	allowed = regexp.MustCompile("\x1b\\[[0-9;]*m")
	links   = regexp.MustCompile("\x1b\\]8;[^\x07\x1b]*(\x07|\x1b\\\\)")
)

// markdown renders Markdown of a model for a width. The colours are the
// terminal's own sixteen, which its user has chosen for its background.
type markdown struct {
	width    int
	renderer *glamour.TermRenderer // nil shows text as it is
}

func newMarkdown(width int) *markdown {
	r, err := glamour.NewTermRenderer(glamour.WithStyles(styles()), glamour.WithWordWrap(width), glamour.WithChromaFormatter("terminal16"), glamour.WithInlineTableLinks(true))
	if err != nil { // the style is a constant: only a fault of the program
		panic(err)
	}
	return &markdown{width, r}
}

// render returns lines that are no longer than the width and hold no control
// sequence but colours.
func (m *markdown) render(text string) string {
	safe := plain(text)
	source := safe
	if !fenceLine.MatchString(firstLine(safe)) {
		source = hide.Replace(safe)
	}
	out, err := m.renderer.Render(source)
	if err != nil {
		return wrap(safe, m.width)
	}
	return wrap(trim(colours(show.Replace(out))), m.width)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// plain is untrusted text as it can be shown, tabs as spaces.
func plain(s string) string { return strings.ReplaceAll(term.Safe(s), "\t", "    ") }

// colours lets nothing but text and colours through.
func colours(s string) string {
	s = links.ReplaceAllString(s, "")
	var b strings.Builder
	last := 0
	for _, at := range allowed.FindAllStringIndex(s, -1) {
		b.WriteString(plain(s[last:at[0]]))
		b.WriteString(s[at[0]:at[1]])
		last = at[1]
	}
	b.WriteString(plain(s[last:]))
	return b.String()
}

// trailing is the padding that the renderer gives lines.
var trailing = regexp.MustCompile("(?m)( |\x1b\\[0?m)+$")

// trim takes padding and empty lines away from around a block.
func trim(s string) string {
	lines := strings.Split(trailing.ReplaceAllString(s, "\x1b[m"), "\n")
	empty := func(line string) bool { return strings.TrimSpace(xansi.Strip(line)) == "" }
	for len(lines) > 0 && empty(lines[0]) {
		lines = lines[1:]
	}
	for len(lines) > 0 && empty(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n") + "\x1b[m"
}

// wrap breaks lines that are longer than width.
func wrap(s string, width int) string {
	if width < 1 {
		return s
	}
	return xansi.Hardwrap(s, width, true)
}

// styles is how Markdown looks.
func styles() ansi.StyleConfig {
	yes := true
	str := func(s string) *string { return &s }
	num := func(n uint) *uint { return &n }
	colour := func(c string) ansi.StylePrimitive { return ansi.StylePrimitive{Color: str(c)} }
	heading := ansi.StyleBlock{StylePrimitive: ansi.StylePrimitive{Bold: &yes, Color: str("6")}}
	return ansi.StyleConfig{
		BlockQuote: ansi.StyleBlock{StylePrimitive: ansi.StylePrimitive{Faint: &yes}, Indent: num(1), IndentToken: str("│ ")},
		List:       ansi.StyleList{LevelIndent: 2},
		Heading:    heading,
		H1:         heading, H2: heading, H3: heading, H4: heading, H5: heading, H6: heading,
		Strikethrough:  ansi.StylePrimitive{CrossedOut: &yes},
		Emph:           ansi.StylePrimitive{Italic: &yes},
		Strong:         ansi.StylePrimitive{Bold: &yes},
		HorizontalRule: ansi.StylePrimitive{Faint: &yes, Format: "\n────────\n"},
		Item:           ansi.StylePrimitive{BlockPrefix: "• "},
		Enumeration:    ansi.StylePrimitive{BlockPrefix: ". "},
		Task:           ansi.StyleTask{Ticked: "[x] ", Unticked: "[ ] "},
		Link:           ansi.StylePrimitive{Underline: &yes, Color: str("4")},
		LinkText:       ansi.StylePrimitive{Bold: &yes},
		Image:          ansi.StylePrimitive{Underline: &yes, Color: str("4")},
		ImageText:      ansi.StylePrimitive{Format: "image: {{.text}} →"},
		Code:           ansi.StyleBlock{StylePrimitive: colour("3")},
		CodeBlock: ansi.StyleCodeBlock{
			StyleBlock: ansi.StyleBlock{Margin: num(2)},
			Chroma: &ansi.Chroma{
				Comment: colour("#555555"), CommentPreproc: colour("#555555"),
				Keyword: colour("#0000ff"), KeywordReserved: colour("#0000ff"), KeywordNamespace: colour("#0000ff"), KeywordType: colour("#007f7f"),
				NameFunction: colour("#007f7f"), NameBuiltin: colour("#007f7f"), NameTag: colour("#0000ff"),
				LiteralNumber: colour("#7f007f"), LiteralString: colour("#007f00"), LiteralStringEscape: colour("#7f7f00"),
				GenericDeleted: colour("#7f0000"), GenericInserted: colour("#007f00"),
			},
		},
		Table:                 ansi.StyleTable{CenterSeparator: str("┼"), ColumnSeparator: str("│"), RowSeparator: str("─")},
		DefinitionDescription: ansi.StylePrimitive{BlockPrefix: "\n  "},
	}
}
