package search

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestGlob(t *testing.T) {
	everySystem(t, func(t *testing.T) {
		ws := tree(t, map[string]string{
			".git/HEAD": "ref: x\n", ".gitignore": "/build/\n*.log\nnode_modules\n/.env\n", "build/.gitignore": "*.o\n",
			"a.go": "", "x.log": "", ".env": "", "src/b.go": "", "src/deep/c.go": "", "src/node_modules/m/d.go": "",
			"build/e.go": "", "build/f.o": "", "build/sub/g.go": "", "empty/": "", ".github/w.yml": "",
			"nested/.git/HEAD": "ref: x\n", "nested/.git/info/exclude": "own.go\n", "nested/x.log": "", "nested/own.go": "",
		})
		must(t, os.Symlink("src", filepath.Join(ws.Dir(), "link")))
		for name, tt := range map[string]struct {
			pattern, path string
			want          []string
		}{
			"names at the top":                  {"*.go", "", []string{"a.go"}},
			"everywhere":                        {"**/*.go", "", []string{"a.go", "src/b.go", "src/deep/c.go"}},
			"an ignored directory by its name":  {"build/*.go", "", []string{"build/e.go"}},
			"all below it":                      {"build/**", "", []string{"build/.gitignore", "build/e.go", "build/f.o", "build/sub/g.go"}},
			"by a special character":            {"bui*/*.go", "", nil},
			"by its name, deeper":               {"src/**/node_modules/**/*.go", "", []string{"src/node_modules/m/d.go"}},
			"as the path":                       {"*.go", "build", []string{"build/e.go"}},
			"below the path":                    {"*.go", "build/sub", []string{"build/sub/g.go"}},
			"ignored files":                     {"*.log", "", nil},
			"an ignored file by its name":       {"x.log", "", []string{"x.log"}},
			"in braces":                         {"{.env,x.log,a.*}", "", []string{".env", "a.go", "x.log"}},
			"hidden":                            {".github/*", "", []string{".github/w.yml"}},
			"the repository":                    {".git/**", "", nil},
			"a nested repository has its rules": {"nested/*", "", []string{"nested/own.go", "nested/x.log"}[1:]},
			"a link to a directory is no way":   {"link/**", "", nil},
			"a link is a file":                  {"li*", "", []string{"link"}},
			"a link as the path":                {"*.go", "link", []string{"src/b.go"}},
			"an empty directory":                {"empty/**", "", nil},
			"directories are no files":          {"src", "", nil},
			"from the path":                     {"deep/*", "src", []string{"src/deep/c.go"}},
		} {
			if diff := cmp.Diff(tt.want, globbed(t, ws, tt.pattern, tt.path)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

func TestGlobNewestFirst(t *testing.T) {
	files := map[string]string{}
	for i := range 450 {
		files[fmt.Sprintf("d%d/f%d", i%9, i)] = ""
	}
	ws := tree(t, files)
	now := time.Now()
	for i := range 450 {
		at := now.Add(-time.Duration((i*7919)%450) * time.Minute)
		must(t, os.Chtimes(filepath.Join(ws.Dir(), fmt.Sprintf("d%d/f%d", i%9, i)), at, at))
	}
	res, err := Glob(t.Context(), ws, GlobOptions{Pattern: "**"})
	must(t, err)
	if len(res.Paths) != MaxGlob || res.More != 250 {
		t.Fatalf("%d and %d more", len(res.Paths), res.More)
	}
	for rank, name := range res.Paths {
		var d, i int
		_, err := fmt.Sscanf(name, "d%d/f%d", &d, &i)
		must(t, err)
		if (i*7919)%450 != rank {
			t.Fatalf("%s is at %d", name, rank)
		}
	}
}

func TestGlobRefuses(t *testing.T) {
	ws := tree(t, map[string]string{"a": ""})
	for _, tt := range []struct{ pattern, path, want string }{
		{"", "", "pattern: is empty"},
		{"../*", "", "leads out"},
		{"*", "a", "not a directory"},
		{"*", "none", "file none not found"},
		{"*", "..", "leads out"},
		{"*", "/", "absolute"},
	} {
		if _, err := Glob(t.Context(), ws, GlobOptions{Pattern: tt.pattern, Path: tt.path}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q in %q: %v", tt.pattern, tt.path, err)
		}
	}
}
