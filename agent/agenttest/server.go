package agenttest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
)

// maxRequestBytes bounds what the server reads of one request.
const maxRequestBytes = 64 << 20

// Status is a script entry of [Server]: a plain HTTP answer.
type Status struct {
	Code   int
	Header map[string]string // Content-Type is application/json unless named here
	Body   string
}

// ServerRequest is a request that the server got.
type ServerRequest struct {
	Path   string
	Remote string // the client's address: distinguishes connections
	Header http.Header
	Body   []byte
	Gone   <-chan struct{} // closed when the client has gone

	// From the body:
	Model    string
	Messages []WireMessage
	Tools    []string // names
}

// WireMessage is a message in OpenAI's chat API.
type WireMessage struct {
	Role       event.Role `json:"role"`
	Content    *string    `json:"content"` // nil when absent or null
	ToolCallID string     `json:"tool_call_id"`
	ToolCalls  []struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Function struct {
			Name      string  `json:"name"`
			Arguments *string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

// SSEServer is an HTTP server that answers in OpenAI's chat API by a script.
type SSEServer struct {
	URL string // base URL, with the /v1 that OPENAI_BASE_URL has

	server  *httptest.Server
	entries []any

	mu       sync.Mutex
	requests []ServerRequest
}

// Server starts a server that answers its n-th chat request with the n-th
// entry: an [agent.Reply] (streamed), a [Status], or a
// func(http.ResponseWriter, ServerRequest). A request beyond the last entry is
// answered 400. The server is closed with the test.
func Server(t testing.TB, entries ...any) *SSEServer {
	t.Helper()
	for i, e := range entries {
		switch e.(type) {
		case agent.Reply, Status, func(http.ResponseWriter, ServerRequest):
		default:
			t.Fatalf("agenttest: server entry %d is a %T, not a Reply, a Status or a func(http.ResponseWriter, ServerRequest)", i+1, e)
		}
	}
	s := &SSEServer{entries: entries}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.server.URL + "/v1"
	t.Cleanup(func() {
		s.server.CloseClientConnections() // a handler may be waiting for its client to leave
		s.server.Close()
	})
	return s
}

// Requests returns the requests so far, oldest first.
func (s *SSEServer) Requests() []ServerRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *SSEServer) serve(w http.ResponseWriter, r *http.Request) {
	got, err := readRequest(r)
	if err != nil {
		writeStatus(w, Status{Code: http.StatusBadRequest, Body: errorBody(err.Error())})
		return
	}
	s.mu.Lock()
	n := len(s.requests)
	s.requests = append(s.requests, got)
	s.mu.Unlock()
	if n >= len(s.entries) {
		writeStatus(w, Status{Code: http.StatusBadRequest, Body: errorBody(fmt.Sprintf("request %d, but the script has %d entries", n+1, len(s.entries)))})
		return
	}
	switch e := s.entries[n].(type) {
	case agent.Reply:
		WriteReply(w, e)
	case Status:
		writeStatus(w, e)
	case func(http.ResponseWriter, ServerRequest):
		e(w, got)
	}
}

func readRequest(r *http.Request) (ServerRequest, error) {
	got := ServerRequest{Path: r.URL.Path, Remote: r.RemoteAddr, Gone: r.Context().Done(), Header: r.Header.Clone()}
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/chat/completions") {
		return got, fmt.Errorf("%s %s is not POST …/chat/completions", r.Method, r.URL.Path)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBytes))
	if err != nil {
		return got, fmt.Errorf("read request: %w", err)
	}
	var wire struct {
		Model    string        `json:"model"`
		Messages []WireMessage `json:"messages"`
		Tools    []struct {
			Function struct {
				Name string `json:"name"`
			} `json:"function"`
		} `json:"tools"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return got, fmt.Errorf("decode request: %w", err)
	}
	got.Body, got.Model, got.Messages = body, wire.Model, wire.Messages
	for _, t := range wire.Tools {
		got.Tools = append(got.Tools, t.Function.Name)
	}
	return got, nil
}

func writeStatus(w http.ResponseWriter, s Status) {
	w.Header().Set("Content-Type", "application/json")
	for k, v := range s.Header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(s.Code)
	_, _ = io.WriteString(w, s.Body) // the client may be gone, which the test may intend
}

func errorBody(message string) string {
	raw, err := json.Marshal(map[string]any{"error": map[string]string{"message": "agenttest: " + message, "type": "invalid_request_error"}})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(raw)
}
