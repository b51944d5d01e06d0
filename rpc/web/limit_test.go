package web

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
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
