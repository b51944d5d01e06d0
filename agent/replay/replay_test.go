package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
)

func system(text string) agent.Message {
	return agent.Message{Role: agent.RoleSystem, Content: text}
}

func user(text string) agent.Message { return agent.Message{Role: agent.RoleUser, Content: text} }

func result(id, text string) agent.Message {
	return agent.Message{Role: agent.RoleTool, ToolCallID: id, Content: text}
}

// ask sends a request and returns the reply, the error and the text deltas.
func ask(t testing.TB, m agent.Model, msgs ...agent.Message) (agent.Reply, error) {
	t.Helper()
	var text strings.Builder
	r, err := m.Chat(t.Context(), agent.Request{Messages: msgs}, func(d agent.Delta) { text.WriteString(d.Text) })
	if text.String() != r.Message.Content {
		t.Errorf("deltas are %q, the reply is %q", text.String(), r.Message.Content)
	}
	return r, err
}

// converse goes through a conversation: each step's messages, then the reply.
func converse(t testing.TB, m agent.Model, steps ...[]agent.Message) []agent.Reply {
	t.Helper()
	var history []agent.Message
	var replies []agent.Reply
	for i, s := range steps {
		history = append(history, s...)
		r, err := ask(t, m, history...)
		if err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
		replies = append(replies, r)
		history = append(history, r.Message)
	}
	return replies
}

func parse(t testing.TB, lines ...string) *Player {
	t.Helper()
	p, err := Parse(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRoundTrip(t *testing.T) {
	cost := 0.5
	priced := agenttest.Text("done <b> & ünïcödé\n")
	priced.Usage = agent.Usage{InputTokens: 7, OutputTokens: 3, CachedTokens: 2, CostUSD: &cost}
	script := agenttest.Script(
		agenttest.Calls("I look.", agenttest.Call("a", "bash", `{"cmd": "ls"}`), agenttest.Call("b", "bash", `{"cmd":`)),
		priced,
		agenttest.Text("again"),
	)
	path := filepath.Join(t.TempDir(), "r.jsonl")
	rec, err := Record(path, script)
	if err != nil {
		t.Fatal(err)
	}
	steps := [][]agent.Message{
		{system("be brief"), user("look")},
		{result("a", "x\n"), result("b", "[error] malformed")},
		{user("and now?")},
	}
	want := converse(t, rec, steps...)
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}

	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(raw), "look"); n != 2 { // the prompt and "I look."
		t.Errorf("only new messages belong in a line:\n%s", raw)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, converse(t, p, steps...)); diff != "" {
		t.Errorf("replies (-recorded +played):\n%s", diff)
	}
}

func TestRecordingGoesOnInAnExistingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	for i := range 3 {
		rec, err := Record(path, agenttest.Script(agenttest.Text(fmt.Sprintf("reply %d", i)), agenttest.Text("bye")))
		if err != nil {
			t.Fatal(err)
		}
		converse(t, rec, []agent.Message{user(fmt.Sprintf("hello %d", i))}, []agent.Message{user("bye")})
		if err := rec.Close(); err != nil {
			t.Fatal(err)
		}
		if i == 1 { // a crash in mid-line
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, append(raw, `{"after":3,"mess`...), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		got := converse(t, p, []agent.Message{user(fmt.Sprintf("hello %d", i))}, []agent.Message{user("bye")})
		if got[0].Message.Content != fmt.Sprintf("reply %d", i) || got[1].Message.Content != "bye" {
			t.Errorf("conversation %d: %+v", i, got)
		}
	}
}

func TestRecordLeavesOtherFilesAlone(t *testing.T) {
	for name, content := range map[string]string{"source": "package main\n", "json": `{"a":1}` + "\n", "no line break": "notes"} {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Record(path, agenttest.Script()); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", name, err)
		}
		if raw, err := os.ReadFile(path); err != nil || string(raw) != content {
			t.Errorf("%s: the file is now %q (%v)", name, raw, err)
		}
	}
	if _, err := Record(t.TempDir(), agenttest.Script()); err == nil {
		t.Error("a directory was taken")
	}
}

// The format of the package's documentation, in several liberties.
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
	first, err := p.Chat(t.Context(), agent.Request{Messages: []agent.Message{system("any"), user("list")}}, func(d agent.Delta) { reasoning += d.Reasoning })
	if err != nil {
		t.Fatal(err)
	}
	want := []agent.ToolCall{{ID: "call_3_1", Name: "bash", Arguments: `{"cmd":"ls"}`}, {ID: "call_3_2", Name: "stop", Arguments: "{}"}}
	if diff := cmp.Diff(want, first.Message.ToolCalls); diff != "" || first.Finish != agent.FinishTools || reasoning != "hm hm" {
		t.Errorf("finish %q, reasoning %q, calls (-want +got):\n%s", first.Finish, reasoning, diff)
	}
	got := converse(t, p,
		[]agent.Message{system("another"), user("list")},
		[]agent.Message{result("call_3_1", "a.txt"), result("call_3_2", "whatever it says")},
		[]agent.Message{user("thanks")})
	if got[1].Message.Content != "One file." || got[2].Message.Content != "Welcome." || got[2].Finish != agent.FinishStop {
		t.Errorf("replies %+v", got)
	}
	if got := converse(t, p, []agent.Message{user("other")}); got[0].Finish != agent.FinishLength {
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
		msgs []agent.Message
		want DivergenceError
	}{
		"content, shortened": {
			[]agent.Message{system("s"), user("list"), call, result("a", long+"è2"+long)},
			DivergenceError{Line: 2, Index: 3, Role: "tool", What: "content differs", Recorded: `…"` + long[:30] + "é1" + long[:57] + `"…`, Came: `…"` + long[:30] + "è2" + long[:57] + `"…`},
		},
		"the nearest line": {
			[]agent.Message{system("S"), user("lisp")},
			DivergenceError{Line: 1, Index: 1, Role: "user", What: "content differs", Recorded: `"list"`, Came: `"lisp"`},
		},
		"role":        {[]agent.Message{user("list"), call, user("stop")}, DivergenceError{Line: 2, Index: 2, Role: "user", What: "role differs", Recorded: `"tool ` + long[:55] + `"…`, Came: `"user stop"`}},
		"call id":     {[]agent.Message{user("list"), call, result("b", tool.Content)}, DivergenceError{Line: 2, Index: 2, Role: "tool", What: "toolCallId differs", Recorded: `"a"`, Came: `"b"`}},
		"arguments":   {[]agent.Message{user("list"), otherCall, tool}, DivergenceError{Line: 1, Index: 1, Role: "assistant", What: "arguments of tool call 1 differ", Recorded: `"{\"cmd\":\"ls\"}"`, Came: `"{\"cmd\":\"rm\"}"`}},
		"too few":     {[]agent.Message{user("list"), call, tool}, DivergenceError{Line: 2, Index: 3, What: "no more messages came", Recorded: `"user more"`}},
		"too many":    {[]agent.Message{user("list"), call, tool, user("more"), agenttest.Text("Fine.").Message, user("and?")}, DivergenceError{Line: 2, Index: 5, Role: "user", What: "the recording ends there", Came: `"user and?"`}},
		"ends early":  {[]agent.Message{user("list"), call}, DivergenceError{Line: 1, Index: 2, What: "no message is new after this reply"}},
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

func TestErrorsPlayAgain(t *testing.T) {
	failures := []error{
		&agent.ProviderError{HTTPStatus: 503, RetryAfter: 1500 * time.Millisecond, Retryable: true, Message: "down"},
		&agent.ProviderError{HTTPStatus: 400, Message: "too long", Err: agent.ErrContextOverflow},
		fmt.Errorf("%w: set OPENAI_API_KEY", agent.ErrAuthRequired),
		errors.New("strange"),
	}
	var buf bytes.Buffer
	i := 0
	rec := NewRecorder(agenttest.Func(func(_ context.Context, _ agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
		i++
		if i > len(failures) {
			return agent.Reply{Message: agent.Message{Role: agent.RoleAssistant}, Finish: agent.FinishStop}, nil
		}
		emit(agent.Delta{Text: "par"})
		return agent.Reply{Message: agent.Message{Role: agent.RoleAssistant, Content: "par"}}, failures[i-1]
	}), &buf)
	for range failures {
		_, _ = ask(t, rec, user("x"))
	}
	if _, err := ask(t, rec, user("x")); err != nil {
		t.Fatal(err)
	}
	p, err := Parse(&buf)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range failures {
		r, got := ask(t, p, user("x"))
		if got == nil || got.Error() != want.Error() || r.Message.Content != "par" {
			t.Errorf("played %v with %q, recorded %v", got, r.Message.Content, want)
		}
		for _, class := range []error{agent.ErrContextOverflow, agent.ErrAuthRequired} {
			if errors.Is(got, class) != errors.Is(want, class) {
				t.Errorf("%v: is %v differs", got, class)
			}
		}
		var a, b *agent.ProviderError
		if errors.As(want, &a) && (!errors.As(got, &b) || a.RetryAfter != b.RetryAfter || a.Retryable != b.Retryable || a.HTTPStatus != b.HTTPStatus) {
			t.Errorf("played %+v, recorded %+v", b, a)
		}
	}
	if _, err := ask(t, p, user("x")); err != nil {
		t.Errorf("after the errors: %v", err)
	}
}

// A parent and its tasks, all at once, through one file.
func TestManyConversationsAtOnce(t *testing.T) {
	const tasks, rounds = 8, 5
	run := func(m agent.Model, task int) error {
		history := []agent.Message{system("you are a task"), user(fmt.Sprintf("task %d", task%4))} // each twice
		for round := range rounds {
			r, err := m.Chat(t.Context(), agent.Request{Messages: history}, func(agent.Delta) {})
			if err != nil {
				return fmt.Errorf("task %d, round %d: %w", task, round, err)
			}
			if want := fmt.Sprintf("task %d after %d", task%4, len(history)); r.Message.Content != want {
				return fmt.Errorf("got %q, want %q", r.Message.Content, want)
			}
			history = append(history, r.Message, user(fmt.Sprint(round)))
		}
		return nil
	}
	all := func(m agent.Model) {
		var wg sync.WaitGroup
		for task := range tasks {
			wg.Go(func() {
				if err := run(m, task); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	var buf bytes.Buffer
	all(NewRecorder(agenttest.Func(func(_ context.Context, r agent.Request, _ func(agent.Delta)) (agent.Reply, error) {
		return agenttest.Text(fmt.Sprintf("%s after %d", r.Messages[1].Content, len(r.Messages))), nil
	}), &buf))
	if n := bytes.Count(buf.Bytes(), []byte("\n")); n != tasks*rounds+1 {
		t.Errorf("%d lines", n)
	}
	p, err := Parse(&buf)
	if err != nil {
		t.Fatal(err)
	}
	all(p)
	all(p) // and once more
}

func TestCancelledExchangeIsNotRecorded(t *testing.T) {
	var buf bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	rec := NewRecorder(agenttest.Func(func(ctx context.Context, _ agent.Request, _ func(agent.Delta)) (agent.Reply, error) {
		cancel()
		return agent.Reply{}, context.Cause(ctx)
	}), &buf)
	if _, err := rec.Chat(ctx, agent.Request{Messages: []agent.Message{user("x")}}, func(agent.Delta) {}); !errors.Is(err, context.Canceled) || buf.Len() != 0 {
		t.Errorf("error %v, recorded %q", err, buf.String())
	}
}

type brokenWriter struct{ writes int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	w.writes++
	if w.writes > 1 {
		return len(p) / 2, errors.New("disk full")
	}
	return len(p), nil
}

func TestFailedWriteIsSaidAndNothingFollows(t *testing.T) {
	w := &brokenWriter{}
	rec := NewRecorder(agenttest.Script(agenttest.Calls("", agenttest.Call("a", "bash", "{}")), agenttest.Text("y")), w)
	for range 2 {
		r, err := rec.Chat(t.Context(), agent.Request{Messages: []agent.Message{user("x")}}, func(agent.Delta) {})
		if err == nil || !strings.Contains(err.Error(), "disk full") || len(r.Message.ToolCalls) != 0 {
			t.Errorf("reply %+v, error %v", r, err)
		}
	}
	if w.writes != 2 {
		t.Errorf("%d writes", w.writes)
	}
}

func TestPlayStopsWithItsContext(t *testing.T) {
	p := parse(t, `{"messages":[{"role":"user"}],"reply":{"message":{"content":"one two three"}}}`)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	r, err := p.Chat(ctx, agent.Request{Messages: []agent.Message{user("x")}}, func(agent.Delta) { cancel(cause) })
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
		for _, msgs := range [][]agent.Message{nil, {user("")}, {system(""), user("x")}, {user(""), {Role: agent.RoleAssistant}, user("")}} {
			_, _ = p.Chat(t.Context(), agent.Request{Messages: msgs}, func(agent.Delta) {})
		}
	})
}
