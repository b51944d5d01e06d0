package markdown

import (
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"

	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// escaped matches escapes: a backslash before punctuation, or an entity.
var escaped = regexp.MustCompile("\\\\[!-/:-@\\[-`{-~]|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")

// unescape replaces escapes by their characters and makes the result safe, because an
// entity can stand for a control character.
func unescape(s string) string {
	if !strings.ContainsAny(s, `\&`) {
		return s
	}
	return escaped.ReplaceAllStringFunc(s, func(found string) string {
		if found[0] == '\\' {
			return found[1:]
		}
		if c := html.UnescapeString(found); strings.Trim(c, " \t\n") != "" {
			return term.Safe(c)
		}
		return " "
	})
}

// inline returns the text below a node, in runs of one look.
func (p *page) inline(parent ast.Node, as look) (runs []run) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			runs = append(runs, run{p.text(n), as})
		case *ast.String:
			runs = append(runs, run{unescape(string(n.Value)), as})
		case *ast.CodeSpan:
			runs = append(runs, run{p.span(n), as | code})
		case *ast.Emphasis:
			how := emphasis
			if n.Level > 1 {
				how = strong
			}
			runs = append(runs, p.inline(n, as|how)...)
		case *extast.Strikethrough:
			runs = append(runs, p.inline(n, as|struck)...)
		case *ast.Link:
			runs = append(runs, p.link(p.inline(n, as|link), n.Destination, as)...)
		case *ast.Image:
			runs = append(runs, run{"image: ", as | faint})
			runs = append(runs, p.link(p.inline(n, as), n.Destination, as)...)
		case *ast.AutoLink:
			runs = append(runs, run{string(n.Label(p.source)), as | link})
		case *ast.RawHTML:
			for i := range n.Segments.Len() {
				segment := n.Segments.At(i)
				runs = append(runs, run{string(segment.Value(p.source)), as})
			}
		case *extast.TaskCheckBox: // part of the item's marker
		default:
			runs = append(runs, p.inline(n, as)...)
		}
	}
	return runs
}

func (p *page) text(n *ast.Text) string {
	text := string(n.Segment.Value(p.source))
	if !n.IsRaw() {
		text = unescape(text)
	}
	switch {
	case n.HardLineBreak():
		return text + "\n"
	case n.SoftLineBreak():
		return text + " "
	}
	return text
}

// span returns the text of inline code.
func (p *page) span(n *ast.CodeSpan) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(p.source))
		}
	}
	return strings.ReplaceAll(b.String(), "\n", " ")
}

// link returns a link's text, and its address if that differs.
func (p *page) link(label []run, address []byte, as look) []run {
	to := unescape(string(address))
	var shown strings.Builder
	for _, r := range label {
		shown.WriteString(r.text)
	}
	switch text := strings.TrimSpace(shown.String()); text {
	case to, strings.TrimPrefix(to, "mailto:"):
		return label
	case "":
		return []run{{to, as | link}}
	}
	return append(label, run{" (" + to + ")", as | faint})
}
