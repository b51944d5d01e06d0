package markdown

import (
	"strings"

	extast "github.com/yuin/goldmark/extension/ast"
)

// leastColumn is the width in cells below which a table is shown row by row.
const leastColumn = 5

// between is the width of the separator between two columns.
const between = len(" | ")

// table draws a table that fits the width. It narrows the widest columns and wraps their
// cells.
func (p *page) table(n *extast.Table, width int) []string {
	var rows [][][]run
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		as := look(0)
		if len(rows) == 0 {
			as = strong
		}
		var cells [][]run
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, p.inline(cell, as))
		}
		rows = append(rows, cells)
	}
	columns := len(rows[0])
	room := width - (columns-1)*between
	if room < columns*leastColumn {
		return p.records(rows, width)
	}
	return p.grid(rows, n.Alignments, room)
}

// grid draws rows whose columns have room cells in total.
func (p *page) grid(rows [][][]run, alignments []extast.Alignment, room int) (lines []string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row[:min(len(row), len(widths))] {
			for _, l := range p.fit(cell, 1<<16) {
				widths[i] = max(widths[i], l.width)
			}
		}
	}
	broken := share(widths, room)
	rule := p.rule(widths)
	for at, row := range rows {
		cells, height := make([][]line, len(widths)), 1
		for i := range cells {
			if i < len(row) {
				cells[i] = p.fit(row[i], widths[i])
			}
			height = max(height, len(cells[i]))
		}
		for y := range height {
			var b strings.Builder
			for i, cell := range cells {
				var l line
				if y < len(cell) {
					l = cell[y]
				}
				if i > 0 {
					b.WriteString(" " + p.paint.string("│", faint) + " ")
				}
				left, right := pad(alignments[i], widths[i]-l.width)
				b.WriteString(left + l.text + right)
			}
			lines = append(lines, strings.TrimRight(b.String(), " "))
		}
		if at == 0 || broken && at < len(rows)-1 {
			lines = append(lines, rule)
		}
	}
	return lines
}

func (p *page) rule(widths []int) string {
	parts := make([]string, len(widths))
	for i, w := range widths {
		parts[i] = strings.Repeat("─", w)
	}
	return p.paint.string(strings.Join(parts, "─┼─"), faint)
}

// share narrows the widest columns until all fit, and reports whether it had to.
func share(widths []int, room int) bool {
	sum := 0
	for i := range widths {
		widths[i] = max(1, widths[i])
		sum += widths[i]
	}
	if sum <= room {
		return false
	}
	// A column keeps its width if that is at most an even share of the remaining width.
	left, open := room, len(widths)
	for again := true; again; {
		again = false
		even := left / open
		for i, w := range widths {
			if w > 0 && w <= even {
				widths[i], left, open, again = -w, left-w, open-1, true
				break
			}
		}
	}
	for i, w := range widths {
		if w < 0 {
			widths[i] = -w
			continue
		}
		widths[i] = left / open
		left, open = left-widths[i], open-1
	}
	return true
}

func pad(a extast.Alignment, n int) (left, right string) {
	n = max(0, n)
	switch a {
	case extast.AlignRight:
		return strings.Repeat(" ", n), ""
	case extast.AlignCenter:
		return strings.Repeat(" ", n/2), strings.Repeat(" ", n-n/2)
	case extast.AlignLeft, extast.AlignNone:
	}
	return "", strings.Repeat(" ", n)
}

// records shows a table that is too wide for columns: each row alone, with the names of
// its columns.
func (p *page) records(rows [][][]run, width int) (lines []string) {
	for at, row := range rows[1:] {
		if at > 0 {
			lines = append(lines, "")
		}
		for i, cell := range row {
			var name []run
			if i < len(rows[0]) {
				name = append(name, rows[0][i]...)
				name = append(name, run{": ", 0})
			}
			lines = append(lines, p.flow(append(name, cell...), width)...)
		}
	}
	if len(lines) == 0 {
		for _, cell := range rows[0] {
			lines = append(lines, p.flow(cell, width)...)
		}
	}
	return lines
}
