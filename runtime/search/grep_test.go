package search

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

// grepped returns the result of a Grep that must not fail as "path:line: text", with "-"
// for context.
func grepped(t *testing.T, ws *runtime.Workspace, opts GrepOptions) (lines []string, res GrepResult) {
	t.Helper()
	res, err := Grep(t.Context(), ws, opts)
	must(t, err)
	for _, f := range res.Files {
		for _, l := range f.Lines {
			mark := map[bool]string{true: ":", false: "-"}[l.Match]
			lines = append(lines, fmt.Sprintf("%s%s%d%s %s", f.Path, mark, l.Number, mark, l.Text))
		}
	}
	return lines, res
}

func TestGrep(t *testing.T) {
	everySystem(t, func(t *testing.T) {
		ws := tree(t, map[string]string{
			"a.go":          "package a\n\nfunc Foo() {}\n",
			"a-b/x.go":      "// foo here\r\n// and\r\nfoo\r\n",
			"a/x.go":        "foo\nbar\nbaz\nqux\nfoo bar\n",
			"a/y.txt":       "no end foo",
			"bin":           "foo\x00foo\n",
			"late":          strings.Repeat("x\n", 5000) + "\x00foo\n",
			"bom":           "\uFEFFfoo\n",
			"latin1":        "caf\xe9 foo\n",
			".hidden/f":     "foo\n",
			".git/HEAD":     "foo\n",
			".gitignore":    "/ignored/\n*.log\n!keep.log\n",
			"ignored/f":     "foo\n",
			"x.log":         "foo\n",
			"keep.log":      "foo\n",
			"empty":         "",
			"wide":          "\xff\xfew\x00i\x00\n\x00d\x00\xe4\x00\r\x00\n\x00e\x00",
			"wide-other":    "\xfe\xff\x00w\x00d\x00\xe4",
			"umlaut":        "größe\nstraße\n",
			"cr":            "a\rb\n",
			"sub/deep/z.go": "foo\n",
		})
		for name, tt := range map[string]struct {
			opts GrepOptions
			want []string
		}{
			"all, in path order": {
				GrepOptions{Pattern: "foo"},
				[]string{
					".hidden/f:1: foo", "a-b/x.go:1: // foo here", "a-b/x.go:3: foo", "a/x.go:1: foo", "a/x.go:5: foo bar", "a/y.txt:1: no end foo",
					"bom:1: foo", "keep.log:1: foo", "late:5001: \uFFFDfoo", "latin1:1: caf\uFFFD foo", "sub/deep/z.go:1: foo",
				},
			},
			"names":              {GrepOptions{Pattern: "(?i)foo", Glob: "*.go"}, []string{"a-b/x.go:1: // foo here", "a-b/x.go:3: foo", "a.go:3: func Foo() {}", "a/x.go:1: foo", "a/x.go:5: foo bar", "sub/deep/z.go:1: foo"}},
			"paths":              {GrepOptions{Pattern: "foo", Glob: "sub/**/*.go"}, []string{"sub/deep/z.go:1: foo"}},
			"paths from path":    {GrepOptions{Pattern: "foo", Path: "sub", Glob: "deep/*.go"}, []string{"sub/deep/z.go:1: foo"}},
			"paths from the top": {GrepOptions{Pattern: "foo", Path: "sub", Glob: "sub/**/*.go"}, []string{"sub/deep/z.go:1: foo"}},
			"a file":             {GrepOptions{Pattern: "^foo$", Path: "a-b/x.go"}, []string{"a-b/x.go:3: foo"}},
			"an ignored file":    {GrepOptions{Pattern: "foo", Path: "x.log"}, []string{"x.log:1: foo"}},
			"an ignored path":    {GrepOptions{Pattern: "foo", Path: "ignored"}, []string{"ignored/f:1: foo"}},
			"named in the glob":  {GrepOptions{Pattern: "foo", Glob: "x.log"}, []string{"x.log:1: foo"}},
			"letter case":        {GrepOptions{Pattern: "FUNC foo", IgnoreCase: true}, []string{"a.go:3: func Foo() {}"}},
			"beyond ASCII":       {GrepOptions{Pattern: "GRÖ(ß|ss)E", IgnoreCase: true}, []string{"umlaut:1: größe"}},
			"one character":      {GrepOptions{Pattern: "^gr.{2}e$"}, []string{"umlaut:1: größe"}},
			"no three":           {GrepOptions{Pattern: "^gr.{3}e$"}, nil},
			"invalid bytes":      {GrepOptions{Pattern: "caf. foo"}, []string{"latin1:1: caf\uFFFD foo"}},
			"UTF-16":             {GrepOptions{Pattern: "dä$", Context: 1}, []string{"wide-1- wi", "wide:2: dä", "wide-3- e", "wide-other:1: wdä"}},
			"a carriage return":  {GrepOptions{Pattern: `\r`, Path: "cr"}, []string{"cr:1: a\rb"}},
			"CRLF by its return": {GrepOptions{Pattern: `^foo\r$`}, []string{"a-b/x.go:3: foo"}},
			"a return is no end": {GrepOptions{Pattern: "a$", Path: "cr"}, nil},
			"the first line":     {GrepOptions{Pattern: "^foo", Path: "bom"}, []string{"bom:1: foo"}},
			"context": {
				GrepOptions{Pattern: "bar", Path: "a/x.go", Context: 1},
				[]string{"a/x.go-1- foo", "a/x.go:2: bar", "a/x.go-3- baz", "a/x.go-4- qux", "a/x.go:5: foo bar"},
			},
			"context at the ends":  {GrepOptions{Pattern: "foo", Path: "a/y.txt", Context: 10}, []string{"a/y.txt:1: no end foo"}},
			"no line spans two":    {GrepOptions{Pattern: `foo\s+bar`, Path: "a"}, []string{"a/x.go:5: foo bar"}},
			"nor a negated class":  {GrepOptions{Pattern: `foo[^x]bar`, Path: "a"}, []string{"a/x.go:5: foo bar"}},
			"empty lines":          {GrepOptions{Pattern: "^$", Glob: "*.go"}, []string{"a.go:2: "}},
			"everything":           {GrepOptions{Pattern: "x*", Path: "a"}, []string{"a/x.go:1: foo", "a/x.go:2: bar", "a/x.go:3: baz", "a/x.go:4: qux", "a/x.go:5: foo bar", "a/y.txt:1: no end foo"}},
			"the limit":            {GrepOptions{Pattern: "foo", Path: "a", Limit: 2}, []string{"a/x.go:1: foo", "a/x.go:5: foo bar"}},
			"the limit, in a file": {GrepOptions{Pattern: "foo", Path: "a", Limit: 1, Context: 1}, []string{"a/x.go:1: foo", "a/x.go-2- bar"}},
			"no RE2":               {GrepOptions{Pattern: "Foo(", IgnoreCase: true}, []string{"a.go:3: func Foo() {}"}},
			"no RE2, look-ahead":   {GrepOptions{Pattern: "foo(?=bar)"}, nil},
		} {
			lines, _ := grepped(t, ws, tt.opts)
			if diff := cmp.Diff(tt.want, lines); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

func TestGrepCounts(t *testing.T) {
	files := map[string]string{}
	for i := range 300 {
		files[fmt.Sprintf("d%d/f%03d", i%7, i)] = strings.Repeat("some needle\nnothing\n", 1+i%5)
	}
	ws := tree(t, files)
	total := 0
	for _, text := range files {
		total += strings.Count(text, "needle")
	}
	for _, limit := range []int{1, 2, 100, 500, 899, 900, 901, 100_000} {
		lines, res := grepped(t, ws, GrepOptions{Pattern: "needle", Limit: limit})
		if len(lines) != min(limit, total) || res.More.Matches != total-len(lines) || !slices.IsSortedFunc(res.Files, func(a, b FileMatches) int { return strings.Compare(a.Path, b.Path) }) {
			t.Errorf("limit %d: %d lines and %+v of %d", limit, len(lines), res.More, total)
		}
		rest := 0 // files that have a match which is not shown
		for _, f := range res.Files {
			if f.Matches > len(f.Lines) {
				rest++
			}
		}
		if rest += 300 - len(res.Files); res.More.Files != rest {
			t.Errorf("limit %d: %+v, but %d files have more", limit, res.More, rest)
		}
	}
	_, res := grepped(t, ws, GrepOptions{Pattern: "needle", FilesOnly: true, Limit: 10})
	if len(res.Files) != 10 || res.More.Files != 290 || res.Files[0].Path != "d0/f000" || res.Files[0].Lines != nil {
		t.Errorf("files only: %d, %+v", len(res.Files), res.More)
	}
}

// TestGrepAgreesWithRegexp: lines are found as package regexp finds them, whatever way an
// expression takes here.
func TestGrepAgreesWithRegexp(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	atoms := []string{"a", "b", "ab", "foo", "BaR_1", "(?i:bar)_1", "(?i:foo)Ä", "(?i:ta)Ä(?i:foo)", "task", "_1foo", ".", "[ab]", "[^a]", `\w`, `\s`, `\d+`, "ä", "[ä-ü]", "(a|foo)", "(?:b|)", "^", "$", `\b`, `\B`, "x*", "b+", "a?", "[a-c]{2}", "(foo){1,2}", "K", "(?i:k)", "é", `\pL`, `\A`, `\z`, "(?m:^)", "-", "\uFFFD", `[^\x00-\x7f]`, `\r`}
	pieces := []string{"a", "b", "foo", "FoO", "FOOÄ", "bAr_1", "Task", "ta\u017fk", "tas\u212a", " ", "ä", "ü", "é", "K", "k", "\u212a", "1", "-", "x", "\xe9", "\xff\xc3", "日本", "\r", "\t", "c", "_"}
	for range 3000 {
		var pattern strings.Builder
		for range 1 + r.IntN(4) {
			pattern.WriteString(atoms[r.IntN(len(atoms))])
		}
		flags, fold := "", r.IntN(3) == 0
		if fold {
			flags = "(?i)"
		}
		re, err := regexp.Compile(flags + pattern.String())
		if err != nil {
			continue
		}
		var text strings.Builder
		for range r.IntN(12) {
			for range r.IntN(8) {
				text.WriteString(pieces[r.IntN(len(pieces))])
			}
			text.WriteString([]string{"\n", "\n", "\r\n"}[r.IntN(3)])
		}
		text.WriteString(pieces[r.IntN(len(pieces))])
		var want []int
		for i, line := range strings.Split(text.String(), "\n") {
			rest, cr := strings.CutSuffix(line, "\r")
			if re.MatchString(line) || cr && re.MatchString(rest) {
				want = append(want, i+1)
			}
		}
		res, err := GrepText(t.Context(), "x", stringSource{strings.NewReader(text.String())}, GrepOptions{Pattern: pattern.String(), IgnoreCase: fold})
		must(t, err)
		var got []int
		for _, f := range res.Files {
			for _, l := range f.Lines {
				got = append(got, l.Number)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, ignoring case %v, in %q: lines %v, want %v", pattern.String(), fold, text.String(), got, want)
		}
	}
}

// TestManySets: an expression with more sets of states than are kept, or than are worth
// making, is searched all the same.
func TestManySets(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, pattern := range []string{"(a|b)*a(a|b){9}c", "(a|b)*a(a|b){20}c", "a.{40}b.{40}c"} {
		re := regexp.MustCompile(pattern)
		var text strings.Builder
		var want []int
		for i := range 2000 {
			line := make([]byte, 60+r.IntN(60))
			for k := range line {
				line[k] = "ab"[r.IntN(2)]
			}
			line[len(line)-1-r.IntN(20)] = 'c'
			fmt.Fprintf(&text, "%s\n", line)
			if re.Match(line) {
				want = append(want, i+1)
			}
		}
		res, err := GrepText(t.Context(), "x", stringSource{strings.NewReader(text.String())}, GrepOptions{Pattern: pattern, Limit: 5000})
		must(t, err)
		var got []int
		for _, l := range res.Files[0].Lines {
			got = append(got, l.Number)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d lines, want %d", pattern, len(got), len(want))
		}
	}
}

type stringSource struct{ *strings.Reader }

func (stringSource) Close() error { return nil }

func TestGrepRefuses(t *testing.T) {
	ws := tree(t, map[string]string{"a": "x\n", ".git/HEAD": "x\n"})
	must(t, os.Symlink("/etc", filepath.Join(ws.Dir(), "out")))
	for name, tt := range map[string]struct {
		opts GrepOptions
		want string
	}{
		"no pattern":    {GrepOptions{}, "pattern: is empty"},
		"long":          {GrepOptions{Pattern: strings.Repeat("x", 5000)}, "is longer than 4096 bytes"},
		"large":         {GrepOptions{Pattern: "((a{100}){100}){2}"}, "searched literally"},
		"many states":   {GrepOptions{Pattern: strings.Repeat("[a-z]{1000}", 6)}, "steps"},
		"missing":       {GrepOptions{Pattern: "x", Path: "none/f"}, "file none/f not found"},
		"leads out":     {GrepOptions{Pattern: "x", Path: "../x"}, "leads out of the workspace"},
		"absolute":      {GrepOptions{Pattern: "x", Path: "/etc"}, "is absolute"},
		"a link out":    {GrepOptions{Pattern: "x", Path: "out"}, "absolute link"},
		"a repository":  {GrepOptions{Pattern: "x", Path: ".git"}, "is in .git, which is not searched"},
		"a part of one": {GrepOptions{Pattern: "x", Path: ".git/HEAD"}, "is in .git, which is not searched"},
		"context":       {GrepOptions{Pattern: "x", Context: 11}, "context: give a number from 0 to 10"},
		"limit":         {GrepOptions{Pattern: "x", Limit: -1}, "limit: give a number above 0"},
		"a glob out":    {GrepOptions{Pattern: "x", Glob: "../*"}, "leads out of the workspace"},
		"not these":     {GrepOptions{Pattern: "x", Glob: "!*.go"}, "glob: leaves nothing out"},
		"braces":        {GrepOptions{Pattern: "x", Glob: strings.Repeat("{a,b}", 20)}, "stand for more than 1024 patterns"},
		"below a file":  {GrepOptions{Pattern: "x", Path: "a/b"}, "path"},
	} {
		res, err := Grep(t.Context(), ws, tt.opts)
		got := fmt.Sprint(err)
		if res.NotRE2 != nil {
			got = "searched literally"
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped by the user")
	cancel(stopped)
	if _, err := Grep(ctx, ws, GrepOptions{Pattern: "x"}); !errors.Is(err, stopped) {
		t.Error(err)
	}
	if _, err := Glob(ctx, ws, GlobOptions{Pattern: "x"}); !errors.Is(err, stopped) {
		t.Error(err)
	}
	if _, _, err := Find(ctx, ws, "x", 0); !errors.Is(err, stopped) {
		t.Error(err)
	}
}
