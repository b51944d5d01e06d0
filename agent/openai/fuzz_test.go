package openai

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/agent"
)

// For any stream, go-openai gets `data: …` lines only and none that it would
// handle itself, and the assembler does not panic.
func FuzzStream(f *testing.F) {
	f.Add([]byte(hello + calls(`[{"id":"a","function":{"name":"x","arguments":"{}"}}]`) + stop + done))
	f.Add([]byte(": c\r\nevent: error\r\ndata:{\"message\":\"x\"}\r\n\r\n{\"error\":1}\n[DONE]"))
	f.Add([]byte("\uFEFFdata: {\"error\":{\"code\":429}}\ndata: {\"choices\":[{\"delta\":{\"content\":[{\"text\":1}]}}]}"))
	f.Add([]byte(calls(`[{"index":-1},{"index":9999999,"function":{"arguments":{}}},{}]`)))
	m, err := New(Options{BaseURL: "http://127.0.0.1", APIKey: testKey})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		quiet := newSilence(time.Hour, func() {})
		body := newEventBody(bufio.NewReaderSize(bytes.NewReader(raw), 16), io.NopCloser(nil), quiet)
		out, err := io.ReadAll(body)
		if err != nil {
			t.Fatalf("a stream that ended well gave %v", err)
		}
		a := assembler{emit: func(agent.Delta) {}}
		for line := range strings.Lines(string(out)) {
			payload, ok := strings.CutPrefix(line, "data: ")
			if !ok || strings.HasPrefix(payload, `{"error"`) || !strings.HasSuffix(line, "\n") || strings.TrimSpace(payload) == "" {
				t.Fatalf("line %q from %q", line, raw)
			}
			_ = m.feed([]byte(payload), &a) // any error will do
		}
		for _, c := range a.reply(1).Message.ToolCalls {
			if c.ID == "" || c.Arguments == "" {
				t.Fatalf("call %+v from %q", c, raw)
			}
		}
	})
}
