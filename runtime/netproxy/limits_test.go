package netproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener in memory, for clocks that are not real.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

func (p *pipes) dial() net.Conn {
	mine, theirs := net.Pipe()
	p.conns <- theirs
	return mine
}

// TestTime runs with a fake clock, and fails if a goroutine is left.
func TestTime(t *testing.T) {
	limits := Limits{Header: 10 * time.Second, Dial: 15 * time.Second, Idle: time.Minute, Total: 10 * time.Minute}
	const connect = "CONNECT host.example:443 HTTP/1.1\r\nHost: x\r\n\r\n"
	const established = "HTTP/1.1 200 Connection established\r\n\r\n"
	for name, c := range map[string]struct {
		send   []string // one each ten seconds, the last again and again
		host   func(c net.Conn)
		answer string
		ends   time.Duration // when the proxy hangs up, give or take ten seconds
	}{
		"silent client":   {ends: limits.Header},
		"head in drops":   {send: []string{"GET http://host.example/ HTTP/1.1\r\n", "A: b\r\n"}, ends: limits.Header},
		"no further word": {send: []string{connect, ""}, answer: established, ends: limits.Idle},
		"endless talk":    {send: []string{connect, "drop"}, answer: established, ends: limits.Total},
		"endless answer": {send: []string{connect, ""}, answer: established, ends: limits.Total, host: func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, "drop"); err != nil {
					return
				}
				time.Sleep(10 * time.Second)
			}
		}},
		"body stalls": {
			send: []string{"POST http://host.example:443/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12", ""},
			ends: limits.Idle,
		},
		"host that does not read":   {send: []string{connect, strings.Repeat("x", 100<<10)}, answer: established, ends: limits.Idle, host: func(net.Conn) {}},
		"host that does not answer": {send: []string{"GET http://host.example:443/ HTTP/1.1\r\nHost: x\r\n\r\n", ""}, answer: "HTTP/1.1 502", ends: limits.Idle},
		"host that is not there":    {send: []string{connect, ""}, answer: "HTTP/1.1 502", ends: limits.Dial},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				var hosts sync.WaitGroup
				p := proxy(t, Options{
					Allow: []string{"host.example:*"}, Limits: limits,
					Resolver: &names{answers: map[string][]string{"host.example": {"93.184.215.14"}}},
					Dialer: func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
						if name == "host that is not there" {
							<-ctx.Done()
							return nil, ctx.Err()
						}
						ours, host := net.Pipe()
						t.Cleanup(func() { _ = host.Close() })
						if c.host != nil {
							hosts.Go(func() { c.host(host) })
						}
						if c.host == nil || name == "endless answer" {
							hosts.Go(func() { _, _ = io.Copy(io.Discard, host) })
						}
						return ours, nil
					},
				})
				l := newPipes()
				served := make(chan error, 1)
				go func() { served <- p.Serve(ctx, l) }()
				conn := l.dial()
				start := time.Now()
				var talk sync.WaitGroup
				talk.Go(func() { drip(conn, c.send) })
				answer, _ := io.ReadAll(conn)
				if took := time.Since(start); took < c.ends-time.Second || took > c.ends+11*time.Second {
					t.Errorf("hung up after %v, want %v", took, c.ends)
				}
				if !strings.HasPrefix(string(answer), c.answer) {
					t.Errorf("answer %.100q", answer)
				}
				_ = conn.Close()
				talk.Wait()
				cancel()
				if err := <-served; err != nil {
					t.Error(err)
				}
				hosts.Wait()
			})
		})
	}
}

// drip writes the pieces ten seconds apart, and the last one until it cannot.
func drip(c net.Conn, pieces []string) {
	for i := 0; len(pieces) > 0; i++ {
		piece := pieces[min(i, len(pieces)-1)]
		if piece == "" {
			return
		}
		if _, err := io.WriteString(c, piece); err != nil {
			return
		}
		time.Sleep(10 * time.Second)
	}
}

func TestServeEndsWhatIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := proxy(t, Options{Allow: []string{"10.0.0.1:1", "10.0.0.2:1"}, Dialer: func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
			if a.Addr().As4()[3] == 2 {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			ours, host := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, host) }()
			return ours, nil
		}})
		l := newPipes()
		served := make(chan error, 1)
		go func() { served <- p.Serve(ctx, l) }()
		for _, request := range []string{
			"", "GET http://10", "CONNECT 10.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT 10.0.0.2:1 HTTP/1.1\r\nHost: x\r\n\r\n",
			"POST http://10.0.0.1:1/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", "GET http://10.0.0.2:1/ HTTP/1.1\r\nHost: x\r\n\r\n",
		} {
			c := l.dial()
			go func() { _, _ = io.Copy(io.Discard, c) }()
			if _, err := io.WriteString(c, request); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		start := time.Now()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestServeTellsWhenItCannotAccept(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	_ = l.Close()
	if err := proxy(t, Options{}).Serve(t.Context(), l); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// TestThousandClients come at once: all are served, never more than the limit
// at a time.
func TestThousandClients(t *testing.T) {
	const clients, limit = 1000, 32
	var now, most atomic.Int64
	host := echo(t)
	p := proxy(t, Options{Allow: []string{host}, Limits: Limits{Conns: limit}, Dialer: func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
		c, err := dialTCP(ctx, a)
		if err != nil {
			return nil, err
		}
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		return &counted{Conn: c, ended: sync.OnceFunc(func() { now.Add(-1) })}, nil
	}})
	addr := serve(t, p)
	var all sync.WaitGroup
	var failed atomic.Int64
	for i := range clients {
		all.Go(func() {
			if err := talk(addr, host, fmt.Sprintf("hello %d", i)); err != nil {
				failed.Add(1)
				t.Log(err)
			}
		})
	}
	all.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d failed", failed.Load())
	}
	if most.Load() > limit {
		t.Errorf("%d at a time, limit %d", most.Load(), limit)
	}
}

type counted struct {
	net.Conn
	ended func()
}

func (c *counted) Close() error {
	c.ended()
	return c.Conn.Close()
}

func (c *counted) CloseWrite() error { return closeWrite(c.Conn) }

// talk sends text through a tunnel to an echo server and closes its side.
func talk(proxyAddr, host, text string) error {
	c, err := net.DialTimeout("tcp", proxyAddr, 30*time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(60 * time.Second))
	if _, err := io.WriteString(c, "CONNECT "+host+" HTTP/1.1\r\nHost: x\r\n\r\n"+text); err != nil {
		return err
	}
	if err := closeWrite(c); err != nil {
		return err
	}
	answer, err := io.ReadAll(c)
	if err == nil && !strings.HasSuffix(string(answer), text) {
		err = fmt.Errorf("%q has no %q", answer, text)
	}
	return err
}
