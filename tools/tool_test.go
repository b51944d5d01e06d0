package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/tools"
)

type greetIn struct {
	Name  string   `json:"name" jsonschema:"who to greet"`
	Times int      `json:"times,omitempty"`
	Tags  []string `json:"tags,omitempty"`
}

func greet(calls *int) tools.Tool {
	return tools.New("greet", "Greet someone.", func(_ context.Context, _ tools.Env, in greetIn) (tools.Result, error) {
		*calls++
		if in.Name == "nobody" {
			return tools.Result{}, errors.New("nobody is not there")
		}
		if in.Name == "panic" {
			panic("oh dear")
		}
		return tools.Text("Hello %s", in.Name), nil
	})
}

func TestSpecIsOpenAIsFunctionTool(t *testing.T) {
	spec := greet(new(int)).Spec()
	var got any
	if err := json.Unmarshal(spec.Parameters, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"type": "object",
		"properties": map[string]any{
			"name":  map[string]any{"type": "string", "description": "who to greet"},
			"times": map[string]any{"type": "integer"},
			"tags":  map[string]any{"type": "array", "items": map[string]any{"type": "string"}},
		},
		"required":             []any{"name"},
		"additionalProperties": false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}

func TestArguments(t *testing.T) {
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	tests := []struct {
		name, arguments string
		want            string // part of the answer
		ok              bool
	}{
		{"valid", `{"name":"Ada","times":2,"tags":["a"]}`, "Hello Ada", true},
		{"malformed", `{"name":"Ada"`, "not valid JSON", false},
		{"text behind the object", `{"name":"Ada"} x`, "not valid JSON", false},
		{"empty", ``, `argument "name" is missing`, false},
		{"blank", "  \n", `argument "name" is missing`, false},
		{"array", `["Ada"]`, "must be a JSON object, got array", false},
		{"string", `"Ada"`, "must be a JSON object, got string", false},
		{"null", `null`, "must be a JSON object, got null", false},
		{"missing", `{"times":1}`, `argument "name" is missing; it takes name (string), times (integer, optional)`, false},
		{"extra", `{"name":"Ada","nmae":"Bob"}`, `unknown argument "nmae"`, false},
		{"wrong type", `{"name":7}`, `argument "name" must be a JSON string, got number`, false},
		{"fraction", `{"name":"Ada","times":1.5}`, `argument "times" must be a JSON integer`, false},
		{"integer out of range", `{"name":"Ada","times":1e99}`, `argument "times" cannot be the JSON number 1e99`, false},
		{"first of several unknown ones", `{"name":"Ada","z":1,"b":2,"y":3}`, `unknown argument "b"`, false},
		{"null value", `{"name":null}`, `argument "name" must be a JSON string, got null`, false},
		{"wrong element", `{"name":"Ada","tags":[1]}`, "do not fit the schema", false},
		{"duplicate key", `{"name":"Ada","name":"Bob"}`, `argument "name" is given twice`, false},
		{"duplicate key by escape", `{"name":"Ada","n\u0061me":"Bob"}`, `argument "name" is given twice`, false},
		{"other case", `{"name":"Ada","NAME":"Bob"}`, `unknown argument "NAME"`, false},
		{"other case alone", `{"Name":"Ada"}`, `unknown argument "Name"`, false},
		{"too deep", `{"name":` + deep + `}`, "not valid JSON", false},
		{"too long", `{"name":"` + strings.Repeat("x", 5<<20) + `"}`, "at most", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			reg, err := tools.NewRegistry(greet(&calls))
			if err != nil {
				t.Fatal(err)
			}
			res := reg.Call(t.Context(), tools.Env{}, "greet", tt.arguments)
			if !strings.Contains(res.Text, tt.want) {
				t.Errorf("answer %q does not hold %q", res.Text, tt.want)
			}
			if res.IsError == tt.ok {
				t.Errorf("IsError = %v", res.IsError)
			}
			if !tt.ok && res.IsError && calls != 0 {
				t.Error("the tool ran on refused arguments")
			}
		})
	}
}

func TestCallAlwaysAnswers(t *testing.T) {
	reg, err := tools.NewRegistry(greet(new(int)), tools.Stop())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, arguments, want string }{
		{"greet", `{"name":"nobody"}`, "[error] nobody is not there"},
		{"greet", `{"name":"panic"}`, "[error] tool greet panicked: oh dear"},
		{"gret", `{}`, `[error] unknown tool "gret"; there are greet, stop`},
		{"", ``, `[error] unknown tool ""`},
	} {
		res := reg.Call(t.Context(), tools.Env{}, tt.name, tt.arguments)
		if !strings.HasPrefix(res.Text, tt.want) || !res.IsError {
			t.Errorf("Call(%q, %q) = %+v, want an error that begins %q", tt.name, tt.arguments, res, tt.want)
		}
	}
}

func TestRegisteringTwiceIsAnError(t *testing.T) {
	_, err := tools.NewRegistry(tools.Stop(), tools.Stop())
	if err == nil || err.Error() != "tool stop already registered" {
		t.Errorf("error %v", err)
	}
}

func TestWithout(t *testing.T) {
	reg, err := tools.NewRegistry(tools.Bash(), tools.WriteFile(), tools.Stop())
	if err != nil {
		t.Fatal(err)
	}
	rest, err := reg.Without("write_file")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"bash", "stop"}, rest.Names()); diff != "" {
		t.Error(diff)
	}
	if _, err := reg.Without("wrte_file"); err == nil || !strings.Contains(err.Error(), `"wrte_file"; there are bash, write_file, stop`) {
		t.Errorf("error %v", err)
	}
}

func TestUnusableToolsPanicAtConstruction(t *testing.T) {
	for name, make := range map[string]func(){
		"bad name": func() {
			tools.New("two words", "", func(context.Context, tools.Env, struct{}) (tools.Result, error) { return tools.Result{}, nil })
		},
		"no struct": func() {
			tools.New("number", "", func(context.Context, tools.Env, int) (tools.Result, error) { return tools.Result{}, nil })
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: New did not panic", name)
				}
			}()
			make()
		}()
	}
}

func TestAskUser(t *testing.T) {
	reg, err := tools.NewRegistry(tools.AskUser())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(env tools.Env) tools.Result {
		return reg.Call(t.Context(), env, "ask_user", `{"prompt":"Which?","options":["a","b"]}`)
	}
	answered := ask(tools.Env{Ask: func(_ context.Context, q string, options []string) (string, bool, error) {
		return q + options[1], true, nil
	}})
	if diff := cmp.Diff(tools.Result{Text: "Which?b"}, answered); diff != "" {
		t.Error(diff)
	}
	ends := ask(tools.Env{})
	if !ends.EndTurn || ends.Question == nil || ends.Question.Text != "Which?" || len(ends.Question.Options) != 2 {
		t.Errorf("without anybody to ask: %+v", ends)
	}
	if child := ask(tools.Env{TaskID: "task_1", Alone: true}); !child.IsError || child.EndTurn {
		t.Errorf("in another agent's task: %+v", child)
	}
	live := func(context.Context, string, []string) (string, bool, error) { return "now", true, nil }
	if task := ask(tools.Env{TaskID: "task_1", Ask: live}); !task.EndTurn || task.Question == nil {
		t.Errorf("in a task of the client's: %+v", task)
	}
}

func FuzzArguments(f *testing.F) {
	for _, seed := range []string{`{"name":"x"}`, `{"name":"x","tags":[{"a":1,"a":2}]}`, `{`, `{"times":1e99,"name":"x"}`, "", `[[[]]]`} {
		f.Add(seed)
	}
	reg, err := tools.NewRegistry(greet(new(int)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, arguments string) {
		res := reg.Call(t.Context(), tools.Env{}, "greet", arguments)
		if res.Text == "" || strings.Contains(res.Text, "panicked") && !strings.Contains(res.Text, "oh dear") {
			t.Errorf("answer %+v", res)
		}
	})
}
