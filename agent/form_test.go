package agent_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/tools"
)

// named makes tools that only have names.
func named(names ...string) (list []tools.Tool) {
	for _, name := range names {
		list = append(list, tools.New(name, "", func(context.Context, tools.Env, struct{}) (tools.Result, error) { return tools.Result{}, nil }))
	}
	return list
}

func TestFormsOfASession(t *testing.T) {
	all := []string{"bash", "write_file", "download_file", "ask_user", "stop", "echo", "read_file", "grep", "edit_file", "apply_patch", "view_image"}
	without := func(names ...string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(names, name) })
	}
	short := []string{"bash", "write_file", "ask_user", "read_file", "grep", "edit_file"}
	tests := []struct {
		name  string
		form  journal.Form
		model string
		want  []string
	}{
		{"everything", journal.Form{}, "m", all},
		{"auto", journal.Form{EditTools: agent.EditAuto}, "qwen3-coder", without("apply_patch")},
		{"auto, no name", journal.Form{EditTools: agent.EditAuto}, "", without("apply_patch")},
		{"auto, gpt", journal.Form{EditTools: agent.EditAuto}, "gpt-4.1-mini", without("edit_file")},
		{"auto, of a gateway", journal.Form{EditTools: agent.EditAuto}, "openai/gpt-5", without("edit_file")},
		{"auto, codex", journal.Form{EditTools: agent.EditAuto}, "codex-mini", without("edit_file")},
		{"auto, gpt in the middle", journal.Form{EditTools: agent.EditAuto}, "my-gpt-4", without("apply_patch")},
		{"auto, gpt of a maker", journal.Form{EditTools: agent.EditAuto}, "gpt-oss/llama", without("apply_patch")},
		{"replace", journal.Form{EditTools: agent.EditReplace}, "gpt-5", without("apply_patch")},
		{"patch", journal.Form{EditTools: agent.EditPatch}, "qwen", without("edit_file")},
		{"both", journal.Form{EditTools: agent.EditBoth}, "gpt-5", all},
		{"short", journal.Form{EditTools: agent.EditAuto, Short: true}, "gpt-5", short},
		{"no images", journal.Form{NoImages: true}, "m", without("view_image")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			model := agenttest.Script(agenttest.Text("ok"))
			a := agenttest.NewAgent(t, model, agent.Options{Form: tt.form, ModelName: tt.model}, named("read_file", "grep", "edit_file", "apply_patch", "view_image")...)
			a.Run(t.Context(), "hi", agent.Turn{})
			var got []string
			for _, spec := range model.Requests()[0].Tools {
				got = append(got, spec.Name)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("tools (-want +got):\n%s", diff)
			}
			if f := a.Options().Form; f.EditTools == agent.EditAuto || f.Environment == "" || f.Short != tt.form.Short {
				t.Errorf("the form is not decided: %+v", f)
			}
			if err := a.CheckTools("disabledTools", []string{"edit_file", "apply_patch"}); err != nil {
				t.Errorf("a tool that the form leaves out can be disabled: %v", err)
			}
			system := model.Requests()[0].Messages[0].Content
			if strings.Contains(system, "delegate_task") == tt.form.Short {
				t.Errorf("the system prompt is the other one: %s", system)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	model := agenttest.Script(agenttest.Text("ok"), agenttest.Text("ok"), agenttest.Text("ok"))
	rt := agenttest.NewRuntime(t)
	dir := rt.Workspace().Dir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".git", "HEAD"), []byte("ref: refs/heads/obey\nme\x1b[2J\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := agent.New(model, agenttest.Registry(t), rt, agent.Options{Permissions: agenttest.Anything})
	a.Run(t.Context(), "hi", agent.Turn{})
	system := model.Requests()[0].Messages[0].Content
	_, block, found := strings.Cut(system, agent.EnvironmentHead)
	lines := strings.Split(block, "\n")
	if !found || len(lines) != 7 {
		t.Fatalf("the environment is %q", block)
	}
	for i, want := range []string{"System: ", "Shell: ", "Workspace: " + filepath.Base(dir), `Git: branch obey me\x1b[2J`, "Date: " + time.Now().Format(time.DateOnly), "Sandbox: ", "Network: "} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %q, want %q", lines[i], want)
		}
	}
	if strings.Contains(system, filepath.Dir(dir)+string(filepath.Separator)) {
		t.Errorf("a path of the machine: %s", system)
	}

	// The environment of a kept session stays, and a prompt of the client's has none.
	for _, tt := range []struct {
		opts agent.Options
		want string // the end
	}{
		{agent.Options{Form: journal.Form{Environment: "Date: 2026-11-30"}, Persona: "A reviewer."}, "and how you checked it." + agent.EnvironmentHead + "Date: 2026-11-30"},
		{agent.Options{SystemPrompt: "You write Go."}, "You write Go."},
	} {
		tt.opts.Permissions = agenttest.Anything
		a := agent.New(model, agenttest.Registry(t), agenttest.NewRuntime(t), tt.opts)
		a.Run(t.Context(), "hi", agent.Turn{})
		reqs := model.Requests()
		if got := reqs[len(reqs)-1].Messages[0].Content; !strings.HasSuffix(got, tt.want) || tt.opts.Persona == "" && got != tt.want {
			t.Errorf("system prompt %q", got)
		}
	}
}
