package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tools"
)

// caller runs built-in tools in a workspace of its own; commands are scripted.
type caller struct {
	t   *testing.T
	env tools.Env
	reg *tools.Registry
}

func newCaller(t *testing.T, scripts map[string]runtimetest.Script) *caller {
	t.Helper()
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	rt := runtime.New(ws, runtimetest.NewFake(scripts, nil), runtime.Options{OutputBytes: 1000})
	t.Cleanup(func() {
		if err := rt.Cleanup(context.Background()); err != nil {
			t.Error(err)
		}
	})
	reg, err := tools.NewRegistry(tools.Bash(), tools.WriteFile(), tools.DownloadFile())
	if err != nil {
		t.Fatal(err)
	}
	return &caller{t, tools.Env{Runtime: rt}, reg}
}

func (c *caller) call(name string, args map[string]any) tools.Result {
	c.t.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.reg.Call(c.t.Context(), c.env, name, string(raw))
}

func TestBash(t *testing.T) {
	zero, three := 0, 3
	c := newCaller(t, map[string]runtimetest.Script{
		"ok":    {Output: "fine\n"},
		"fail":  {Output: "half", Exit: runtime.Exit{Code: 3}},
		"gone":  {Err: fmt.Errorf("%w: no daemon", runtime.ErrUnavailable)},
		"flood": {Output: strings.Repeat("x", 5000)},
	})
	for _, tt := range []struct {
		args map[string]any
		want tools.Result
	}{
		{map[string]any{"cmd": "ok"}, tools.Result{Text: "$ ok\nfine\n", ExitCode: &zero}},
		{map[string]any{"cmd": "ok", "timeout": 0}, tools.Result{Text: "$ ok\nfine\n", ExitCode: &zero}},
		{map[string]any{"cmd": "fail"}, tools.Result{Text: "$ fail\nhalf\n[exit code 3]", ExitCode: &three, IsError: true}},
		{map[string]any{"cmd": "gone"}, tools.Result{Text: "$ gone\n[error] runtime unavailable: no daemon", IsError: true}},
		{map[string]any{"cmd": " "}, tools.Result{Text: "$  \n[error] command: is empty", IsError: true}},
		{map[string]any{"cmd": "ok", "timeout": -1}, tools.Result{Text: "[error] timeout: -1 seconds: give a number from 0 to 3600", IsError: true}},
		{map[string]any{"cmd": "ok", "timeout": 4000}, tools.Result{Text: "[error] timeout: 4000 seconds: give a number from 0 to 3600", IsError: true}},
	} {
		if diff := cmp.Diff(tt.want, c.call("bash", tt.args)); diff != "" {
			t.Errorf("%v:\n%s", tt.args, diff)
		}
	}
	if res := c.call("bash", map[string]any{"cmd": "flood"}); !res.Truncated || !strings.Contains(res.Text, "bytes omitted") {
		t.Errorf("%+v", res)
	}
}

func TestBashTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, map[string]runtimetest.Script{"hang": {Output: "begun\n", Block: true}})
		var mu sync.Mutex
		var live string
		c.env.Output = func(delta string) {
			mu.Lock()
			defer mu.Unlock()
			live += delta
		}
		begin := time.Now()
		res := c.call("bash", map[string]any{"cmd": "hang", "timeout": 1.5})
		if d := time.Since(begin); d != 1500*time.Millisecond || !res.IsError || res.ExitCode != nil || res.Text != "$ hang\nbegun\n[timeout after 1.5s]" {
			t.Errorf("after %v: %+v", d, res)
		}
		if live != "begun\n" {
			t.Errorf("live output %q", live)
		}
	})
}

func TestWriteFile(t *testing.T) {
	c := newCaller(t, nil)
	want := tools.Result{Text: "Wrote a/b.txt", Changes: []runtime.Change{{Path: "a/b.txt", Change: runtime.ChangeAdded, Added: 1}}}
	if diff := cmp.Diff(want, c.call("write_file", map[string]any{"path": "a/b.txt", "content": "ä\n"})); diff != "" {
		t.Error(diff)
	}
	for _, path := range []string{"../x", "/tmp/x", "", "a", "~/x", "a/../../x"} {
		res := c.call("write_file", map[string]any{"path": path, "content": "x"})
		if !res.IsError || !strings.HasPrefix(res.Text, "[error] ") || len(res.Changes) != 0 {
			t.Errorf("%q: %+v", path, res)
		}
	}
}

func TestDownloadFile(t *testing.T) {
	c := newCaller(t, nil)
	files := map[string]string{"text": "ä\n", "raw": "\xff\x00", "big": strings.Repeat("x", runtime.MaxReadBytes+1)}
	for name, content := range files {
		if _, _, err := c.env.Runtime.WriteFile(name, content); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		path   string
		binary bool
		want   tools.Result
	}{
		{"text", false, tools.Result{Text: "ä\n"}},
		{"text", true, tools.Result{Text: "w6QK"}},
		{"raw", false, tools.Result{Text: "/wA="}},
		{"none", false, tools.Result{Text: "[error] file none not found", IsError: true}},
	} {
		if diff := cmp.Diff(tt.want, c.call("download_file", map[string]any{"path": tt.path, "binary": tt.binary})); diff != "" {
			t.Errorf("%s:\n%s", tt.path, diff)
		}
	}
	big := c.call("download_file", map[string]any{"path": "big"})
	if !big.Truncated || !strings.HasSuffix(big.Text, "\n[only the first 8388608 bytes of the file]") {
		t.Errorf("truncated: %v, %q", big.Truncated, big.Text[len(big.Text)-60:])
	}
}

func TestPanicsStackIsNotForTheModel(t *testing.T) {
	reg, err := tools.NewRegistry(greet(new(int)))
	if err != nil {
		t.Fatal(err)
	}
	res := reg.Call(t.Context(), tools.Env{}, "greet", `{"name":"panic"}`)
	if res.Text != "[error] tool greet panicked: oh dear" || !strings.Contains(res.Stack, "tool_test.go") {
		t.Errorf("%+v", res)
	}
}

func TestNestedArgumentsAreStrictToo(t *testing.T) {
	type item struct {
		Cmd string `json:"cmd"`
	}
	type in struct {
		Items  []item              `json:"items,omitempty"`
		Labels map[string][]string `json:"labels,omitempty"`
	}
	ran := 0
	reg, err := tools.NewRegistry(tools.New("nest", "", func(context.Context, tools.Env, in) (tools.Result, error) {
		ran++
		return tools.Text("ok"), nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		`{"items":[{"cmd":"a"}],"labels":{"x":["y"],"X":[]}}`: "ok",
		`{"items":[{"cmd":"a","CMD":"b"}]}`:                   "[error] nest: arguments do not fit the schema",
		`{"items":[{"cmd":"a","cmd":"b"}]}`:                   `[error] nest: argument "cmd" is given twice`,
		`{"labels":{"x":null}}`:                               "[error] nest: arguments do not fit the schema",
		`{"items":null}`:                                      `[error] nest: argument "items" must be a JSON array`,
	} {
		if got := reg.Call(t.Context(), tools.Env{}, "nest", args); !strings.HasPrefix(got.Text, want) {
			t.Errorf("%s: %q", args, got.Text)
		}
	}
	if ran != 1 {
		t.Errorf("the tool ran %d times", ran)
	}
}

func TestAskUserPassesAFailureOn(t *testing.T) {
	reg, err := tools.NewRegistry(tools.AskUser())
	if err != nil {
		t.Fatal(err)
	}
	env := tools.Env{Ask: func(context.Context, string, []string) (string, bool, error) { return "", false, errors.New("gone") }}
	if res := reg.Call(t.Context(), env, "ask_user", `{"prompt":"Which?"}`); res.Text != "[error] gone" || res.EndTurn {
		t.Errorf("%+v", res)
	}
	if res := reg.Call(t.Context(), tools.Env{}, "ask_user", `{"prompt":" "}`); !res.IsError || res.Question != nil {
		t.Errorf("%+v", res)
	}
}
