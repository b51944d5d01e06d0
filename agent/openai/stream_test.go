package openai

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
)

type serve = func(http.ResponseWriter, agenttest.ServerRequest)

// raw answers with an event stream of exactly these pieces, each sent at once.
func raw(pieces ...string) serve {
	return func(w http.ResponseWriter, _ agenttest.ServerRequest) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		for _, p := range pieces {
			agenttest.WriteRaw(w, p)
		}
	}
}

const (
	hello  = `data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"hello"}}]}` + "\n\n"
	stop   = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	finish = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}` + "\n\n"
	done   = "data: [DONE]\n\n"
)

// calls makes an event with the given tool_calls array.
func calls(array string) string {
	return `data: {"choices":[{"index":0,"delta":{"tool_calls":` + array + `}}]}` + "\n\n"
}

func TestStreamSpellings(t *testing.T) {
	comments := strings.Repeat(": keep-alive\n\n", 2000)
	for name, tc := range map[string]struct {
		pieces []string
		want   string
		think  string
	}{
		"CRLF":                       {[]string{strings.ReplaceAll(hello+stop+done, "\n", "\r\n")}, "hello", ""},
		"no space after data":        {[]string{strings.ReplaceAll(hello+stop+done, "data: ", "data:")}, "hello", ""},
		"no blank lines":             {[]string{strings.ReplaceAll(hello+hello+stop+done, "\n\n", "\n")}, "hellohello", ""},
		"byte order mark":            {[]string{"\uFEFF" + hello + stop + done}, "hello", ""},
		"many comments":              {[]string{comments, hello, comments, stop, comments, done}, "hello", ""},
		"other fields":               {[]string{"id: 1\nevent: message\nretry: 5\n" + hello + stop + done}, "hello", ""},
		"split UTF-8":                {[]string{`data: {"choices":[{"delta":{"content":"h` + "\xc3", "\xa9llo \xf0\x9f", "\x98\x80" + `"}}]}` + "\n\n" + stop + done}, "héllo 😀", ""},
		"no DONE":                    {[]string{hello + stop}, "hello", ""},
		"no last line break":         {[]string{hello, strings.TrimSpace(stop)}, "hello", ""},
		"null error":                 {[]string{`data: {"error":null,"choices":[{"delta":{"content":"hello"}}]}` + "\n\n" + stop + done}, "hello", ""},
		"other choices":              {[]string{hello + `data: {"choices":[{"index":1,"delta":{"content":"no"}}]}` + "\n\n" + stop + done}, "hello", ""},
		"refusal":                    {[]string{`data: {"choices":[{"delta":{"refusal":"I will not"}}]}` + "\n\n" + stop + done}, "I will not", ""},
		"reasoning":                  {[]string{`data: {"choices":[{"delta":{"reasoning":"hm","content":null}}]}` + "\n\n" + hello + stop + done}, "hello", "hm"},
		"reasoning_content":          {[]string{`data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}` + "\n\n" + hello + stop + done}, "hello", "hm"},
		"reasoning under both names": {[]string{`data: {"choices":[{"delta":{"reasoning":"hm","reasoning_content":"hm"}}]}` + "\n\n" + hello + stop + done}, "hello", "hm"},
		"content in parts":           {[]string{`data: {"choices":[{"delta":{"content":[{"type":"thinking","thinking":[]},{"type":"text","text":"hello"}]}}]}` + "\n\n" + stop + done}, "hello", ""},
		"fields of other types":      {[]string{`data: {"usage":{"prompt_tokens":"many"},"choices":[{"delta":{"content":"hello"}}]}` + "\n\n" + stop + done}, "hello", ""},
		"a line over the buffer":     {[]string{`data: {"choices":[{"delta":{"content":"` + strings.Repeat("x", 100_000) + `"}}]}` + "\n\n" + stop + done}, strings.Repeat("x", 100_000), ""},
		"empty reply":                {[]string{stop + done}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			srv := agenttest.Server(t, raw(tc.pieces...))
			got := chat(t, t.Context(), newModel(t, srv.URL), agent.Request{})
			if got.err != nil {
				t.Fatal(got.err)
			}
			if got.reply.Message.Content != tc.want || got.text != tc.want || got.reasoning != tc.think {
				t.Errorf("reply %.100q, deltas %.100q, reasoning %q", got.reply.Message.Content, got.text, got.reasoning)
			}
			if got.reply.Finish != agent.FinishStop {
				t.Errorf("finish %q", got.reply.Finish)
			}
		})
	}
}

func TestToolCallDeltas(t *testing.T) {
	call := agenttest.Call
	for name, tc := range map[string]struct {
		stream string
		want   []agent.ToolCall
	}{
		"interleaved by index": {
			calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":""}},{"index":1,"id":"b","function":{"name":"y","arguments":""}}]`) +
				calls(`[{"index":1,"function":{"arguments":"{\"k\":"}},{"index":0,"function":{"arguments":"{\"i\":"}}]`) +
				calls(`[{"index":0,"function":{"arguments":"1}"}}]`) + calls(`[{"index":1,"function":{"arguments":"2}"}}]`),
			[]agent.ToolCall{call("a", "x", `{"i":1}`), call("b", "y", `{"k":2}`)},
		},
		"no index, ids": {
			calls(`[{"id":"a","function":{"name":"x","arguments":"{}"}}]`) + calls(`[{"id":"b","function":{"name":"y","arguments":"{\"k\":"}}]`) +
				calls(`[{"id":"b","function":{"arguments":"2}"}}]`),
			[]agent.ToolCall{call("a", "x", `{}`), call("b", "y", `{"k":2}`)},
		},
		"no index, id only at the beginning": {
			calls(`[{"id":"a","function":{"name":"x","arguments":"{\"i\""}}]`) + calls(`[{"function":{"arguments":":1}"}}]`) +
				calls(`[{"id":"b","function":{"name":"y","arguments":"{\"k\""}}]`) + calls(`[{"function":{"arguments":":2}"}}]`),
			[]agent.ToolCall{call("a", "x", `{"i":1}`), call("b", "y", `{"k":2}`)},
		},
		"no index, no ids, whole calls": {
			calls(`[{"function":{"name":"x","arguments":"{}"}},{"function":{"name":"x","arguments":"{\"n\":2}"}}]`),
			[]agent.ToolCall{call("call_1_0", "x", `{}`), call("call_1_1", "x", `{"n":2}`)},
		},
		"no index, no ids, by position": {
			calls(`[{"function":{"name":"x"}},{"function":{"name":"y"}}]`) + calls(`[{"function":{"arguments":"{}"}},{"function":{"arguments":"{\"n\":2}"}}]`),
			[]agent.ToolCall{call("call_1_0", "x", `{}`), call("call_1_1", "y", `{"n":2}`)},
		},
		"every index 0": {
			calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}}]`) + calls(`[{"index":0,"id":"b","function":{"name":"y","arguments":"{\"k\":"}}]`) +
				calls(`[{"index":0,"function":{"arguments":"2}"}}]`),
			[]agent.ToolCall{call("a", "x", `{}`), call("b", "y", `{"k":2}`)},
		},
		"id and name repeated": {
			calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":"{\"i\""}}]`) + calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":":1}"}}]`),
			[]agent.ToolCall{call("a", "x", `{"i":1}`)},
		},
		"one id for two calls": {
			calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}},{"index":1,"id":"a","function":{"name":"y","arguments":"{}"}}]`),
			[]agent.ToolCall{call("a", "x", `{}`), call("call_1_1", "y", `{}`)},
		},
		"arguments as an object": {
			calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":{"i":[1,2]}}}]`),
			[]agent.ToolCall{call("a", "x", `{"i":[1,2]}`)},
		},
		"no arguments": {
			calls(`[{"index":0,"id":"a","function":{"name":"x"}}]`),
			[]agent.ToolCall{call("a", "x", `{}`)},
		},
		"malformed arguments stay": {
			calls(`[{"index":0,"id":"a","function":{"name":"x","arguments":"{\"cmd\": ls"}}]`),
			[]agent.ToolCall{call("a", "x", `{"cmd": ls`)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, end := range []string{finish, stop} { // some providers say stop for both
				srv := agenttest.Server(t, raw(tc.stream+end+done))
				got := chat(t, t.Context(), newModel(t, srv.URL), agent.Request{})
				if got.err != nil {
					t.Fatal(got.err)
				}
				if diff := cmp.Diff(tc.want, got.reply.Message.ToolCalls); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
				if got.reply.Finish != agent.FinishTools {
					t.Errorf("finish %q", got.reply.Finish)
				}
			}
		})
	}
}

// hangUp sends some events, then resets the connection.
func hangUp(events string) serve {
	return func(w http.ResponseWriter, r agenttest.ServerRequest) {
		raw(events)(w, r)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// silent sends some events, then nothing until the client goes.
func silent(events string) serve {
	return func(w http.ResponseWriter, r agenttest.ServerRequest) {
		if events != "" {
			raw(events)(w, r)
		}
		<-r.Gone
	}
}

func TestFailedStreams(t *testing.T) {
	half := hello + calls(`[{"index":0,"id":"a","function":{"name":"bash","arguments":"{\"cmd\":\"rm -rf x\"}"}}]`)
	for name, tc := range map[string]struct {
		serve   serve
		message string // in the error
		retried bool
		partial string
		is      error
	}{
		"cut cleanly":                   {raw(half), "finish_reason", true, "hello", nil},
		"cut in an event":               {raw(half, `data: {"choices":[{"del`), "finish_reason", true, "hello", nil},
		"DONE without a finish":         {raw(half + done), "finish_reason", true, "hello", nil},
		"reset":                         {hangUp(half), "broke off", true, "hello", nil},
		"silent":                        {silent(half), "sent nothing for", true, "hello", nil},
		"silent from the beginning":     {silent(""), "sent nothing for", true, "", nil},
		"garbage":                       {raw(half + "data: {]\n\n" + stop), "not JSON", true, "hello", nil},
		"error event":                   {raw(half + `data: {"error":{"message":"The server had an error","type":"server_error"}}` + "\n\n" + stop + done), "The server had an error", true, "hello", nil},
		"error event after comments":    {raw(": wait\n\n" + half + `data: {"error":{"message":"boom","code":502}}` + "\n\n" + done), "boom", true, "hello", nil},
		"error event, other spacing":    {raw(half + `data:  { "error" : {"message":"boom"} }` + "\n\n"), "boom", true, "hello", nil},
		"error event, text":             {raw(half + `data: {"error":"boom"}` + "\n\n"), "boom", true, "hello", nil},
		"error event, error comes last": {raw(half + `data: {"id":"x","choices":[{"delta":{},"finish_reason":"error"}],"error":{"code":502,"message":"boom"}}` + "\n\n"), "boom", true, "hello", nil},
		"error by the event's name":     {raw(half + "event: error\n" + `data: {"message":"boom","type":"overloaded_error"}` + "\n\n"), "boom", true, "hello", nil},
		"error as the object":           {raw(half + `data: {"object":"error","message":"boom","code":500}` + "\n\n"), "boom", true, "hello", nil},
		"error without framing":         {raw(half + `{"error":{"message":"boom"}}` + "\n"), "boom", true, "hello", nil},
		"error finish":                  {raw(half + `data: {"choices":[{"delta":{},"finish_reason":"error"}]}` + "\n\n" + done), "finish_reason error", true, "hello", nil},
		"error event of the client":     {raw(half + `data: {"error":{"message":"bad tool schema","type":"invalid_request_error"}}` + "\n\n"), "bad tool schema", false, "hello", nil},
		"error event, context":          {raw(`data: {"error":{"message":"too long","code":"context_length_exceeded"}}` + "\n\n"), "too long", false, "", agent.ErrContextOverflow},
		"stray text":                    {raw("upstream has gone away\n\n"), "upstream has gone away", true, "", nil},
		"an endless line":               {raw(half, "data: "+strings.Repeat("x", maxEventBytes+1)), "too large", false, "hello", nil},
	} {
		t.Run(name, func(t *testing.T) {
			srv := agenttest.Server(t, tc.serve, tc.serve)
			m := newModel(t, srv.URL, func(o *Options) { o.Retries = 1; o.IdleTimeout = 150 * time.Millisecond })
			got := chat(t, t.Context(), m, agent.Request{})
			pe := got.provider(t)
			if !strings.Contains(pe.Message, tc.message) || !strings.Contains(pe.Message, srv.URL) && tc.message != "too large" {
				t.Errorf("message %q does not say %q", pe.Message, tc.message)
			}
			if tc.is != nil && !errors.Is(got.err, tc.is) {
				t.Errorf("%v is not %v", got.err, tc.is)
			}
			if pe.Retryable != tc.retried || (len(got.retries) == 1) != tc.retried {
				t.Errorf("retryable %v, retries %+v; want %v", pe.Retryable, got.retries, tc.retried)
			}
			if got.reply.Message.Content != tc.partial || len(got.reply.Message.ToolCalls) != 0 || got.reply.Finish != "" {
				t.Errorf("partial reply is %+v", got.reply)
			}
		})
	}
}

func TestCutStreamIsRetried(t *testing.T) {
	srv := agenttest.Server(t, hangUp(hello), raw(hello), agenttest.Text("whole reply"))
	got := chat(t, t.Context(), newModel(t, srv.URL), agent.Request{})
	if got.err != nil {
		t.Fatal(got.err)
	}
	if got.reply.Message.Content != "whole reply" || got.text != "whole reply" {
		t.Errorf("reply %q, deltas after the last retry %q", got.reply.Message.Content, got.text)
	}
	if len(got.retries) != 2 || got.retries[0].Attempt != 1 || got.retries[1].Attempt != 2 || got.retries[0].Reason == "" {
		t.Errorf("retries %+v", got.retries)
	}
}

// The reply is whole with its finish reason, whatever becomes of the rest.
func TestStreamBrokenBehindTheFinish(t *testing.T) {
	for name, s := range map[string]serve{"reset": hangUp(hello + stop), "silent": silent(hello + stop), "error": raw(hello + stop + `data: {"error":"late"}` + "\n\n")} {
		t.Run(name, func(t *testing.T) {
			srv := agenttest.Server(t, s)
			m := newModel(t, srv.URL, func(o *Options) { o.IdleTimeout = 150 * time.Millisecond })
			got := chat(t, t.Context(), m, agent.Request{})
			if got.err != nil || got.reply.Message.Content != "hello" {
				t.Errorf("reply %+v, error %v", got.reply, got.err)
			}
		})
	}
}

// A client that is slow to take what came must not look like a silent endpoint.
func TestSlowReaderIsNotSilence(t *testing.T) {
	srv := agenttest.Server(t, raw(hello, hello, stop, done))
	m := newModel(t, srv.URL, func(o *Options) { o.IdleTimeout = 50 * time.Millisecond; o.Retries = -1 })
	_, err := m.Chat(t.Context(), agent.Request{Messages: []agent.Message{{Role: agent.RoleUser, Content: "hi"}}}, func(agent.Delta) {
		time.Sleep(120 * time.Millisecond)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCancelDuringTheStream(t *testing.T) {
	srv := agenttest.Server(t, silent(hello))
	m := newModel(t, srv.URL)
	cause := errors.New("the user said so")
	ctx, cancel := context.WithCancelCause(t.Context())
	reply, err := m.Chat(ctx, agent.Request{Messages: []agent.Message{{Role: agent.RoleUser, Content: "hi"}}}, func(agent.Delta) { cancel(cause) })
	if !errors.Is(err, cause) || reply.Message.Content != "hello" {
		t.Errorf("reply %+v, error %v; want the partial text and the cause", reply, err)
	}
}

func TestDeadlineIsItsCause(t *testing.T) {
	for name, s := range map[string]serve{"before the headers": silent(""), "in the stream": silent(hello)} {
		t.Run(name, func(t *testing.T) {
			srv := agenttest.Server(t, s)
			limit := 100 * time.Millisecond
			ctx, cancel := context.WithTimeoutCause(t.Context(), limit, &agent.TimeoutError{Limit: limit})
			defer cancel()
			got := chat(t, ctx, newModel(t, srv.URL), agent.Request{})
			var te *agent.TimeoutError
			if !errors.As(got.err, &te) {
				t.Errorf("got %v", got.err)
			}
		})
	}
}
