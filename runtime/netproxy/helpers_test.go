package netproxy

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// serve runs p on a loopback port until the test ends and checks that Serve then
// returns and leaves no goroutine.
func serve(t testing.TB, p *Proxy) (addr string) {
	t.Helper()
	before := goruntime.NumGoroutine()
	l := listen(t, "tcp", "127.0.0.1:0")
	run(t, func(ctx context.Context) error { return p.Serve(ctx, l) }, before)
	return l.Addr().String()
}

// run starts fn and ends it with the test.
func run(t testing.TB, fn func(ctx context.Context) error, before int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- fn(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("ended with %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("did not end")
		}
		settle(t, before)
	})
}

// settle waits until no more goroutines run than before.
func settle(t testing.TB, before int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for goruntime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<16)
			t.Errorf("%d goroutines, %d before:\n%s", goruntime.NumGoroutine(), before, buf[:goruntime.Stack(buf, true)])
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func listen(t testing.TB, network, addr string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// echo is a TCP server that sends back what it gets and passes half-closes on.
func echo(t testing.TB) string {
	t.Helper()
	l := listen(t, "tcp", "127.0.0.1:0")
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return l.Addr().String()
}

// web is an HTTP server that answers with what it was asked.
func web(t testing.TB) (addr string, asked *requests) {
	t.Helper()
	asked = &requests{}
	srv := httptest.NewServer(asked)
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String(), asked
}

type requests struct {
	mu   sync.Mutex
	seen []string // "METHOD host uri body"
	head []http.Header
}

func (q *requests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	line := strings.TrimSpace(r.Method + " " + r.Host + " " + r.RequestURI + " " + string(body))
	q.mu.Lock()
	q.seen = append(q.seen, line)
	q.head = append(q.head, r.Header.Clone())
	q.mu.Unlock()
	_, _ = io.WriteString(w, "answer to "+line)
}

func (q *requests) all() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]string(nil), q.seen...)
}

// dials records the dialled addresses.
type dials struct {
	mu   sync.Mutex
	seen []string
}

// to is a dialer that connects every address to a test server.
func (d *dials) to(addr string) Dialer {
	return func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
		d.mu.Lock()
		d.seen = append(d.seen, a.String())
		d.mu.Unlock()
		var out net.Dialer
		return out.DialContext(ctx, "tcp", addr)
	}
}

func (d *dials) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.seen...)
}

// client is an HTTP client that uses the proxy and keeps no connection.
func client(t testing.TB, proxyAddr string) *http.Client {
	t.Helper()
	tr := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: proxyAddr}), DisableKeepAlives: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

// raw sends bytes to the proxy and returns all that comes back.
func raw(t testing.TB, proxyAddr, request string) string {
	t.Helper()
	c := dialTo(t, proxyAddr)
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(c)
	return string(answer)
}

func dialTo(t testing.TB, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { _ = c.Close() })
	return c
}
