package openai

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

// BenchmarkRelay20000Deltas measures one reply of 20,000 events over a real
// connection; the aim for the whole program is 250 ms.
func BenchmarkRelay20000Deltas(b *testing.B) {
	const deltas = 20_000
	chunk := `data: {"id":"chatcmpl-123456789","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4.1-mini","system_fingerprint":"fp_0123456789","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}]}` + "\n\n"
	stream := strings.Repeat(chunk, deltas) + stop + done
	srv := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		agenttest.WriteRaw(w, stream)
	})
	server := httptest.NewServer(srv)
	defer server.Close()
	m := newModel(b, server.URL)
	req := agent.Request{Messages: []event.Message{{Role: event.RoleUser, Content: "hi"}}}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		if _, err := m.Chat(b.Context(), req, func(agent.Delta) { n++ }); err != nil || n != deltas {
			b.Fatalf("%d deltas, %v", n, err)
		}
	}
}

// BenchmarkRequest measures the writing of a long conversation.
func BenchmarkRequest(b *testing.B) {
	var req agent.Request
	for range 200 {
		req.Messages = append(req.Messages,
			agenttest.Calls("", agenttest.Call("c", "bash", `{"cmd":"`+strings.Repeat("x", 200)+`"}`)).Message,
			event.Message{Role: event.RoleTool, ToolCallID: "c", Content: strings.Repeat("output\n", 300)})
	}
	b.ReportAllocs()
	for b.Loop() {
		wireRequest(req)
	}
}
