package chat

import (
	"regexp"
	"strings"
	"testing"

	xansi "github.com/charmbracelet/x/ansi"
)

func TestMarkdownIsRendered(t *testing.T) {
	m := newMarkdown(40)
	for in, want := range map[string]string{
		"**bold** and `code`":                          "bold and code",
		"## Title":                                     "Title",
		"1. one\n2. two":                               "1. one\n2. two",
		"a & b < c &amp; <b>d</b>":                     "a & b < c &amp; <b>d</b>",
		"[x](https://e.org/?a=1&b=2)":                  "x https://e.org/?a=1&b=2",
		"```go\nif a < b && c {\n}\n```":               "  if a < b && c {\n  }",
		"<div>not swallowed</div>":                     "<div>not swallowed</div>",
		"<script>alert(1)</script>":                    "<script>alert(1)</script>",
		"one two three four five six seven eight nine": "one two three four five six seven eight\nnine",
	} {
		if got := xansi.Strip(m.render(in)); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

var anyControl = regexp.MustCompile("[\x00-\x09\x0b-\x1f\x7f-\u009f\u202a-\u202e\u2066-\u2069\u200b]")

// harmless fails when rendered text holds anything but text, newlines and
// colours.
func harmless(t *testing.T, from, rendered string) {
	t.Helper()
	if bad := anyControl.FindString(allowed.ReplaceAllString(rendered, "")); bad != "" {
		t.Errorf("%q is rendered with %q: %q", from, bad, rendered)
	}
}

// hostile are texts that would control a terminal if they could.
var hostile = []string{
	"\x1b]52;c;aGk=\x07 \x1b[2J", "\u009b31m", "a\rb", "&#27;[2J &#x1b;]0;x&#7;", "&amp;#27;[2J", "&ZeroWidthSpace;&lrm;\u202e",
	"[x](https://e.org/\x1b]8;;)", "[\x1b[2J](&#27;)", "```\n&#27;[2J\x1b[2J\n```", "`&#27;`", "| \x1b |\n|---|\n| &#27; |",
	"![&#27;](x \"&#27;\")", "<b>&#27;</b>", "\ue000#27;", "&#155;31m", "1. &#27;\n\n   ```\n   \x1b\n   ```", "https://e.org/&#27;%1b",
}

func TestHostileTextStaysText(t *testing.T) {
	m := newMarkdown(60)
	for _, text := range hostile {
		harmless(t, text, m.render(text))
	}
}

func FuzzMarkdownIsHarmless(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	m := newMarkdown(60)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > maxOpenBlock {
			return
		}
		out := m.render(text)
		harmless(t, text, out)
		for line := range strings.SplitSeq(out, "\n") {
			if xansi.StringWidth(line) > 60 {
				t.Errorf("%q has a line of %d cells", text, xansi.StringWidth(line))
			}
		}
	})
}
