package markdown

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"charm.land/lipgloss/v2"
	xansi "github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func colours() Styles {
	c := func(n string) lipgloss.Style { return lipgloss.NewStyle().Foreground(lipgloss.Color(n)) }
	return Styles{
		Heading: c("6"), Code: c("3"), Link: c("4"), Faint: lipgloss.NewStyle().Faint(true),
		Comment: c("8"), String: c("2"), Number: c("5"), Keyword: c("4"), Added: c("2"), Removed: c("1"), Location: c("6"),
	}
}

// TestGolden renders every .md file of testdata at two widths. The golden files
// have no colours.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.md")
	if err != nil || len(files) == 0 {
		t.Fatal("no files in testdata", err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, width := range map[string]int{"narrow": 32, "wide": 72} {
			got := xansi.Strip(New(width, colours()).Render(string(source), false)) + "\n"
			golden := strings.TrimSuffix(file, "md") + name
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("%s (-want +got):\n%s", golden, d)
			}
		}
	}
}

func TestRender(t *testing.T) {
	for in, want := range map[string]string{
		"**bold** and `code`":                          "bold and code",
		"a & b < c &lt; &amp;lt; \\*d\\* `&lt;`":       "a & b < c < &lt; *d* &lt;",
		"[x](https://e.org/?a=1&b=2)":                  "x (https://e.org/?a=1&b=2)",
		"[https://e.org](https://e.org) <m@e.org>":     "https://e.org m@e.org",
		"[](x) ![y](z)":                                "x image: y (z)",
		"[1]: https://e.org\n[2]: https://e.com":       "[1]: https://e.org [2]: https://e.com",
		"<div>\n  **not** swallowed\n</div>":           "<div>\n  **not** swallowed\n</div>",
		"a <b>c</b> <!-- d --> ~~e~~":                  "a <b>c</b> <!-- d --> e",
		"one two three four five six seven eight nine": "one two three four five six seven eight\nnine",
		"日本語のテキストは空白がなくても折り返される":                       "日本語のテキストは空白がなくても折り返さ\nれる",
		strings.Repeat("x", 50):                        strings.Repeat("x", 40) + "\n" + strings.Repeat("x", 10),
		"a  \nb":                                       "a\nb",
		"```go\nif a < b {\n\tc\n}\n```":               "  go\n  if a < b {\n      c\n  }",
		"\ta\tb\n\tc":                                  "  a   b\n  c",
		"- [x] done\n- [ ] open":                       "[x] done\n[ ] open",
		"9. a\n10. b":                                  " 9. a\n10. b",
		"-\n- b":                                       "•\n• b",
		"":                                             "",
	} {
		if got := xansi.Strip(New(40, colours()).Render(in, false)); got != want {
			t.Errorf("%q is shown as\n%s\nwant\n%s", in, got, want)
		}
	}
	if got := New(40, Styles{}).Render("```go\na\n```", true); got != "  a" {
		t.Errorf("a continued block is shown as %q", got)
	}
}

func TestColours(t *testing.T) {
	for in, want := range map[string]string{
		"**a** *b* ~~c~~":               "\x1b[1ma\x1b[m \x1b[3mb\x1b[m \x1b[9mc\x1b[m",
		"# A":                           "\x1b[1;36mA\x1b[m",
		"`a`":                           "\x1b[33ma\x1b[m",
		"```go\n// a\nif \"b\\\"\" 1\n": "  \x1b[2mgo\x1b[m\n  \x1b[90m// a\x1b[m\n  \x1b[34mif\x1b[m \x1b[32m\"b\\\"\"\x1b[m \x1b[35m1\x1b[m",
		"```sh\necho ${#a} # b's\n":     "  \x1b[2msh\x1b[m\n  echo ${#a} \x1b[90m# b's\x1b[m",
		"```diff\n+a\n-b\n":             "  \x1b[2mdiff\x1b[m\n  \x1b[32m+a\x1b[m\n  \x1b[31m-b\x1b[m",
	} {
		if got := New(40, colours()).Render(in, false); got != want {
			t.Errorf("%q is shown as\n%q, want\n%q", in, got, want)
		}
	}
}

var (
	colour     = regexp.MustCompile("\x1b\\[[0-9;]*m")
	anyControl = regexp.MustCompile("[\x00-\x09\x0b-\x1f\x7f-\u009f\u202a-\u202e\u2066-\u2069\u200b]")
)

// hostile are texts that try to control a terminal.
var hostile = []string{
	"\x1b]52;c;aGk=\x07 \x1b[2J", "\u009b31m", "a\rb", "&#27;[2J &#x1b;]0;x&#7;", "&amp;#27;[2J", "&ZeroWidthSpace;&lrm;\u202e",
	"[x](https://e.org/\x1b]8;;)", "[\x1b[2J](&#27;)", "```\n&#27;[2J\x1b[2J\n```", "```\x1b[2J\t\n```", "`&#27;`", "| \x1b |\n|---|\n| &#27; |",
	"![&#27;](x \"&#27;\")", "<b>&#27;</b>", "&#155;31m", "1. &#27;\n\n   ```\n   \x1b\n   ```", "https://e.org/&#27;%1b", "&#10;&NewLine;&Tab;", "a&Tab;b",
}

// check fails if rendered text has anything except text, newlines and colours, or a line that
// is too long.
func check(t *testing.T, from, rendered string, width int) {
	t.Helper()
	if bad := anyControl.FindString(colour.ReplaceAllString(rendered, "")); bad != "" {
		t.Errorf("%q is rendered with %q: %q", from, bad, rendered)
	}
	for line := range strings.SplitSeq(rendered, "\n") {
		if w := xansi.StringWidth(line); w > max(2, width) {
			t.Errorf("%q has a line of %d cells at %d: %q", from, w, width, line)
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	for _, text := range append(hostile, "88888888)", "```go\tx\n```") {
		for _, width := range []int{1, 2, 11, 60} {
			check(t, text, New(width, colours()).Render(text, false), width)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, 60)
	}
	sources, _ := filepath.Glob("testdata/*.md")
	for _, file := range sources {
		if source, err := os.ReadFile(file); err == nil {
			f.Add(string(source), 20)
		}
	}
	f.Fuzz(func(t *testing.T, text string, width int) {
		if len(text) > 4096 || width < 1 || width > 200 {
			return
		}
		check(t, text, New(width, colours()).Render(text, false), width)
	})
}

// deep are texts that are expensive for a careless renderer.
var deep = map[string]string{
	"quotes":   strings.Repeat(">", 4000),
	"lines":    strings.Repeat(strings.Repeat(">", 60)+"\n", 70),
	"lists":    strings.Repeat("- ", 2000) + "x",
	"steps":    steps(),
	"links":    strings.Repeat("[", 4000),
	"pairs":    strings.Repeat("[a](", 1000),
	"emphasis": strings.Repeat("*a _b ", 700),
	"stars":    strings.Repeat("*", 4000) + "a",
	"ticks":    ticks(),
	"columns":  strings.Repeat("|a", 1000) + "|\n" + strings.Repeat("|-", 1000) + "|\n",
	"quoted":   "```go\n" + strings.Repeat("`\\", 2000),
	"html":     strings.Repeat("<a ", 1300),
}

func steps() string {
	var b strings.Builder
	for i := range 85 {
		b.WriteString(strings.Repeat(" ", i) + "- a\n")
	}
	return b.String()
}

func ticks() string {
	var b strings.Builder
	for i := range 85 {
		b.WriteString(strings.Repeat("`", i) + " ")
	}
	return b.String()
}

func TestDeepNestingIsBounded(t *testing.T) {
	for name, text := range deep {
		got := New(60, colours()).Render(text, false)
		check(t, name, got, 60)
		if strings.TrimSpace(got) == "" && name != "quotes" && name != "lines" {
			t.Errorf("%s: nothing is left", name)
		}
	}
}

// BenchmarkRender renders a block of the maximal length, and the worst of the deep texts.
// Each frame renders such a block once while it streams.
func BenchmarkRender(b *testing.B) {
	texts := map[string]string{"usual": strings.Repeat("Some **words** of a model, and `code`, with a [link](https://e.org) ", 60)}
	for name, text := range deep {
		texts[name] = text
	}
	for name, text := range texts {
		b.Run(name, func(b *testing.B) {
			r := New(80, colours())
			b.ReportAllocs()
			for b.Loop() {
				r.Render(text, false)
			}
		})
	}
}
