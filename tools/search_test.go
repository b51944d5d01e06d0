package tools_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

// searching returns a function that calls a tool in a workspace with some files.
func searching(t *testing.T, files map[string]string) (call func(name, arguments string) tools.Result, dir string) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	old := time.Now().Add(-time.Hour)
	for name, text := range files {
		at := filepath.Join(ws.Dir(), name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(at, old, old); err != nil {
			t.Fatal(err)
		}
	}
	reg, err := tools.NewRegistry(tools.Glob(), tools.Grep())
	if err != nil {
		t.Fatal(err)
	}
	env := tools.Env{Runtime: runtime.New(ws, nil, runtime.Options{})}
	return func(name, arguments string) tools.Result {
		t.Helper()
		p, err := reg.Propose(t.Context(), env, name, arguments)
		if err == nil && p.Effect != tools.EffectRead {
			t.Errorf("%s has the effect %s", name, p.Effect)
		}
		return reg.Call(t.Context(), env, name, arguments)
	}, ws.Dir()
}

func TestSearchAnswers(t *testing.T) {
	files := map[string]string{
		"a.go": "one\ntwo\nthree\nfour\nfive two\n", "b/c.go": "two\n", ".gitignore": "build\n", "build/x.go": "two\n", "new\nline.txt": "two\n",
	}
	for i := range 250 {
		files[fmt.Sprintf("many/f%03d", i)] = "a\nneedle\nneedle\n"
	}
	call, _ := searching(t, files)
	for name, tt := range map[string]struct {
		tool, arguments, want string
		isError, truncated    bool
	}{
		"glob":              {"glob", `{"pattern":"**/*.go"}`, "a.go\nb/c.go", false, false},
		"glob, ignored":     {"glob", `{"pattern":"build/*.go"}`, "build/x.go", false, false},
		"glob, nothing":     {"glob", `{"pattern":"*.rs"}`, "[no files]", false, false},
		"glob, odd name":    {"glob", `{"pattern":"new*"}`, `"new\nline.txt"`, false, false},
		"glob, missing":     {"glob", `{"pattern":"*","path":"none"}`, "[error] file none not found", true, false},
		"glob, outside":     {"glob", `{"pattern":"../*"}`, "leads out of the workspace", true, false},
		"glob, mistyped":    {"glob", `{"pattern":7}`, `argument "pattern" must be a JSON string`, true, false},
		"glob, many":        {"glob", `{"pattern":"many/*"}`, "\nmany/f199\n[50 more]", false, true},
		"grep":              {"grep", `{"pattern":"two"}`, "a.go:2: two\na.go:5: five two\nb/c.go:1: two\n\"new\\nline.txt\":1: two", false, false},
		"grep, context":     {"grep", `{"pattern":"two","glob":"*.go","context":1}`, "a.go-1- one\na.go:2: two\na.go-3- three\na.go-4- four\na.go:5: five two\n--\nb/c.go:1: two", false, false},
		"grep, a gap":       {"grep", `{"pattern":"one|four","path":"a.go","context":1}`, "a.go:1: one\na.go-2- two\na.go-3- three\na.go:4: four\na.go-5- five two", false, false},
		"grep, files":       {"grep", `{"pattern":"two","files_only":true,"limit":1}`, "a.go\n[2 more matches in 2 files]", false, true},
		"grep, limit":       {"grep", `{"pattern":"two","limit":1}`, "a.go:2: two\n[3 more matches in 3 files]", false, true},
		"grep, many":        {"grep", `{"pattern":"needle"}`, "\n[400 more matches in 200 files]", false, true},
		"grep, letter case": {"grep", `{"pattern":"FIVE","ignore_case":true}`, "a.go:5: five two", false, false},
		"grep, nothing":     {"grep", `{"pattern":"six"}`, "[no matches]", false, false},
		"grep, literally":   {"grep", `{"pattern":"two("}`, "[no matches]\n[the pattern is no RE2 expression (missing closing ): `two(`), so it was searched literally]", false, false},
		"grep, a line end":  {"grep", `{"pattern":"one\ntwo"}`, "[no matches]\n[a pattern with a line end matches nothing: lines are searched one by one]", false, false},
		"grep, empty":       {"grep", `{"pattern":""}`, "[error] pattern: is empty", true, false},
		"grep, no output":   {"grep", `{"pattern":"x","path":"output:o17"}`, "o17", true, false},
		"grep, context 11":  {"grep", `{"pattern":"x","context":11}`, "[error] context: give a number from 0 to 10", true, false},
	} {
		res := call(tt.tool, tt.arguments)
		exact := !tt.isError && !strings.HasPrefix(tt.want, "\n")
		if exact && res.Text != tt.want || !strings.Contains(res.Text, tt.want) {
			t.Errorf("%s: %s", name, res.Text)
		}
		if res.IsError != tt.isError || res.Truncated != tt.truncated || res.Unkept {
			t.Errorf("%s: %+v", name, res)
		}
	}
}

func TestSearchLabels(t *testing.T) {
	reg, err := tools.NewRegistry(tools.Glob(), tools.Grep())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, arguments, want string }{
		{"glob", `{"pattern":"*.go"}`, "Find files *.go"},
		{"glob", `{"pattern":"*.go","path":"src"}`, "Find files *.go in src"},
		{"grep", `{"pattern":"a b","path":"src"}`, "Search a b in src"},
		{"grep", `{"patern":"x"}`, "Search x"},
	} {
		if l := reg.Label(tt.name, tt.arguments); l.Title+" "+l.Detail != tt.want || l.Terminal {
			t.Errorf("%s %s: %+v", tt.name, tt.arguments, l)
		}
	}
}

// TestSearchSpecs: what goes with each request stays small.
func TestSearchSpecs(t *testing.T) {
	for _, tool := range []tools.Tool{tools.Glob(), tools.Grep()} {
		text, err := json.Marshal(tool.Spec())
		if err != nil || len(text) > 700 {
			t.Errorf("%s: %d bytes, %v", tool.Spec().Name, len(text), err)
		}
	}
}
