package output

import (
	"slices"
	"strings"
)

// escape executes the escape sequence that text begins with, and returns its
// length. What is no sequence of a terminal is left out.
func (s *screen) escape(text string) int {
	if len(text) < 2 {
		return 1
	}
	switch c := text[1]; c {
	case '[':
		return s.sequence(text)
	case ']', 'P', 'X', '^', '_': // a title, a link, a picture
		return s.str(text)
	case '7':
		s.saved = [2]int{s.row, s.col}
	case '8':
		s.move(s.saved[0], s.saved[1])
	case 'D':
		s.down()
	case 'E':
		s.down()
		s.col = 0
	case 'M':
		s.move(s.row-1, s.col)
	case 'c':
		s.eraseScreen(2)
		s.move(0, 0)
	case ' ', '#', '%', '(', ')', '*', '+': // of a character set: one more byte
		return min(3, len(text))
	case '\x1b':
		return 1
	default:
		if c < ' ' || c > '~' {
			return 1
		}
	}
	return 2
}

// str skips a control string. One without an end is no control string.
func (s *screen) str(text string) int {
	if s.open {
		return 2
	}
	end := strings.IndexAny(text[2:], "\a\x1b\x18\x1a")
	switch {
	case end < 0:
		s.open = true
		return 2
	case strings.HasPrefix(text[2+end:], "\x1b\\"):
		return 2 + end + 2
	case text[2+end] == '\x1b': // another sequence ends it
		return 2 + end
	}
	return 2 + end + 1
}

// sequence executes a control sequence: ESC [, numbers, a letter.
func (s *screen) sequence(text string) int {
	const most = 64 // bytes; longer ones do nothing here
	i := 2
	for i < len(text) && text[i] >= 0x20 && text[i] <= 0x3f {
		i++
	}
	if i == len(text) || text[i] < 0x40 || text[i] > 0x7e {
		return i // it is cut
	}
	if i <= most {
		s.execute(text[i], text[2:i])
	}
	return i + 1
}

// numbers reads the numbers of a sequence. A missing one is 0.
func numbers(text string) []int {
	var all []int
	for field := range strings.SplitSeq(text, ";") {
		n := 0
		for _, c := range field {
			if c < '0' || c > '9' {
				break
			}
			n = min(n*10+int(c-'0'), 1<<20)
		}
		all = append(all, n)
	}
	return all
}

// execute executes a control sequence by its letter.
func (s *screen) execute(letter byte, text string) {
	if strings.HasPrefix(text, "?") {
		s.mode(letter, numbers(text[1:]))
		return
	}
	if strings.ContainsAny(text, "<=>! \"$'*") {
		return
	}
	args := append(numbers(text), 0)
	n := max(args[0], 1)
	switch letter {
	case 'A':
		s.move(s.row-n, s.col)
	case 'B', 'e':
		s.move(s.row+n, s.col)
	case 'C', 'a':
		s.move(s.row, s.col+n)
	case 'D':
		s.move(s.row, s.col-n)
	case 'E':
		s.move(s.row+n, 0)
	case 'F':
		s.move(s.row-n, 0)
	case 'G', '`':
		s.move(s.row, n-1)
	case 'd':
		s.move(n-1, s.col)
	case 'H', 'f':
		s.move(n-1, max(args[1], 1)-1)
	case 's':
		s.saved = [2]int{s.row, s.col}
	case 'u':
		s.move(s.saved[0], s.saved[1])
	case 'b':
		for ; n > 0 && s.blanks > 0 && s.last > rest; n-- {
			s.blanks--
			s.put(s.last, 1)
		}
	default:
		s.change(letter, n, args[0])
	}
}

// change executes a sequence that erases or shifts. first is the first number, n
// the same where at least 1 is meant.
func (s *screen) change(letter byte, n, first int) {
	l := &s.lines[s.row]
	end := len(l.cells)
	col := min(s.col, end)
	last := min(col+min(n, end), end) // the column after n ones
	touched := screenHeight
	switch {
	case letter == 'X':
		touched += last - col
	case (letter == 'K' || letter == 'J') && first == 1:
		touched += col
	case letter == 'P' || letter == '@':
		touched += end - col
	}
	if !s.spend(touched) {
		return
	}
	switch letter {
	case 'J':
		s.eraseScreen(first)
	case 'K':
		l.erase(s.col, first)
	case 'X':
		l.clear(col, last)
	case 'P':
		l.clear(col, last)
		l.cells = slices.Delete(l.cells, col, last)
	case '@':
		if n = min(n, screenWidth); col < end && s.blanks > 0 {
			s.blanks -= n
			l.split(col)
			l.cells, l.edited = slices.Insert(l.cells, col, blank(n)...), true
		}
	case 'L':
		s.lines = slices.Insert(s.lines, s.row, make([]line, min(n, screenHeight-s.row))...)
		s.lines = s.lines[:min(len(s.lines), screenHeight)]
	case 'M':
		s.lines = slices.Delete(s.lines, s.row, s.row+min(n, len(s.lines)-s.row))
		s.move(s.row, s.col)
	}
}

// erase erases the end of a line from a column on, its beginning, or all of it.
func (l *line) erase(col, which int) {
	switch which {
	case 0:
		if col < len(l.cells) {
			l.split(col)
			l.cells, l.edited = l.cells[:col], true
		}
	case 1:
		l.clear(0, min(col+1, len(l.cells)))
	case 2:
		*l = line{}
	}
}

// clear makes the columns blank.
func (l *line) clear(from, to int) {
	if from < to {
		l.split(from)
		l.split(to)
		copy(l.cells[from:to], blank(to-from))
		l.edited = true
	}
}

// eraseScreen erases the screen from the cursor on, before it, or all of it. Lines
// that have scrolled off stay.
func (s *screen) eraseScreen(which int) {
	switch which {
	case 0:
		s.lines[s.row].erase(s.col, 0)
		s.lines = s.lines[:s.row+1]
	case 1:
		clear(s.lines[:s.row])
		s.lines[s.row].erase(s.col, 1)
	case 2:
		s.lines = make([]line, s.row+1)
	}
}

// mode switches to the alternate screen and back. Other modes change nothing that
// stays.
func (s *screen) mode(letter byte, modes []int) {
	if !slices.ContainsFunc(modes, func(m int) bool { return m == 47 || m == 1047 || m == 1049 }) {
		return
	}
	switch {
	case letter == 'h' && s.main == nil:
		s.main, s.page = s.page, &page{lines: make([]line, 1)}
	case letter == 'l' && s.main != nil:
		s.page, s.main = s.main, nil
	}
}
