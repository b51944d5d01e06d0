package agent

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pygent/pygent/tools"
	"github.com/pygent/pygent/tools/output"
)

// numbered returns lines of ten characters each.
func numbered(lines int) string {
	var b strings.Builder
	for i := range lines {
		fmt.Fprintf(&b, "größe%4d\n", i+1)
	}
	return b.String()
}

func TestBound(t *testing.T) {
	store := output.NewStore(t.TempDir())
	fits := numbered(3000)
	long := numbered(4000) + "end"
	runes := []rune(long)
	tail := string(runes[len(runes)-20_000:]) // begins within a line
	oneLine := strings.Repeat("日", 30_005)
	for _, tt := range []struct {
		name string
		res  tools.Result
		kept *output.Store
		want string
	}{
		{"short", tools.Result{Text: "x"}, store, "x"},
		{"invalid", tools.Result{Text: "a\xff"}, store, "a\uFFFD"},
		{"30,000 characters", tools.Result{Text: fits}, store, fits},
		{"lines", tools.Result{Text: long}, store, numbered(1000) + `[… 10003 characters left out: read_file {"path":"output:o1","offset":1001}]` + "\n" + tail},
		{"one line", tools.Result{Text: oneLine}, store, strings.Repeat("日", 10_000) + "\n" + `[… 5 characters left out: read_file {"path":"output:o2","offset":1}]` + "\n" + strings.Repeat("日", 20_000)},
		{"it can be had again", tools.Result{Text: oneLine, Unkept: true}, store, strings.Repeat("日", 10_000) + "\n[… 5 characters left out]\n" + strings.Repeat("日", 20_000)},
		{"no store", tools.Result{Text: oneLine}, nil, strings.Repeat("日", 10_000) + "\n[… 5 characters left out]\n" + strings.Repeat("日", 20_000)},
	} {
		res := tt.res
		bound(&res, tt.kept)
		if res.Text != tt.want || !utf8.ValidString(res.Text) || res.Truncated != (len(res.Text) > maxResult && strings.Contains(res.Text, "left out")) {
			t.Errorf("%s: %d characters, truncated: %v, %.60q", tt.name, utf8.RuneCountInString(res.Text), res.Truncated, res.Text)
		}
	}
	for id, want := range map[string]string{"o1": long, "o2": oneLine, "o3": ""} {
		f, err := store.Open(id)
		if want == "" {
			if !errors.Is(err, output.ErrNotKept) {
				t.Errorf("%s: %v", id, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || string(got) != want {
			t.Errorf("%s: %d bytes, %v", id, len(got), err)
		}
		_ = f.Close()
	}
}
