package search

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestLongLines: lines longer than the buffer are searched like all others, and shown by
// what surrounds the match.
func TestLongLines(t *testing.T) {
	long := strings.Repeat("x", fileBuffer+100)
	text := "first\n" + long + "needle one" + long + "\nbetween\n" + "needle" + long + "\r\n" + long + "\nlast needle\n" + long + "ä42ü" + long + "\n" + strings.Repeat("y", fileBuffer-3) + "needle"
	for name, tt := range map[string]struct {
		opts GrepOptions
		want []int
	}{
		"a text":             {GrepOptions{Pattern: "needle"}, []int{2, 4, 6, 8}},
		"a required text":    {GrepOptions{Pattern: `needle \w`}, []int{2}},
		"letter case":        {GrepOptions{Pattern: "NEEDLE", IgnoreCase: true}, []int{2, 4, 6, 8}},
		"the beginning":      {GrepOptions{Pattern: "^needle"}, []int{4}},
		"the end":            {GrepOptions{Pattern: `\wneedle$`}, []int{8}},
		"classes":            {GrepOptions{Pattern: `[^x]\d\d[^x]`}, []int{7}},
		"the end of a class": {GrepOptions{Pattern: `x[[:alpha:]]$`}, []int{2, 4, 5, 7}},
		"a word":             {GrepOptions{Pattern: `\bone`}, []int{2}},
		"nothing":            {GrepOptions{Pattern: `[0-3]{3}`}, nil},
	} {
		res, err := GrepText(t.Context(), "x", stringSource{strings.NewReader(text)}, tt.opts)
		must(t, err)
		if res.Missed.TimedOut {
			t.Logf("%s: the machine is too slow to tell", name)
			continue
		}
		var got []int
		for _, f := range res.Files {
			for _, l := range f.Lines {
				got = append(got, l.Number)
				if n := utf8.RuneCountInString(l.Text); n > MaxLine {
					t.Errorf("%s: line %d is shown with %d characters", name, l.Number, n)
				}
				if name == "a text" && !strings.Contains(l.Text, "needle") {
					t.Errorf("line %d is shown without the match: %.50q", l.Number, l.Text)
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: lines %v, want %v", name, got, tt.want)
		}
	}
	res, err := GrepText(t.Context(), "x", stringSource{strings.NewReader(text)}, GrepOptions{Pattern: "between|last", Context: 1})
	must(t, err)
	var around []string
	for _, l := range res.Files[0].Lines {
		around = append(around, fmt.Sprintf("%d %v %d", l.Number, l.Match, utf8.RuneCountInString(l.Text)))
	}
	if got := strings.Join(around, ", "); got != "2 false 999, 3 true 7, 4 false 999, 5 false 999, 6 true 11, 7 false 999" {
		t.Errorf("context: %s", got)
	}
}

// TestGigabyteLine: a line of a gigabyte takes little memory.
func TestGigabyteLine(t *testing.T) {
	ws := tree(t, nil)
	f, err := os.Create(filepath.Join(ws.Dir(), "line"))
	must(t, err)
	defer f.Close()
	_, err = f.Write(bytes.Repeat([]byte("x"), 2*headBytes)) // what follows is a hole
	must(t, err)
	_, err = f.WriteAt([]byte(" the needle is here"), 1<<30)
	must(t, err)
	var before, after goruntime.MemStats
	goruntime.ReadMemStats(&before)
	lines, res := grepped(t, ws, GrepOptions{Pattern: "needle"})
	goruntime.ReadMemStats(&after)
	if res.Missed.TimedOut { // a slow machine: nothing is wrong
		t.Skip("the gigabyte took more than 10 s")
	}
	if len(lines) != 1 || !strings.HasSuffix(lines[0], " the needle is here") || !strings.HasPrefix(lines[0], "line:1: "+ellipsis) || len([]rune(lines[0])) > MaxLine+len("line:1: ") {
		t.Errorf("%d lines, %.100q", len(lines), lines)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
		t.Errorf("%d MB were allocated", used>>20)
	}
}

func TestCutAround(t *testing.T) {
	for name, tt := range map[string]struct {
		line  string
		match int
		want  string
	}{
		"short":         {"short\r", 0, "short"},
		"just fits":     {strings.Repeat("ä", MaxLine), 4, strings.Repeat("ä", MaxLine)},
		"at the start":  {"m" + strings.Repeat("x", MaxLine), 0, "m" + strings.Repeat("x", MaxLine-3) + "…"},
		"at the end":    {strings.Repeat("x", MaxLine) + "m", MaxLine, "…" + strings.Repeat("x", MaxLine-3) + "m"},
		"in the middle": {strings.Repeat("ä", 5000) + "m" + strings.Repeat("ü", 5000), 10000, "…" + strings.Repeat("ä", 332) + "m" + strings.Repeat("ü", 665) + "…"},
		"no text":       {"a\x00b\xff", 0, "a\uFFFDb\uFFFD"},
	} {
		if got := cutAround([]byte(tt.line), tt.match); got != tt.want {
			t.Errorf("%s: %.60q with %d characters", name, got, utf8.RuneCountInString(got))
		}
	}
}
