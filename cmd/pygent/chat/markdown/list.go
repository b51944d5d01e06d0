package markdown

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// list indents each item by the width of its marker.
func (p *page) list(n *ast.List, width int) (lines []string) {
	number, digits := n.Start, len(fmt.Sprint(n.Start+n.ChildCount()-1))
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		box, marker := checkbox(item), ""
		if n.IsOrdered() {
			marker = fmt.Sprintf("%*d%c ", digits, number, n.Marker)
			number++
		} else if box == "" {
			marker = "• "
		}
		marker += box
		if len(lines) > 0 && !n.IsTight {
			lines = append(lines, "")
		}
		lines = append(lines, p.item(item, marker, width, n.IsTight)...)
	}
	return lines
}

func (p *page) item(item ast.Node, marker string, width int, tight bool) []string {
	in := strings.Repeat(" ", len([]rune(marker)))
	if width-len(in) < narrow {
		in = ""
	}
	if c := item.FirstChild(); in == "" && c != nil && c.Kind() == ast.KindList {
		return p.blocks(item, width, tight) // too narrow for further nesting
	}
	body := p.blocks(item, width-len(in), tight)
	if len(body) == 0 {
		return p.flow([]run{{marker, 0}}, width)
	}
	if in == "" {
		return append(p.flow([]run{{marker, 0}}, width), body...)
	}
	return prefix(body, marker, in)
}

// checkbox returns the checkbox of a task item, "" for other items.
func checkbox(item ast.Node) string {
	if item.FirstChild() == nil || item.FirstChild().FirstChild() == nil {
		return ""
	}
	box, ok := item.FirstChild().FirstChild().(*extast.TaskCheckBox)
	switch {
	case !ok:
		return ""
	case box.IsChecked:
		return "[x] "
	}
	return "[ ] "
}
