package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/pygent/pygent/rpc"
)

// served is a running Server, and the number of its connections.
type served struct {
	*Server
	pages     *Pages
	connected atomic.Int32
}

// start serves until the test ends. Zero bounds take their defaults.
func start(t *testing.T, b bounds) *served {
	t.Helper()
	s := &served{pages: &Pages{patience: b.idle}}
	if b == (bounds{}) {
		b = defaults()
	}
	var err error
	s.Server, err = Listen(Options{Pages: s.pages, bounds: b, Connect: func() *rpc.Server {
		s.connected.Add(1)
		return rpc.NewServer(rpc.Options{Version: "test"})
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// dial opens the WebSocket as the page does.
func (s *served) dial(ctx context.Context, protocols ...string) (*websocket.Conn, *http.Response, error) {
	return websocket.Dial(ctx, "ws://"+s.host+"/rpc", &websocket.DialOptions{
		HTTPHeader:   http.Header{"Origin": {"http://" + s.host}},
		Subprotocols: protocols,
	})
}

// talkTo opens the WebSocket, or fails the test.
func (s *served) talkTo(t *testing.T, protocols ...string) *websocket.Conn {
	t.Helper()
	ws, res, err := s.dial(t.Context(), protocols...)
	if err != nil {
		t.Fatalf("%v (%v)", err, res)
	}
	ws.SetReadLimit(64 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() })
	if got := ws.Subprotocol(); got != protocolName {
		t.Errorf("the server chose the subprotocol %q", got)
	}
	return ws
}

// say sends a message and returns the next one.
func say(t *testing.T, ws *websocket.Conn, message string) map[string]any {
	t.Helper()
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
		t.Fatal(err)
	}
	return next(t, ws)
}

func next(t *testing.T, ws *websocket.Conn) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, data, err := ws.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

const hello = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{"experimental":{"pygent":{"approvals":true,"askUser":true}}}}}`

func TestSpeaksProtocol(t *testing.T) {
	s := start(t, bounds{})
	ws := s.talkTo(t, protocolName, tokenPrefix+s.token)
	if m := say(t, ws, hello); m["result"] == nil {
		t.Errorf("initialize: %v", m)
	}
	for message, code := range map[string]float64{
		`{"jsonrpc":"2.0","id":2,"method":"nothing/here"}`: -32601,
		`[]`:               -32600,
		`{"jsonrpc":`:      -32700,
		``:                 -32700,
		"\r\n{}\r\n":       -32600,
		`{"id":"x\u0000"}`: -32600,
	} {
		e, _ := say(t, ws, message)["error"].(map[string]any)
		if e["code"] != code {
			t.Errorf("%q: %v, want code %v", message, e, code)
		}
	}
}

// TestHead reads an answer without http.Client, which would hide a body.
func TestHead(t *testing.T) {
	s := start(t, bounds{})
	conn, err := net.Dial("tcp", s.host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "HEAD /js/main.js HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", s.host)
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: "HEAD"})
	if err != nil || res.StatusCode != 200 || res.ContentLength == 0 {
		t.Fatalf("%v, %v", res, err)
	}
	_ = res.Body.Close()
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+s.host+"/js/main.js", nil)
	req.Header.Set("If-None-Match", res.Header.Get("ETag"))
	again, err := http.DefaultClient.Do(req)
	if err != nil || again.StatusCode != http.StatusNotModified {
		t.Errorf("unchanged: %v, %v", again, err)
	}
	_ = again.Body.Close()
}
