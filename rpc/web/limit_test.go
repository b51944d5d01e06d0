package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

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
		for range 10 { // more than the limit
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

// Other users of this machine can open idle connections to the port. They do not lock a
// page out.
func TestIdleConnectionsDoNotLockThePageOut(t *testing.T) {
	for name, begin := range map[string]func(host string) string{
		"silent":      func(string) string { return "" },
		"half a head": func(host string) string { return "GET / HTTP/1.1\r\nHost: " + host + "\r\nX: " },
		"idle":        func(host string) string { return "HEAD / HTTP/1.1\r\nHost: " + host + "\r\n\r\n" },
		"refused":     func(string) string { return "GET / HTTP/1.1\r\nHost: evil.com\r\n\r\n" },
		"never reads": func(host string) string {
			return strings.Repeat("GET /js/main.js HTTP/1.1\r\nHost: "+host+"\r\n\r\n", 2000)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := defaults()
			b.header, b.request, b.idle = time.Hour, time.Hour, time.Hour // no connection times out
			s := start(t, b)
			ws := s.talkTo(t, protocolName, tokenPrefix+s.token)
			tab := &http.Client{Transport: &http.Transport{}}
			defer tab.CloseIdleConnections()
			fetch := func() (reused bool) {
				t.Helper()
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused }})
				req, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.host+"/", nil)
				if err != nil {
					t.Fatal(err)
				}
				res, err := tab.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != 200 {
					t.Errorf("%d, %v", res.StatusCode, err)
				}
				return reused
			}
			fetch()
			for range 3 * maxConnections {
				conn, err := net.Dial("tcp", s.host)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				go func() { _, _ = io.WriteString(conn, begin(s.host)) }()
			}
			if reused := fetch(); !reused && (name == "silent" || name == "half a head") {
				t.Error("the idle connection of a tab went before those that have asked for nothing")
			}
			second := s.talkTo(t, protocolName, tokenPrefix+s.token)
			for name, ws := range map[string]*websocket.Conn{"that was there": ws, "that came last": second} {
				if m := say(t, ws, hello); m["result"] == nil {
					t.Errorf("the page %s: %v", name, m)
				}
			}
		})
	}
}

// When all connections are WebSockets, a further connection is closed at once.
func TestPagesGoForNobody(t *testing.T) {
	b := defaults()
	b.connections = 2
	s := start(t, b)
	pages := []*websocket.Conn{s.talkTo(t, protocolName, tokenPrefix+s.token), s.talkTo(t, protocolName, tokenPrefix+s.token)}
	conn, err := net.Dial("tcp", s.host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a third one came in: %v", err)
	}
	for _, ws := range pages {
		if m := say(t, ws, hello); m["result"] == nil {
			t.Errorf("a page: %v", m)
		}
	}
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
