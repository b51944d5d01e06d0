package netproxy

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// keepAlive is how long a client may wait between two requests.
const keepAlive = 30 * time.Second

// grace is how much longer a client may be idle than a host, so that a client
// whose host stalls still gets an answer.
const grace = 2 * time.Second

// Serve answers the clients of l until ctx ends, which is no error, or
// accepting fails. When it returns, l and all connections are closed and its
// goroutines have ended.
func (p *Proxy) Serve(ctx context.Context, l net.Listener) error {
	s := &service{proxy: p, listener: l, slots: make(chan struct{}, p.limits.Conns), open: make(map[*conn]struct{})}
	s.ctx, s.cancel = context.WithCancel(ctx)
	defer s.cancel()
	transport := &http.Transport{
		DialContext:            s.dialHTTP,
		DisableKeepAlives:      true, // so that each request is decided anew
		DisableCompression:     true,
		MaxResponseHeaderBytes: 256 << 10,
	}
	silent := log.New(io.Discard, "", 0) // clients get the errors as answers
	s.plain = &httputil.ReverseProxy{
		Rewrite: rewrite, Transport: transport, FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { s.fail(w, err) },
		ErrorLog:     silent,
	}
	srv := &http.Server{
		Handler: s, ConnState: s.state, ErrorLog: silent,
		ReadHeaderTimeout: p.limits.Header, MaxHeaderBytes: p.limits.HeaderBytes,
		IdleTimeout:                  min(keepAlive, p.limits.Idle),
		DisableGeneralOptionsHandler: true,
	}
	// end closes connections that are accepted while this closes the listener.
	stop := context.AfterFunc(s.ctx, func() { _ = l.Close() })
	err := srv.Serve(s)
	stop()
	s.end()
	if ctx.Err() != nil || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// service is one call of Serve: the listener of its http.Server, which accepts
// as many connections as there are slots, and their handler.
type service struct {
	ctx      context.Context // lives as long as Serve
	cancel   context.CancelFunc
	proxy    *Proxy
	listener net.Listener
	plain    *httputil.ReverseProxy
	slots    chan struct{}
	clients  sync.WaitGroup // accepted clients whose goroutine has not ended

	mu   sync.Mutex
	open map[*conn]struct{} // from clients and to hosts; nil after the end
}

// Accept waits for a free slot, then for a client.
func (s *service) Accept() (net.Conn, error) {
	select {
	case s.slots <- struct{}{}:
	case <-s.ctx.Done():
		return nil, net.ErrClosed
	}
	c, err := s.listener.Accept()
	if err != nil {
		<-s.slots
		return nil, err
	}
	s.clients.Add(1)
	limits := s.proxy.limits
	limits.Idle += grace
	return s.watch(c, limits), nil
}

// Close and Addr complete the listener.
func (s *service) Close() error   { return s.listener.Close() }
func (s *service) Addr() net.Addr { return s.listener.Addr() }

// watch applies the limits to a connection and closes it with the service.
func (s *service) watch(c net.Conn, limits Limits) *conn {
	w := newConn(c, limits, func(w *conn) {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, w)
	})
	s.mu.Lock()
	over := s.open == nil
	if !over {
		s.open[w] = struct{}{}
	}
	s.mu.Unlock()
	if over {
		_ = w.Close()
	}
	return w
}

// state frees the slot of a client whose goroutine ends. For a hijacked
// connection tunnel does that.
func (s *service) state(_ net.Conn, state http.ConnState) {
	if state == http.StateClosed {
		s.free()
	}
}

func (s *service) free() {
	<-s.slots
	s.clients.Done()
}

// end closes all connections and waits for all goroutines.
func (s *service) end() {
	s.cancel()
	_ = s.listener.Close()
	s.mu.Lock()
	open := s.open
	s.open = nil
	s.mu.Unlock()
	for c := range open {
		_ = c.Close()
	}
	s.clients.Wait()
}
