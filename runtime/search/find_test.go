package search

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	everySystem(t, func(t *testing.T) {
		ws := tree(t, map[string]string{
			".git/HEAD": "ref: x\n", ".gitignore": "out/\n", "out/main.go": "",
			"main.go": "", "main_test.go": "", "src/main/other.c": "", "src/domain.go": "", "src/mock/all_in.go": "",
			"src/UserName.ts": "", "src/user_name.ts": "", "src/fuse_runame.ts": "", "docs/Größe.md": "", "README.md": "", "lib/read/me/x.md": "", "bad\xffname": "",
		})
		must(t, os.Symlink("main.go", filepath.Join(ws.Dir(), "mainlink")))
		for query, want := range map[string][]string{
			"main":                   {"file main.go", "dir src/main", "link mainlink", "file main_test.go", "file src/domain.go", "file src/main/other.c", "file src/mock/all_in.go"},
			"un":                     {"file src/UserName.ts", "file src/user_name.ts", "file src/fuse_runame.ts"},
			"UN":                     {"file src/UserName.ts"},
			"readme":                 {"file README.md", "file lib/read/me/x.md", "dir lib/read/me"},
			"src/main":               {"dir src/main", "file src/main/other.c", "file src/mock/all_in.go", "file src/domain.go"},
			"ts user":                {"file src/UserName.ts", "file src/user_name.ts", "file src/fuse_runame.ts"},
			"größe":                  {"file docs/Größe.md"},
			"nothing":                {},
			"other.c":                {"file src/main/other.c"},
			"./main.go":              {"file main.go", "file src/domain.go", "file main_test.go", "file src/mock/all_in.go"},
			"mainmain":               {},
			strings.Repeat("m", 200): {},
		} {
			found, complete, err := Find(t.Context(), ws, query, 0)
			must(t, err)
			got := []string{}
			for _, f := range found {
				got = append(got, f.Kind+" "+f.Path)
			}
			if diff := cmp.Diff(want, got); diff != "" || !complete {
				t.Errorf("%q, complete %v (-want +got):\n%s", query, complete, diff)
			}
		}
	})
}

func TestFindBounds(t *testing.T) {
	files := map[string]string{}
	for i := range 60 {
		files[fmt.Sprintf("d/file%02d", i)] = ""
	}
	ws := tree(t, files)
	for _, tt := range []struct {
		query    string
		limit    int
		found    int
		complete bool
	}{{"", 0, 50, false}, {"", 61, 61, true}, {"file", 60, 60, true}, {"file", 59, 59, false}, {"file0", 0, 15, true}} {
		found, complete, err := Find(t.Context(), ws, tt.query, tt.limit)
		if err != nil || len(found) != tt.found || complete != tt.complete {
			t.Errorf("%+v: %d, %v, %v", tt, len(found), complete, err)
		}
	}
	if found, _, err := Find(t.Context(), ws, " \t", 1); err != nil || found[0].Path != "d" {
		t.Errorf("the nearest is not first: %v, %v", found, err)
	}
	for name, tt := range map[string]struct {
		query string
		limit int
	}{"query: is longer": {strings.Repeat("x", 257), 0}, "limit: -1": {"x", -1}, "limit: 1001": {"x", 1001}} {
		if _, _, err := Find(t.Context(), ws, tt.query, tt.limit); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzScore(f *testing.F) {
	f.Add("abc", "a/b/c")
	f.Add("ÄB x", "äB/X_x")
	f.Fuzz(func(t *testing.T, query, name string) {
		if len(query) > maxQuery || len(name) > maxPathBytes || !utf8.ValidString(query) {
			return
		}
		j := newJudge(query)
		if c, ok := j.rate(name); ok && len(j.words) > 0 && c.score < 0 {
			t.Errorf("%q in %q: %d", query, name, c.score)
		}
	})
}
