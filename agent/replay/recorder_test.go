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
	"github.com/pygent/pygent/agent/event"
)

func TestRoundTrip(t *testing.T) {
	cost := 0.5
	priced := agenttest.Text("done <b> & ünïcödé\n")
	priced.Usage = event.Usage{InputTokens: 7, OutputTokens: 3, CachedTokens: 2, CostUSD: &cost}
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
	steps := [][]event.Message{
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

// TestRoundTripOfWhatJSONCannotHold: a custom model may return any bytes, and its
// recording recognises the same conversation.
func TestRoundTripOfWhatJSONCannotHold(t *testing.T) {
	odd := agenttest.Calls("a\xff\xfeb", event.ToolCall{ID: "i\xff", Name: "n\xff", Arguments: ""}, event.ToolCall{Name: "stop", Arguments: "{\"x\xe2\x82"})
	var file bytes.Buffer
	rec := NewRecorder(agenttest.Script(odd, agenttest.Text("done")), &file)
	first := []event.Message{user("look\xff at")}
	second := append(first, odd.Message, result("i\xff", "\x80\x80"), result("", "ok"))
	for _, msgs := range [][]event.Message{first, second} {
		if _, err := ask(t, rec, msgs...); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Parse(&file)
	if err != nil {
		t.Fatal(err)
	}
	for i, msgs := range [][]event.Message{first, second} {
		if _, err := ask(t, p, msgs...); err != nil {
			t.Errorf("request %d: %v", i+1, err)
		}
	}
	second[1].ToolCalls = []event.ToolCall{{ID: "i\xff", Name: "n\xff", Arguments: `{"a":1}`}, odd.Message.ToolCalls[1]}
	if _, err := ask(t, p, second...); err == nil {
		t.Error("other arguments match")
	}
}

func TestRecordingGoesOnInAnExistingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	for i := range 3 {
		rec, err := Record(path, agenttest.Script(agenttest.Text(fmt.Sprintf("reply %d", i)), agenttest.Text("bye")))
		if err != nil {
			t.Fatal(err)
		}
		converse(t, rec, []event.Message{user(fmt.Sprintf("hello %d", i))}, []event.Message{user("bye")})
		if err := rec.Close(); err != nil {
			t.Fatal(err)
		}
		if i == 1 { // a crash in the middle of a line
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
		got := converse(t, p, []event.Message{user(fmt.Sprintf("hello %d", i))}, []event.Message{user("bye")})
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
			return agent.Reply{Message: event.Message{Role: event.RoleAssistant}, Finish: agent.FinishStop}, nil
		}
		emit(agent.Delta{Text: "par"})
		return agent.Reply{Message: event.Message{Role: event.RoleAssistant, Content: "par"}}, failures[i-1]
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
		history := []event.Message{system("you are a task"), user(fmt.Sprintf("task %d", task%4))} // each twice
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
	if _, err := rec.Chat(ctx, agent.Request{Messages: []event.Message{user("x")}}, func(agent.Delta) {}); !errors.Is(err, context.Canceled) || buf.Len() != 0 {
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
		r, err := rec.Chat(t.Context(), agent.Request{Messages: []event.Message{user("x")}}, func(agent.Delta) {})
		if err == nil || !strings.Contains(err.Error(), "disk full") || len(r.Message.ToolCalls) != 0 {
			t.Errorf("reply %+v, error %v", r, err)
		}
	}
	if w.writes != 2 {
		t.Errorf("%d writes", w.writes)
	}
}
