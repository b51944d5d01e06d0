package netproxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
)

// ServeHTTP answers one request: a CONNECT, or plain HTTP with an absolute URI.
// It decides on each request by itself, also on a kept connection.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t, err := requested(r)
	switch {
	case err != nil:
		reply(w, http.StatusBadRequest, err.Error())
	case r.Method == http.MethodConnect:
		s.tunnel(w, t)
	default:
		s.plain.ServeHTTP(w, r)
	}
}

// requested returns the target of a request. Only the request line counts: a
// different Host header is replaced (RFC 9112, section 3.2.2).
func requested(r *http.Request) (t target, err error) {
	if r.Method == http.MethodConnect {
		if r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
			return t, errors.New("a CONNECT has no body")
		}
		t, err = parseTarget(r.RequestURI, 0)
	} else {
		const scheme = "http://"
		switch {
		case len(r.RequestURI) < len(scheme) || !strings.EqualFold(r.RequestURI[:len(scheme)], scheme):
			return t, errors.New("this is an HTTP proxy: it takes CONNECT host:port and http:// URIs only")
		case r.URL.User != nil:
			return t, errors.New("a user name in the URI is not passed on; use the Authorization header")
		}
		t, err = parseTarget(r.URL.Host, 80)
	}
	if err != nil {
		return t, fmt.Errorf("bad host in %s: %w", shown(r.RequestURI), err)
	}
	return t, nil
}

// tunnel serves a CONNECT.
func (s *service) tunnel(w http.ResponseWriter, t target) {
	// The request's own context ends when the client stops sending; it must
	// still get an answer.
	host, err := s.dial(s.ctx, t)
	if err != nil {
		s.fail(w, err)
		return
	}
	client, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = host.Close()
		return
	}
	defer s.free()
	// Bytes that the client sent after the request are for the host.
	first, err := buf.Peek(buf.Reader.Buffered())
	if err == nil {
		_, err = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	}
	if err != nil {
		_, _ = client.Close(), host.Close()
		return
	}
	join(client, host, bytes.NewReader(first))
}

// dialHTTP is the transport's dial function.
func (s *service) dialHTTP(ctx context.Context, _, addr string) (net.Conn, error) {
	t, err := parseTarget(addr, 0)
	if err != nil {
		return nil, err
	}
	return s.dial(ctx, t)
}

// dial ends with the service, regardless of ctx.
func (s *service) dial(ctx context.Context, t target) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	c, err := s.proxy.dial(ctx, t)
	if err != nil {
		return nil, err
	}
	return s.watch(c, s.proxy.limits), nil
}

// rewrite converts a request to a proxy into one to the host. Hop-by-hop
// headers are already removed.
func rewrite(r *httputil.ProxyRequest) {
	t, err := requested(r.In)
	if err != nil {
		return // it was refused before
	}
	r.Out.URL.Scheme, r.Out.URL.Host = "http", t.String()
	r.Out.Host = strings.TrimSuffix(t.String(), ":80")
	r.Out.URL.RawQuery = r.In.URL.RawQuery // unchanged, odd separators included
	for _, h := range []string{"Connection", "Upgrade", "Expect"} {
		r.Out.Header.Del(h)
	}
	if _, ok := r.Out.Header["User-Agent"]; !ok {
		r.Out.Header.Set("User-Agent", "") // no User-Agent of our own
	}
}

// fail answers for a host that could not be reached.
func (s *service) fail(w http.ResponseWriter, err error) {
	var no *refusal
	if errors.As(err, &no) {
		reply(w, http.StatusForbidden, no.text)
		return
	}
	reply(w, http.StatusBadGateway, err.Error())
}

// reply answers and closes the connection: bytes that follow must not be read
// as a request.
func reply(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Connection", "close")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, "pygent: "+text+"\n")
}
