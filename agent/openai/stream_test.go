package openai

import (
	"net/http"
	"strings"
	"testing"

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
