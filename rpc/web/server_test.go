package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/pygent/pygent/rpc"
)

// served is a Server that runs, and how often somebody came through.
type served struct {
	*Server
	pages     *Pages
	connected atomic.Int32
}

// start serves until the test ends. Bounds that are not given are the real ones.
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

// talkTo opens it, or fails.
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

func TestRefuses(t *testing.T) {
	s := start(t, bounds{})
	token := tokenPrefix + s.token
	own := "http://" + s.host
	upgrade := map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		"Origin": own, "Sec-WebSocket-Protocol": protocolName + ", " + token,
	}
	with := func(name, value string) map[string]string {
		all := map[string]string{}
		for k, v := range upgrade {
			all[k] = v
		}
		if all[name] = value; value == "" {
			delete(all, name)
		}
		return all
	}
	_, port, _ := net.SplitHostPort(s.host)
	for name, c := range map[string]struct {
		method, path, host string
		headers            map[string]string
		status             int
	}{
		"the page":                        {status: 200},
		"the page, asked for by hand":     {headers: map[string]string{"Sec-Fetch-Site": "none"}, status: 200},
		"a module of it":                  {path: "/js/main.js", headers: map[string]string{"Origin": own, "Sec-Fetch-Site": "same-origin"}, status: 200},
		"Host evil.com":                   {host: "evil.com", status: 421},
		"Host evil.com with the port":     {host: "evil.com:" + port, status: 421},
		"Host 0.0.0.0":                    {host: "0.0.0.0:" + port, status: 421},
		"Host localhost":                  {host: "localhost:" + port, status: 421},
		"Host without the port":           {host: "127.0.0.1", status: 421},
		"Host with a dot":                 {host: "127.0.0.1.:" + port, status: 421},
		"a foreign origin":                {headers: map[string]string{"Origin": "http://evil.com"}, status: 403},
		"the origin null":                 {headers: map[string]string{"Origin": "null"}, status: 403},
		"the origin's other port":         {headers: map[string]string{"Origin": "http://127.0.0.1:1"}, status: 403},
		"the origin with https":           {headers: map[string]string{"Origin": "https://" + s.host}, status: 403},
		"a cross-site GET":                {headers: map[string]string{"Sec-Fetch-Site": "cross-site"}, status: 403},
		"a GET of another port":           {headers: map[string]string{"Sec-Fetch-Site": "same-site"}, status: 403},
		"a POST":                          {method: "POST", status: 405},
		"a preflight":                     {method: "OPTIONS", path: "/rpc", headers: map[string]string{"Origin": own}, status: 405},
		"another path":                    {path: "/page/index.html", status: 404},
		"a path that climbs":              {path: "/../server.go", status: 404},
		"an upgrade without a token":      {path: "/rpc", headers: with("Sec-WebSocket-Protocol", protocolName), status: 401},
		"an upgrade without subprotocols": {path: "/rpc", headers: with("Sec-WebSocket-Protocol", ""), status: 401},
		"an upgrade with a wrong token":   {path: "/rpc", headers: with("Sec-WebSocket-Protocol", protocolName+", "+tokenPrefix+strings.Repeat("0", 64)), status: 401},
		"an upgrade with half the token":  {path: "/rpc", headers: with("Sec-WebSocket-Protocol", protocolName+", "+token[:40]), status: 401},
		"an upgrade with a wrong ticket":  {path: "/rpc", headers: with("Sec-WebSocket-Protocol", protocolName+", "+tokenPrefix+strings.Repeat("0", 64)+", "+ticketPrefix+"0"), status: 401},
		"the token in the address":        {path: "/rpc?token=" + s.token, headers: with("Sec-WebSocket-Protocol", protocolName), status: 401},
		"a foreign upgrade":               {path: "/rpc", headers: with("Origin", "http://evil.com"), status: 403},
		"an upgrade without an origin":    {path: "/rpc", headers: with("Origin", ""), status: 403},
		"an upgrade to another host":      {path: "/rpc", host: "evil.com:" + port, headers: upgrade, status: 421},
		"no upgrade":                      {path: "/rpc", headers: map[string]string{"Origin": own, "Sec-WebSocket-Protocol": protocolName + ", " + token}, status: 426},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), c.method, own+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = c.host
			for k, v := range c.headers {
				req.Header.Set(k, v)
			}
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != c.status {
				t.Errorf("status %d, want %d: %s", res.StatusCode, c.status, body)
			}
			checkHeaders(t, res.Header)
			if strings.Contains(string(body)+fmt.Sprint(res.Header), s.token) {
				t.Error("the answer has the token")
			}
		})
	}
	if n := s.connected.Load(); n != 0 {
		t.Errorf("%d connections to the agent were made", n)
	}
}

func checkHeaders(t *testing.T, h http.Header) {
	t.Helper()
	for name := range h {
		if strings.HasPrefix(name, "Access-Control") {
			t.Errorf("%s is set", name)
		}
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'", "X-Content-Type-Options": "nosniff",
		"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := h.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestTicketServesOnce(t *testing.T) {
	s := start(t, bounds{})
	_, ticket, _ := strings.Cut(s.Ticket(), "#ticket=")
	own := secret()
	s.talkTo(t, protocolName, tokenPrefix+own, ticketPrefix+ticket)
	s.talkTo(t, protocolName, tokenPrefix+own) // a reload
	if _, res, err := s.dial(t.Context(), protocolName, tokenPrefix+secret(), ticketPrefix+ticket); err == nil || res.StatusCode != 401 {
		t.Errorf("the ticket served twice: %v", res)
	}
	late := s.keys.ticket(time.Now().Add(-2 * ticketLife))
	if _, res, err := s.dial(t.Context(), protocolName, tokenPrefix+secret(), ticketPrefix+late); err == nil || res.StatusCode != 401 {
		t.Errorf("the ticket served after its time: %v", res)
	}
}

func TestPostOfAGigabyte(t *testing.T) {
	s := start(t, bounds{})
	conn, err := net.Dial("tcp", s.host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /rpc HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", s.host, 1<<30)
	sent := 0
	for block := make([]byte, 64<<10); sent < 1<<30; {
		n, err := conn.Write(block)
		sent += n
		if err != nil {
			break
		}
	}
	if sent >= 1<<30 {
		t.Error("all of it was read")
	}
	t.Logf("the server took %d KiB", sent>>10)
}

func TestSlowClients(t *testing.T) {
	b := defaults()
	b.header, b.request, b.idle, b.connections = time.Second, 2*time.Second, 2*time.Second, 8
	s := start(t, b)
	var slow []net.Conn
	for _, begin := range []string{"", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: " + s.host + "\r\nX: "} {
		for range 10 { // more than there is room for
			conn, err := net.Dial("tcp", s.host)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, begin)
			slow = append(slow, conn)
		}
	}
	for i, conn := range slow {
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("connection %d is still open: %v", i, err)
		}
	}
	res, err := http.Get("http://" + s.host + "/")
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("afterwards: %v, %v", res, err)
	}
	_ = res.Body.Close()
}

func TestTooManyPages(t *testing.T) {
	b := defaults()
	b.sockets = 2
	s := start(t, b)
	for range 2 {
		s.talkTo(t, protocolName, tokenPrefix+s.token)
	}
	if _, res, err := s.dial(t.Context(), protocolName, tokenPrefix+s.token); err == nil || res.StatusCode != 503 {
		t.Errorf("a third one came in: %v", res)
	}
}

func TestHugeAndBinaryMessages(t *testing.T) {
	b := defaults()
	b.message = 1 << 20
	s := start(t, b)
	for name, send := range map[string]func(*websocket.Conn) error{
		"huge": func(ws *websocket.Conn) error {
			return ws.Write(t.Context(), websocket.MessageText, make([]byte, 2<<20))
		},
		"binary": func(ws *websocket.Conn) error { return ws.Write(t.Context(), websocket.MessageBinary, []byte(hello)) },
	} {
		ws := s.talkTo(t, protocolName, tokenPrefix+s.token)
		_ = send(ws)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, _, err := ws.Read(ctx)
		if err == nil || ctx.Err() != nil {
			t.Errorf("%s: the connection goes on: %v", name, err)
		}
		cancel()
	}
}

// TestHead reads an answer by hand, as http.Client would not.
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
