package output

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Size of the screen. Lines that scroll off it are final. Its width bounds only
// where movements lead, because text may be longer.
const (
	screenHeight = 50
	screenWidth  = 200
	tabWidth     = 8
	// longLine is the length from which a tab is one cell: a line of tabs alone
	// would take eight times its memory.
	longLine = 1 << 16
)

// cell is a place of one column: a rune, or a number below 0.
type cell int32

const (
	rest cell = -1 // the cell before, a wide character or a tab, covers this one too
	// Cells below rest are clusters, of several runes: rest-1 is the first one.
)

type line struct {
	cells  []cell
	edited bool // something was written over: blanks at the end mean nothing
}

// page is what a terminal shows, with the lines that have scrolled off.
type page struct {
	done     strings.Builder
	lines    []line
	row, col int
	saved    [2]int // row and column
}

// screen is a terminal of bounded cost.
type screen struct {
	*page
	main     *page // while a program uses the alternate screen, which leaves nothing
	clusters []string
	last     cell // the last character, which can be repeated

	blanks int  // how many cells movements may still add
	work   int  // how many cells erasing and shifting may still touch
	open   bool // no control string ends any more in the text
}

// newScreen makes a screen for a text of this length.
func newScreen(length int) *screen {
	return &screen{page: &page{lines: make([]line, 1)}, blanks: 1 << 20, work: 32*length + 1<<20, last: ' '}
}

// write executes a valid text.
func (s *screen) write(text string) {
	for len(text) > 0 {
		c := text[0]
		switch {
		case c == '\x1b':
			text = text[s.escape(text):]
		case c < ' ' || c == 0x7f:
			s.control(c)
			text = text[1:]
		case c < utf8.RuneSelf && (len(text) == 1 || text[1] < utf8.RuneSelf):
			s.put(cell(c), 1)
			text = text[1:]
		default:
			text = text[s.cluster(text):]
		}
	}
}

// cluster writes what a reader takes for one character, and returns its length.
func (s *screen) cluster(text string) int {
	if r, size := utf8.DecodeRuneInString(text); isControl(r) { // of C1
		return size
	}
	one, width := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
	r, size := utf8.DecodeRuneInString(one)
	switch {
	case width == 0: // it would hide
	case size == len(one):
		s.put(cell(r), width)
	default:
		s.clusters = append(s.clusters, one)
		s.put(rest-cell(len(s.clusters)), width)
	}
	return len(one)
}

// control executes a control character.
func (s *screen) control(c byte) {
	switch c {
	case '\n':
		s.down()
		s.col = 0
	case '\v', '\f':
		s.down()
	case '\r':
		s.col = 0
	case '\b':
		s.col = max(0, s.col-1)
	case '\t':
		s.tab()
	case 0:
		s.put('\u2400', 1) // a terminal shows nothing, and names separated by NUL would run together
	}
}

// down moves to the next line, and scrolls at the bottom.
func (s *screen) down() {
	if s.row++; s.row == len(s.lines) {
		s.lines = append(s.lines, line{})
	}
	if len(s.lines) > screenHeight {
		s.print(&s.done, s.lines[0])
		s.done.WriteByte('\n')
		s.lines = s.lines[1:]
		s.row--
	}
}

// put writes a character of width columns at the cursor.
func (s *screen) put(c cell, width int) {
	l := &s.lines[s.row]
	s.last = c
	if s.col-len(l.cells) > max(0, s.blanks) {
		s.col = len(l.cells)
	}
	if s.col < len(l.cells) {
		l.edited = true
		l.split(s.col)
		l.split(min(s.col+width, len(l.cells)))
	}
	if gap := s.col - len(l.cells); gap > 0 {
		s.blanks -= gap
		l.cells = append(l.cells, blank(gap)...)
	}
	l.set(s.col, c)
	for i := 1; i < width; i++ {
		l.set(s.col+i, rest)
	}
	s.col += width
}

// tab keeps a tab at the end of a line, and moves elsewhere.
func (s *screen) tab() {
	l := &s.lines[s.row]
	width := tabWidth - s.col%tabWidth
	switch {
	case s.col < len(l.cells) || s.col > len(l.cells) && s.blanks <= 0:
		s.move(s.row, s.col+width)
	case s.col > longLine:
		s.put('\t', 1)
	default:
		s.put('\t', width)
	}
}

// move puts the cursor at a place, as near as the screen allows.
func (s *screen) move(row, col int) {
	row = min(max(row, 0), screenHeight-1)
	for len(s.lines) <= row {
		s.lines = append(s.lines, line{})
	}
	most := len(s.lines[row].cells)
	if s.blanks > 0 {
		most = max(most, screenWidth-1)
	}
	s.row, s.col = row, min(max(col, 0), most)
}

// spend reports whether an operation may touch n more cells.
func (s *screen) spend(n int) bool {
	s.work -= n
	return s.work >= 0
}

// set sets the cell at i, which is at most one behind the end.
func (l *line) set(i int, c cell) {
	if i < len(l.cells) {
		l.cells[i] = c
	} else {
		l.cells = append(l.cells, c)
	}
}

// split makes i the beginning of a character: one that covers it and the cell
// before becomes blanks.
func (l *line) split(i int) {
	if i >= len(l.cells) || l.cells[i] != rest {
		return
	}
	from, to := i, i
	for from > 0 && l.cells[from] == rest {
		from--
	}
	for to < len(l.cells) && l.cells[to] == rest {
		to++
	}
	copy(l.cells[from:to], blank(to-from))
}

func blank(n int) []cell {
	cells := make([]cell, n)
	for i := range cells {
		cells[i] = ' '
	}
	return cells
}

// print writes a line without its end.
func (s *screen) print(b *strings.Builder, l line) {
	cells := l.cells
	for l.edited && len(cells) > 0 && cells[len(cells)-1] == ' ' {
		cells = cells[:len(cells)-1]
	}
	for _, c := range cells {
		switch {
		case c == rest:
		case c < rest:
			b.WriteString(s.clusters[rest-c-1])
		default:
			b.WriteRune(rune(c))
		}
	}
}

// String returns all that the terminal has shown and not erased.
func (s *screen) String() string {
	var b strings.Builder
	for _, p := range []*page{s.main, s.page} {
		if p == nil {
			continue
		}
		b.WriteString(p.done.String())
		for i, l := range p.lines {
			if i > 0 {
				b.WriteByte('\n')
			}
			s.print(&b, l)
		}
	}
	return b.String()
}
