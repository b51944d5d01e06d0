package tools_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pygent/pygent/tools"
)

// named makes a tool that answers with its decoded arguments.
func named[In any](t *testing.T) *tools.Registry {
	t.Helper()
	reg, err := tools.NewRegistry(tools.New("x", "", func(_ context.Context, _ tools.Env, in In) (tools.Result, error) {
		text, err := json.Marshal(in)
		return tools.Text("%s", text), err
	}))
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

// all has every argument that has aliases.
type all struct {
	Cmd        string `json:"cmd,omitempty"`
	Path       string `json:"path,omitempty"`
	Patch      string `json:"patch,omitempty"`
	OldString  string `json:"old_string,omitempty"`
	NewString  string `json:"new_string,omitempty"`
	ReplaceAll bool   `json:"replace_all,omitempty"`
	Pattern    string `json:"pattern,omitempty"`
	Glob       string `json:"glob,omitempty"`
	Offset     int    `json:"offset,omitempty"`
	Limit      int    `json:"limit,omitempty"`

	Timeout float64 `json:"timeout,omitempty"`
}

func TestCanonical(t *testing.T) {
	reg := named[all](t)
	for arguments, want := range map[string]string{
		`{"command":"ls"}`:           `{"cmd":"ls"}`,
		`{"file_path":"a"}`:          `{"path":"a"}`,
		`{"filePath":"a"}`:           `{"path":"a"}`,
		`{"filename":"a"}`:           `{"path":"a"}`,
		`{"file":"a"}`:               `{"path":"a"}`,
		`{"input":"p"}`:              `{"patch":"p"}`,
		`{"diff":"p"}`:               `{"patch":"p"}`,
		`{"oldString":"o"}`:          `{"old_string":"o"}`,
		`{"old_str":"o"}`:            `{"old_string":"o"}`,
		`{"old_text":"o"}`:           `{"old_string":"o"}`,
		`{"newString":"n"}`:          `{"new_string":"n"}`,
		`{"new_str":"n"}`:            `{"new_string":"n"}`,
		`{"new_text":"n"}`:           `{"new_string":"n"}`,
		`{"replaceAll":true}`:        `{"replace_all":true}`,
		`{"allow_multiple":"true"}`:  `{"replace_all":true}`,
		`{"query":"q"}`:              `{"pattern":"q"}`,
		`{"include":"*.go"}`:         `{"glob":"*.go"}`,
		`{"include_pattern":"*.go"}`: `{"glob":"*.go"}`,

		`{"start_line":5,"end_line":9}`:     `{"offset":5,"limit":5}`,
		`{"start_line":"5","end_line":"9"}`: `{"offset":5,"limit":5}`,
		`{"end_line":9}`:                    `{"limit":9}`,
		`{"start_line":5}`:                  `{"offset":5}`,
		`{"offset":3,"end_line":4}`:         `{"offset":3,"limit":2}`,
		`{"offset":3,"start_line":7}`:       `{"offset":3}`,
		`{"limit":3,"end_line":2}`:          `{"limit":3}`,
		`{"end_line":4,"start_line":4}`:     `{"limit":1,"offset":4}`,

		// ours wins, in either order
		`{"path":"a","file_path":"b"}`:                `{"path":"a"}`,
		`{"file_path":"b","path":"a"}`:                `{"path":"a"}`,
		`{"path":null,"file_path":"b"}`:               `{"path":"b"}`,
		`{"file":"a","filename":"a"}`:                 `{"path":"a"}`,
		`{"description":"d","cmd":"ls"}`:              `{"cmd":"ls"}`,
		`{"instruction":"d","explanation":{"a":[1]}}`: `{}`,
		`{"cmd":null,"other":null}`:                   `{}`,
		`{"timeout":"30","limit":"30"}`:               `{"timeout":30,"limit":30}`,
		`{"timeout":"1.5","replace_all":"false"}`:     `{"timeout":1.5,"replace_all":false}`,
		`{"c\u006fmmand":"l\u0073"}`:                  `{"cmd":"l\u0073"}`,
		" {\"command\" : \"ls\" }\n":                  `{"cmd":"ls"}`,
	} {
		got := reg.Canonical("x", arguments)
		if got != want {
			t.Errorf("%s: %s, want %s", arguments, got, want)
		}
		if again := reg.Canonical("x", got); again != got {
			t.Errorf("%s: once more: %s", got, again)
		}
		if res := reg.Call(t.Context(), tools.Env{}, "x", arguments); res.IsError {
			t.Errorf("%s: %s", arguments, res.Text)
		}
	}
}

// What is right, and what no reading makes right, stays byte for byte.
func TestCanonicalKeeps(t *testing.T) {
	reg := named[all](t)
	for _, arguments := range []string{
		``, ` `, `null`, `[]`, `"x"`, `{`, `{"cmd":"ls"} x`, ` { "cmd" : "ls" } `, `{"cmd":"ls","cmd":"rm"}`, `{"command":"ls","command":"rm"}`,
		`{"Command":"ls"}`, `{"timeout_ms":5}`, `{"timeout":"30s"}`, `{"timeout":"1e3"}`, `{"limit":"3.5"}`, `{"limit":"03"}`, `{"limit":""}`, `{"replace_all":"True"}`,
		`{"cmd":30}`, `{"end_line":-1}`, `{"end_line":"x"}`, `{"start_line":1.5}`, `{"start_line":99999999999}`,
		strings.Repeat("[", 20_000), `{"command":"` + strings.Repeat("x", 5<<20) + `"}`,
	} {
		if got := reg.Canonical("x", arguments); got != arguments {
			t.Errorf("%.60s: %.60s", arguments, got)
		}
	}
	for arguments, want := range map[string]string{ // two that differ: nothing is guessed
		`{"file":"a","filename":"b"}`:   `{"file":"a","filename":"b"}`,
		`{"start_line":9,"end_line":3}`: `{"offset":9,"end_line":3}`,
	} {
		if got := reg.Canonical("x", arguments); got != want {
			t.Errorf("%s: %s", arguments, got)
		}
		if res := reg.Call(t.Context(), tools.Env{}, "x", arguments); !res.IsError || !strings.Contains(res.Text, "unknown argument") {
			t.Errorf("%s: %+v", arguments, res)
		}
	}
	if got := reg.Canonical("y", `{"command":"ls"}`); got != `{"command":"ls"}` {
		t.Errorf("of an unknown tool: %s", got)
	}
	var none *tools.Registry
	if got := none.Canonical("x", `{"command":"ls"}`); got != `{"command":"ls"}` {
		t.Errorf("without a registry: %s", got)
	}
}

// An alias counts only for a tool that has our name and not the other one.
func TestAliasesAreTheTools(t *testing.T) {
	foreign := named[struct {
		Query       string `json:"query,omitempty"`
		Pattern     string `json:"pattern,omitempty"`
		Command     string `json:"command,omitempty"`
		Description string `json:"description,omitempty"`
		StartLine   int    `json:"start_line,omitempty"`
		Offset      int    `json:"offset,omitempty"`
		Limit       int    `json:"limit,omitempty"`
	}](t)
	for _, arguments := range []string{
		`{"query":"q"}`, `{"command":"ls"}`, `{"description":"d"}`, `{"start_line":3,"end_line":4}`, `{"file_path":"a"}`, `{"include":"x"}`,
	} {
		if got := foreign.Canonical("x", arguments); got != arguments {
			t.Errorf("%s: %s", arguments, got)
		}
	}
}

// Every call that the registry describes is described in its canonical form.
func TestProposalIsCanonical(t *testing.T) {
	reg, err := tools.NewRegistry(tools.Bash())
	if err != nil {
		t.Fatal(err)
	}
	p, err := reg.Propose(t.Context(), tools.Env{}, "bash", `{"command":"go test ./...","description":"tests","timeout":"60"}`)
	if err != nil || p.Command != "go test ./..." {
		t.Errorf("%+v, %v", p, err)
	}
	if res := reg.Call(t.Context(), tools.Env{}, "bash", `{"cmd":"x","timeout_ms":5}`); res.Text != `[error] bash: unknown argument "timeout_ms"; it takes cmd (string, required), timeout (number, optional), background (boolean, optional)` {
		t.Error(res.Text)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`{"command":"x"}`, `{"start_line":"1","end_line":2}`, `{"file":"a","filename":"b","path":null}`, `{"replace_all":"true"`, `{"query":{"query":1},"\u0071uery":2}`} {
		f.Add(seed)
	}
	reg, err := tools.NewRegistry(tools.New("x", "", func(context.Context, tools.Env, all) (tools.Result, error) { return tools.Text("ok"), nil }))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, arguments string) {
		got := reg.Canonical("x", arguments)
		if json.Valid([]byte(arguments)) != json.Valid([]byte(got)) {
			t.Errorf("%q became %q", arguments, got)
		}
		if again := reg.Canonical("x", got); again != got {
			t.Errorf("%q became %q, then %q", arguments, got, again)
		}
	})
}
