package openai

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

const testKey = "sk-test-0123456789abcdef"

// newModel makes a model for a test server, with very short waits before retries.
func newModel(t testing.TB, baseURL string, change ...func(*Options)) *Model {
	t.Helper()
	o := Options{BaseURL: baseURL, APIKey: testKey, Model: "test-model"}
	for _, c := range change {
		c(&o)
	}
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	m.firstDelay = time.Millisecond
	t.Cleanup(m.Close)
	return m
}

// outcome is what one Chat did.
type outcome struct {
	reply     agent.Reply
	err       error
	text      string // all text deltas since the last retry
	reasoning string
	retries   []agent.Retry
}

func chat(t testing.TB, ctx context.Context, m *Model, req agent.Request) outcome { //nolint:revive // t first is the custom of tests
	t.Helper()
	if req.Messages == nil {
		req.Messages = []event.Message{{Role: event.RoleUser, Content: "hi"}}
	}
	var o outcome
	o.reply, o.err = m.Chat(ctx, req, func(d agent.Delta) {
		switch {
		case d.Retry != nil:
			o.retries = append(o.retries, *d.Retry)
			o.text = ""
		default:
			o.text += d.Text
			o.reasoning += d.Reasoning
		}
	})
	if o.err != nil && strings.Contains(o.err.Error(), testKey) {
		t.Errorf("the error holds the key: %v", o.err)
	}
	return o
}

// provider returns the ProviderError in o.
func (o outcome) provider(t testing.TB) *agent.ProviderError {
	t.Helper()
	var pe *agent.ProviderError
	if !errors.As(o.err, &pe) {
		t.Fatalf("error is %v (%T), not a ProviderError", o.err, o.err)
	}
	return pe
}

func TestChatRelaysTextCallsAndUsage(t *testing.T) {
	cost := 0.25
	want := agenttest.Calls("I shall look. Ünïcödé.",
		agenttest.Call("c1", "bash", map[string]string{"cmd": "ls -la | grep 'ä' && echo done"}),
		agenttest.Call("c2", "write_file", map[string]string{"path": "a/b.txt", "content": "zwei\nZeilen"}))
	want.Usage = event.Usage{InputTokens: 100, OutputTokens: 20, CachedTokens: 60, CostUSD: &cost}
	srv := agenttest.Server(t, want)
	m := newModel(t, srv.URL)

	got := chat(t, t.Context(), m, agent.Request{
		Messages: []event.Message{
			{Role: event.RoleSystem, Content: "be brief"},
			{Role: event.RoleUser, Content: "look"},
		},
		Tools: []tools.Spec{{Name: "bash", Description: "runs", Parameters: []byte(`{"type":"object"}`)}, {Name: "stop"}},
	})
	if got.err != nil {
		t.Fatal(got.err)
	}
	if diff := cmp.Diff(want, got.reply); diff != "" {
		t.Errorf("reply (-want +got):\n%s", diff)
	}
	if got.text != want.Message.Content {
		t.Errorf("deltas are %q", got.text)
	}

	sent := srv.Requests()[0]
	if sent.Path != "/v1/chat/completions" || sent.Model != "test-model" || sent.Header.Get("Authorization") != "Bearer "+testKey {
		t.Errorf("sent path %q, model %q, authorization %q", sent.Path, sent.Model, sent.Header.Get("Authorization"))
	}
	if diff := cmp.Diff([]string{"bash", "stop"}, sent.Tools); diff != "" {
		t.Errorf("tools (-want +got):\n%s", diff)
	}
	for _, part := range []string{`"stream":true`, `"include_usage":true`, `"parameters":{"type":"object","properties":{}}`} {
		if !strings.Contains(string(sent.Body), part) {
			t.Errorf("the request lacks %s: %s", part, sent.Body)
		}
	}
}

func TestChatWithoutKeySendsNoAuthorization(t *testing.T) {
	srv := agenttest.Server(t, agenttest.Text("ok"))
	m := newModel(t, srv.URL, func(o *Options) { o.APIKey = "" })
	if got := chat(t, t.Context(), m, agent.Request{}); got.err != nil {
		t.Fatal(got.err)
	}
	if auth, there := srv.Requests()[0].Header["Authorization"]; there {
		t.Errorf("Authorization is %q", auth)
	}
}

func TestChatNeedsKeyOrBaseURL(t *testing.T) {
	m, err := New(Options{Model: "x"})
	if err != nil {
		t.Fatal(err)
	}
	got := chat(t, t.Context(), m, agent.Request{})
	if !errors.Is(got.err, agent.ErrAuthRequired) {
		t.Fatalf("got %v", got.err)
	}
	for _, name := range []string{"OPENAI_API_KEY", "OPENAI_BASE_URL"} {
		if !strings.Contains(got.err.Error(), name) {
			t.Errorf("%q does not name %s", got.err, name)
		}
	}
}

func TestNewRefusesBadSettings(t *testing.T) {
	for _, tc := range []struct{ url, key, names string }{
		{url: "localhost:11434/v1", names: "OPENAI_BASE_URL"},
		{url: "api.example.com", names: "OPENAI_BASE_URL"},
		{url: "ftp://host/v1", names: "OPENAI_BASE_URL"},
		{url: "http://", names: "OPENAI_BASE_URL"},
		{url: "http://ho st/", names: "OPENAI_BASE_URL"},
		{url: "https://user:hunter2@host/v1", names: "OPENAI_BASE_URL"},
		{url: "https://user:hunter2@ho st:x/v1", names: "OPENAI_BASE_URL"},
		{url: "https://host/v1?key=hunter2", names: "OPENAI_BASE_URL"},
		{url: "https://host/v1/chat/completions", names: "OPENAI_BASE_URL"},
		{key: "hunter2\nX-Evil: 1", names: "OPENAI_API_KEY"},
	} {
		_, err := New(Options{BaseURL: tc.url, APIKey: tc.key})
		if err == nil || !strings.Contains(err.Error(), tc.names) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("New(%q, %q) = %v; want an error that names %s and holds no secret", tc.url, tc.key, err, tc.names)
		}
	}
	for _, url := range []string{"", "http://127.0.0.1:11434/v1/", "HTTPS://host/v1", "https://[::1]:8080"} {
		if _, err := New(Options{BaseURL: url, APIKey: testKey + "\n"}); err != nil {
			t.Errorf("New(%q) = %v", url, err)
		}
	}
}

// go-openai refuses some of these with tools, by name.
func TestChatTakesAnyModelName(t *testing.T) {
	for _, name := range []string{"o1-mini", "o3", "gpt-5", "gpt-6-sol", "gpt-6-astra", "gpt-6.1-sol", "gpt-6-luna", "text-davinci-003", "code-davinci-002", "davinci", `odd "name" / ü`} {
		srv := agenttest.Server(t, agenttest.Text("ok"))
		got := chat(t, t.Context(), newModel(t, srv.URL), agent.Request{Model: name, Tools: []tools.Spec{{Name: "bash"}}})
		if got.err != nil {
			t.Errorf("%s: %v", name, got.err)
			continue
		}
		if sent := srv.Requests()[0].Model; sent != name {
			t.Errorf("sent model %q, want %q", sent, name)
		}
	}
}

func TestChatFillsWhatStrictServersWant(t *testing.T) {
	srv := agenttest.Server(t, agenttest.Text("ok"))
	got := chat(t, t.Context(), newModel(t, srv.URL), agent.Request{Messages: []event.Message{
		{Role: event.RoleSystem},
		{Role: event.RoleUser, Content: "go"},
		{Role: event.RoleAssistant, ToolCalls: []event.ToolCall{
			{ID: "1", Name: "stop"},
			{ID: "2", Name: "functions.bash", Arguments: `{"cmd": "ls`},
			{ID: "3", Name: "", Arguments: `[1]`},
		}},
		{Role: event.RoleTool, ToolCallID: "1"},
		{Role: event.RoleTool, ToolCallID: "2", Content: "malformed"},
		{Role: event.RoleTool, ToolCallID: "3", Content: "unknown"},
		{Role: event.RoleAssistant},
	}})
	if got.err != nil {
		t.Fatal(got.err)
	}
	msgs := srv.Requests()[0].Messages
	if len(msgs) != 6 || msgs[0].Role != event.RoleUser {
		t.Fatalf("an empty system message was sent: %+v", msgs)
	}
	var sent []string
	for _, c := range msgs[1].ToolCalls {
		sent = append(sent, c.Type+" "+c.Function.Name+" "+*c.Function.Arguments)
	}
	want := []string{`function stop {}`, `function functions_bash {"malformed_arguments":"{\"cmd\": \"ls"}`, `function unknown {"malformed_arguments":"[1]"}`}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if *msgs[2].Content != "(no output)" || *msgs[5].Content != "(no text)" {
		t.Errorf("empty contents became %q and %q", *msgs[2].Content, *msgs[5].Content)
	}
}

func TestChatReusesTheConnection(t *testing.T) {
	var remotes []string
	entries := make([]any, 3)
	for i := range entries {
		entries[i] = func(w http.ResponseWriter, r agenttest.ServerRequest) {
			agenttest.WriteReply(w, agenttest.Text("ok"))
		}
	}
	srv := agenttest.Server(t, entries...)
	m := newModel(t, srv.URL)
	for range entries {
		if got := chat(t, t.Context(), m, agent.Request{}); got.err != nil {
			t.Fatal(got.err)
		}
	}
	for _, r := range srv.Requests() {
		remotes = append(remotes, r.Remote)
	}
	if remotes[0] != remotes[1] || remotes[1] != remotes[2] {
		t.Errorf("connections came from %v", remotes)
	}
}
