package netproxy

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// FuzzRequests sends any bytes as a client. Whatever they are, only the one
// allowed address is dialled, and every request that a host gets in the clear
// names the allowed host.
func FuzzRequests(f *testing.F) {
	for _, seed := range []string{
		"GET http://site.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"GET http://site.example/a?b HTTP/1.0\nHost: x\n\nGET http://evil.example/ HTTP/1.1\r\nHost: site.example\r\n\r\n",
		"POST http://site.example/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET http://site.example/ HTTP/1.1\r\n\r\n",
		"CONNECT evil.example:80 HTTP/1.1\r\nHost: site.example:80\r\n\r\n",
		"GET http://site.example:80@evil.example/ HTTP/1.1\r\nHost: site.example\r\n\r\n",
		"GET http://SITE.example.:080/ HTTP/1.1\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: site.example\r\n\r\n",
		"POST http://site.example/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTrailer: Host\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nHost: evil\r\n\r\n",
		"GET http://[::ffff:127.0.0.1]/ HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		var hosts sync.WaitGroup
		p := proxy(t, Options{
			Allow:    []string{"site.example:80"},
			Limits:   Limits{Header: time.Second, Idle: time.Second, Dial: time.Second},
			Resolver: &names{answers: map[string][]string{"site.example": {"93.184.215.14"}, "evil.example": {"93.184.215.15"}}},
			Dialer: func(_ context.Context, to netip.AddrPort) (net.Conn, error) {
				if to.String() != "93.184.215.14:80" {
					t.Errorf("dialled %s", to)
				}
				ours, host := net.Pipe()
				hosts.Go(func() { checkHost(t, host, bytes.HasPrefix(sent, []byte("CONNECT "))) })
				return ours, nil
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		l := newPipes()
		served := make(chan error, 1)
		go func() { served <- p.Serve(ctx, l) }()
		c := l.dial()
		_ = c.SetDeadline(time.Now().Add(100 * time.Millisecond)) // what lacks an end is long enough
		var read sync.WaitGroup
		read.Go(func() { _, _ = io.Copy(io.Discard, c) })
		_, _ = c.Write(sent)
		read.Wait()
		_ = c.Close()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		hosts.Wait()
	})
}

// checkHost plays the host: one request a connection, and for the allowed host.
func checkHost(t *testing.T, c net.Conn, tunnel bool) {
	defer func() { _ = c.Close() }()
	if tunnel {
		_, _ = io.Copy(io.Discard, c) // the contents of a tunnel are the client's
		return
	}
	in := bufio.NewReader(c)
	r, err := http.ReadRequest(in)
	if err != nil {
		return // the client ended in the middle of a request
	}
	if r.Host != "site.example" || strings.HasPrefix(r.RequestURI, "http") {
		t.Errorf("host %q, URI %q", r.Host, r.RequestURI)
	}
	if len(r.TransferEncoding) > 0 && r.Header.Get("Content-Length") != "" {
		t.Error("two lengths")
	}
	_, err = io.Copy(io.Discard, r.Body)
	if _, werr := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"); err != nil || werr != nil {
		return
	}
	if rest, _ := io.ReadAll(in); len(rest) > 0 {
		t.Errorf("after the request came %q", rest)
	}
}

// FuzzRequestLine compares the target of a request line with its text.
func FuzzRequestLine(f *testing.F) {
	for _, line := range []string{
		"GET http://Site.example./x HTTP/1.1", "GET http://a@b.example/ HTTP/1.1", "CONNECT site.example:443 HTTP/1.1", "CONNECT [::1]:80 HTTP/1.1",
		"GET http://a.example\\b.example/ HTTP/1.1", "GET http://a.example?@b.example/ HTTP/1.1", "GET http://a.example%00.b.example/ HTTP/1.1",
		"GET hTTp://1.2.3.4:80 HTTP/1.1", "GET http://a.example#b.example/ HTTP/1.1", "CONNECT //site.example:443 HTTP/1.1",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(line + "\r\nHost: other.example\r\n\r\n")))
		if err != nil {
			return
		}
		got, err := requested(r)
		if err != nil {
			return
		}
		if again, err := parseTarget(got.String(), 0); err != nil || again != got {
			t.Errorf("%q: %v, read again %v, %v", line, got, again, err)
		}
		_, uri, _ := strings.Cut(line, " ")
		uri = uri[:strings.LastIndexByte(uri, ' ')]
		preset := uint16(0)
		if r.Method != http.MethodConnect {
			uri = uri[len("http://"):]
			uri, preset = uri[:strings.IndexAny(uri+"/", "/?#")], 80
		}
		if want, err := parseTarget(uri, preset); err != nil || want != got {
			t.Errorf("%q: %v, its text says %v, %v", line, got, want, err)
		}
	})
}
