package tools_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tools"
)

func TestProposals(t *testing.T) {
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	rt := runtime.New(ws, runtimetest.NewFake(nil, nil), runtime.Options{})
	t.Cleanup(func() { _ = rt.Cleanup(context.Background()) })
	for name, text := range map[string]string{"old.txt": "a\nb\n", "bin": "\x00", "long": strings.Repeat("x\n", 1<<20)} {
		if err := os.WriteFile(filepath.Join(ws.Dir(), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	custom := tools.New("custom", "", func(context.Context, tools.Env, struct{}) (tools.Result, error) { panic("it must not run") })
	bad := tools.New("bad", "", func(context.Context, tools.Env, struct{}) (tools.Result, error) { return tools.Result{}, nil },
		func(context.Context, tools.Env, struct{}) (tools.Proposal, error) { panic("oh dear") })
	reg, err := tools.NewRegistry(tools.Bash(), tools.WriteFile(), tools.DownloadFile(), tools.JobKill(), custom, bad)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		tool, arguments string
		effect          tools.Effect
		command, patch  string // patch: a part of it
		refused         string // a part of the error
	}{
		{"bash", `{"cmd":"a\u001b; b"}`, tools.EffectCommand, "a\x1b; b", "", ""},
		{"download_file", `{"path":"x"}`, tools.EffectRead, "", "", ""},
		{"job_kill", `{"job_id":"x"}`, tools.EffectRead, "", "", ""},
		{"custom", `{}`, tools.EffectCommand, "custom {}", "", ""},
		{"write_file", `{"path":"d/../old.txt","content":"a\nc\n"}`, tools.EffectEdit, "", "--- a/old.txt\n+++ b/old.txt\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n", ""},
		{"write_file", `{"path":"new.txt","content":"a\n"}`, tools.EffectEdit, "", "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+a\n", ""},
		{"write_file", `{"path":"new.txt","content":""}`, tools.EffectEdit, "", "no line changes: 0 bytes become 0 bytes", ""},
		{"write_file", `{"path":"bin","content":"a"}`, tools.EffectEdit, "", "not text: 1 bytes become 1 bytes", ""},
		{"write_file", `{"path":"long","content":"a"}`, tools.EffectEdit, "", "too long to show: 2097152 bytes become 1 bytes", ""},
		{"write_file", `{"path":"../x","content":"a"}`, "", "", "", "leads out of the workspace"},
		{"bash", `{"cmd":1}`, "", "", "", "bash: argument"},
		{"nope", `{}`, "", "", "", "unknown tool"},
		{"bad", `{}`, "", "", "", "tool bad panicked: oh dear"},
	} {
		p, err := reg.Propose(t.Context(), tools.Env{Runtime: rt}, tt.tool, tt.arguments)
		if (err != nil) != (tt.refused != "") || err != nil && !strings.Contains(err.Error(), tt.refused) {
			t.Errorf("%s %s: error %v", tt.tool, tt.arguments, err)
		}
		if p.Effect != tt.effect || p.Command != tt.command {
			t.Errorf("%s %s: %+v", tt.tool, tt.arguments, p)
		}
		if p.Patches == nil {
			continue
		}
		if list, err := p.Patches(t.Context()); err != nil || len(list) != 1 || !strings.Contains(list[0].Patch, tt.patch) {
			t.Errorf("%s %s: patches %+v, %v", tt.tool, tt.arguments, list, err)
		}
	}
	if _, err := os.Stat(filepath.Join(ws.Dir(), "new.txt")); err == nil {
		t.Error("a proposal has written")
	}
}
