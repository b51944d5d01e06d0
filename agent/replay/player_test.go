package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

// The format of the package's documentation, with its optional parts left out.
func TestHandWrittenFile(t *testing.T) {
	p := parse(t,
		`{"pygentReplay":1,"model":"scripted","note":"by hand"}`,
		``,
		`{"messages":[{"role":"user","content":"list"}],"reasoning":"hm hm","reply":{"message":{"content":"I look.","toolCalls":[{"name":"bash","arguments":{ "cmd" : "ls" }},{"name":"stop"}]}}}`,
		`{"messages":[{"role":"tool","content":"a.txt"},{"role":"tool"}],"reply":{"message":{"content":"One file."}}}`,
		`{"messages":[{"role":"user","content":"thanks"}],"reply":{"message":{"content":"Welcome."}}}`,
		`{"messages":[{"role":"user","content":"other"}],"reply":{"message":{"content":"Begun."},"finish":"length"}}`,
	)
	if p.ModelName() != "scripted" || p.Note() != "by hand" {
		t.Errorf("header %q, %q", p.ModelName(), p.Note())
	}
	var reasoning string
	first, err := p.Chat(t.Context(), agent.Request{Messages: []event.Message{system("any"), user("list")}}, func(d agent.Delta) { reasoning += d.Reasoning })
	if err != nil {
		t.Fatal(err)
	}
	want := []event.ToolCall{{ID: "call_3_1", Name: "bash", Arguments: `{"cmd":"ls"}`}, {ID: "call_3_2", Name: "stop", Arguments: "{}"}}
	if diff := cmp.Diff(want, first.Message.ToolCalls); diff != "" || first.Finish != agent.FinishTools || reasoning != "hm hm" {
		t.Errorf("finish %q, reasoning %q, calls (-want +got):\n%s", first.Finish, reasoning, diff)
	}
	got := converse(t, p,
		[]event.Message{system("another"), user("list")},
		[]event.Message{result("call_3_1", "a.txt"), result("call_3_2", "whatever it says")},
		[]event.Message{user("thanks")})
	if got[1].Message.Content != "One file." || got[2].Message.Content != "Welcome." || got[2].Finish != agent.FinishStop {
		t.Errorf("replies %+v", got)
	}
	if got := converse(t, p, []event.Message{user("other")}); got[0].Finish != agent.FinishLength {
		t.Errorf("reply %+v", got)
	}
}

func TestDivergence(t *testing.T) {
	long := strings.Repeat("x", 200)
	p := parse(t,
		`{"messages":[{"role":"user","content":"list"}],"reply":{"message":{"content":"I look.","toolCalls":[{"id":"a","name":"bash","arguments":"{\"cmd\":\"ls\"}"}]}}}`,
		`{"messages":[{"role":"tool","toolCallId":"a","content":"`+long+`é1`+long+`"},{"role":"user","content":"more"}],"reply":{"message":{"content":"Fine."}}}`,
		`{"after":0,"messages":[{"role":"system","content":"S"},{"role":"user","content":"lisbon"}],"reply":{"message":{"content":"A city."}}}`,
	)
	call := agenttest.Calls("I look.", agenttest.Call("a", "bash", `{"cmd":"ls"}`)).Message
	otherCall := agenttest.Calls("I look.", agenttest.Call("a", "bash", `{"cmd":"rm"}`)).Message
	tool := result("a", long+"é1"+long)
	for name, tc := range map[string]struct {
		msgs []event.Message
		want DivergenceError
	}{
		"content, shortened": {
			[]event.Message{system("s"), user("list"), call, result("a", long+"è2"+long)},
			DivergenceError{Line: 2, Index: 3, Role: "tool", What: "content differs", Recorded: `…"` + long[:30] + "é1" + long[:57] + `"…`, Came: `…"` + long[:30] + "è2" + long[:57] + `"…`},
		},
		"the nearest line": {
			[]event.Message{system("S"), user("lisp")},
			DivergenceError{Line: 1, Index: 1, Role: "user", What: "content differs", Recorded: `"list"`, Came: `"lisp"`},
		},
		"role":        {[]event.Message{user("list"), call, user("stop")}, DivergenceError{Line: 2, Index: 2, Role: "user", What: "role differs", Recorded: `"tool ` + long[:55] + `"…`, Came: `"user stop"`}},
		"call id":     {[]event.Message{user("list"), call, result("b", tool.Content)}, DivergenceError{Line: 2, Index: 2, Role: "tool", What: "toolCallId differs", Recorded: `"a"`, Came: `"b"`}},
		"arguments":   {[]event.Message{user("list"), otherCall, tool}, DivergenceError{Line: 1, Index: 1, Role: "assistant", What: "arguments of tool call 1 differ", Recorded: `"{\"cmd\":\"ls\"}"`, Came: `"{\"cmd\":\"rm\"}"`}},
		"too few":     {[]event.Message{user("list"), call, tool}, DivergenceError{Line: 2, Index: 3, What: "no more messages came", Recorded: `"user more"`}},
		"too many":    {[]event.Message{user("list"), call, tool, user("more"), agenttest.Text("Fine.").Message, user("and?")}, DivergenceError{Line: 2, Index: 5, Role: "user", What: "the recording ends there", Came: `"user and?"`}},
		"ends early":  {[]event.Message{user("list"), call}, DivergenceError{Line: 1, Index: 2, What: "no message is new after this reply"}},
		"no messages": {nil, DivergenceError{What: "the request is empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, p, tc.msgs...)
			var got *DivergenceError
			if !errors.As(err, &got) {
				t.Fatalf("error %v", err)
			}
			tc.want.File = "the recording"
			if diff := cmp.Diff(tc.want, *got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			t.Log(err)
		})
	}
}

func TestMalformedLines(t *testing.T) {
	good := `{"messages":[{"role":"user","content":"x"}],"reply":{"message":{"content":"y"}}}`
	for name, tc := range map[string]struct {
		lines []string
		says  string
	}{
		"no JSON":           {[]string{good, "{"}, "line 2"},
		"two values":        {[]string{good + good}, "line 1: more than one"},
		"a slip":            {[]string{good, `{"mesages":[]}`}, `line 2: json: unknown field "mesages"`},
		"no messages":       {[]string{`{"messages":[],"reply":{"message":{}}}`}, "messages"},
		"no reply":          {[]string{`{"messages":[{"role":"user"}]}`}, "neither"},
		"odd role":          {[]string{`{"messages":[{"role":"human"}],"reply":{"message":{}}}`}, `"human"`},
		"odd reply":         {[]string{`{"messages":[{"role":"user"}],"reply":{"message":{"role":"user"}}}`}, "reply has the role"},
		"nameless call":     {[]string{`{"messages":[{"role":"user"}],"reply":{"message":{"toolCalls":[{}]}}}`}, "no name"},
		"odd error":         {[]string{`{"messages":[{"role":"user"}],"error":{"kind":"x","message":"y"}}`}, `kind "x"`},
		"after the future":  {[]string{good, `{"after":3,` + good[1:]}, "line 2: \"after\" is 3"},
		"after itself":      {[]string{good, `{"after":2,` + good[1:]}, "not an earlier line"},
		"after the header":  {[]string{`{"pygentReplay":1}`, `{"after":1,` + good[1:]}, "without a reply"},
		"result of nothing": {[]string{good, `{"messages":[{"role":"tool","content":"x"}],"reply":{"message":{}}}`}, "calls no tool"},
		"result of unknown": {[]string{good, `{"messages":[{"role":"tool","toolCallId":"q","content":"x"}],"reply":{"message":{}}}`}, `"q"`},
		"newer version":     {[]string{`{"pygentReplay":2}`, good}, "version 1"},
		"late header":       {[]string{good, `{"pygentReplay":1}`}, "line 2"},
		"empty":             {nil, "no exchange"},
	} {
		_, err := Parse(strings.NewReader(strings.Join(tc.lines, "\n")))
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: error %v does not say %q", name, err, tc.says)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestSamePlaceAgain(t *testing.T) {
	line := `{"after":0,"messages":[{"role":"user","content":"x"}],"reply":{"message":{"content":"%s"}}}`
	p := parse(t, fmt.Sprintf(line, "one"), fmt.Sprintf(line, "two"),
		`{"after":2,"messages":[{"role":"user","content":"more"}],"reply":{"message":{"content":"three"}}}`)
	for _, want := range []string{"one", "two", "two"} {
		got, err := ask(t, p, user("x"))
		if err != nil || got.Message.Content != want {
			t.Errorf("got %q, %v; want %q", got.Message.Content, err, want)
		}
	}
	got, err := ask(t, p, user("x"), agenttest.Text("two").Message, user("more"))
	if err != nil || got.Message.Content != "three" {
		t.Errorf("got %q, %v", got.Message.Content, err)
	}
}

func TestPlayStopsWithItsContext(t *testing.T) {
	p := parse(t, `{"messages":[{"role":"user"}],"reply":{"message":{"content":"one two three"}}}`)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	r, err := p.Chat(ctx, agent.Request{Messages: []event.Message{user("x")}}, func(agent.Delta) { cancel(cause) })
	if !errors.Is(err, cause) || r.Message.Content != "one " {
		t.Errorf("reply %+v, error %v", r, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"pygentReplay":1}` + "\n" + `{"messages":[{"role":"user"}],"reply":{"message":{"toolCalls":[{"name":"x","arguments":[1]}]}}}` + "\n" + `{"messages":[{"role":"tool"}],"error":{"kind":"other"}}`))
	f.Add([]byte(`{"after":0,"messages":[{"role":"system","content":""}],"reply":{"message":{}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := Parse(bytes.NewReader(raw))
		if err != nil {
			return
		}
		for _, msgs := range [][]event.Message{nil, {user("")}, {system(""), user("x")}, {user(""), {Role: event.RoleAssistant}, user("")}} {
			_, _ = p.Chat(t.Context(), agent.Request{Messages: msgs}, func(agent.Delta) {})
		}
	})
}
