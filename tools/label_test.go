package tools_test

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/tools"
)

func TestLabel(t *testing.T) {
	type in struct {
		Deep map[string]any `json:"deep,omitempty"`
		Name string         `json:"name,omitempty"`
	}
	hello := tools.New("hello", "", func(context.Context, tools.Env, in) (tools.Result, error) { return tools.Result{}, nil })
	registry, err := tools.NewRegistry(tools.Bash(), tools.JobOutput(), tools.JobKill(), tools.WriteFile(),
		tools.DownloadFile(), tools.AskUser(), tools.Stop(), hello, panicking())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tool, arguments string
		want            tools.Label
	}{
		{"bash", `{"cmd":"ls\n\tx ","timeout":5}`, tools.Label{Title: "Run", Detail: "ls\n\tx", Terminal: true}},
		{"bash", `{"background":true,"cmd":"serve"}`, tools.Label{Title: "Run in the background", Detail: "serve"}},
		{"write_file", `{"content":"x","path":"a b.md"}`, tools.Label{Title: "Write", Detail: "a b.md"}},
		{"download_file", `{"path":"a"}`, tools.Label{Title: "Read", Detail: "a"}},
		{"ask_user", `{"prompt":"Which?","options":["a"]}`, tools.Label{Title: "Ask", Detail: "Which?"}},
		{"job_output", `{"job_id":"job_1"}`, tools.Label{Title: "Look at job", Detail: "job_1"}},
		{"job_kill", `{"job_id":"job_1"}`, tools.Label{Title: "End job", Detail: "job_1"}},
		{"stop", `{}`, tools.Label{Title: "Stop"}},
		{"stop", ``, tools.Label{Title: "Stop"}},

		// Calls that are refused.
		{"bash", `{"cmd":"ls","timeout":"soon"}`, tools.Label{Title: "Run", Detail: "ls", Terminal: true}},
		{"bash", `{"command":"ls","why":"x"}`, tools.Label{Title: "Run", Detail: "ls"}},
		{"bash", `{"cmd":["ls", 1]}`, tools.Label{Title: "Run", Detail: `["ls",1]`}},
		{"bash", `{"cmd":"ls`, tools.Label{Title: "Run", Detail: `{"cmd":"ls`}},
		{"bash", `{"cmd":null}`, tools.Label{Title: "Run"}},
		{"bash", ` [1]`, tools.Label{Title: "Run", Detail: `[1]`}},
		{"bash", `null`, tools.Label{Title: "Run", Detail: `null`}},
		{"write_file", `{}`, tools.Label{Title: "Write"}},
		{"stop", `now`, tools.Label{Title: "Stop", Detail: "now"}},

		// Tools without a Label method.
		{"hello", `{"deep":{"a": 1},"name":"x"}`, tools.Label{Title: "Use hello", Detail: `{"a":1}`}},
		{"hello", `{"name":"Ada"}`, tools.Label{Title: "Use hello", Detail: "Ada"}},
		{"hello", `{"nam":"Ada"}`, tools.Label{Title: "Use hello", Detail: "Ada"}},
		{"panicking", `{"text":"x"}`, tools.Label{Title: "Use panicking", Detail: "x"}},
		{"no such\ntool", `{"a":true}`, tools.Label{Title: "Use no such tool", Detail: "true"}},
	} {
		if diff := cmp.Diff(c.want, registry.Label(c.tool, c.arguments)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.tool, c.arguments, diff)
		}
	}
	var none *tools.Registry
	if diff := cmp.Diff(tools.Label{Title: "Use bash", Detail: "ls"}, none.Label("bash", `{"cmd":"ls"}`)); diff != "" {
		t.Errorf("without a registry (-want +got):\n%s", diff)
	}
}

type panickingIn struct {
	Text string `json:"text"`
}

func (panickingIn) Label() tools.Label { panic("oh dear") }

func panicking() tools.Tool {
	return tools.New("panicking", "", func(context.Context, tools.Env, panickingIn) (tools.Result, error) { return tools.Result{}, nil })
}

func TestLabelIsShort(t *testing.T) {
	registry, err := tools.NewRegistry(tools.Bash())
	if err != nil {
		t.Fatal(err)
	}
	for _, long := range []string{strings.Repeat("é", 5<<20), strings.Repeat("\xff", 1000)} {
		for _, arguments := range []string{long, `{"cmd":"` + long + `"}`, `{"other":["` + long + `"]}`} {
			for _, name := range []string{"bash", long} {
				l := registry.Label(name, arguments)
				if utf8.RuneCountInString(l.Title) > 81 || utf8.RuneCountInString(l.Detail) != 401 || !strings.HasSuffix(l.Detail, "…") {
					t.Errorf("%.20q %.20q: a title of %d characters, a detail of %d", name, arguments, utf8.RuneCountInString(l.Title), utf8.RuneCountInString(l.Detail))
				}
			}
		}
	}
}
