package web

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/zap"

	"github.com/pygent/pygent/rpc"
)

// Limits of connections, from browsers and from other programs.
const (
	maxConnections = 64
	maxSockets     = 16
	maxHeader      = 16 << 10
	headerTimeout  = 5 * time.Second
	requestTimeout = 10 * time.Second // to read and answer a request; not for WebSockets
	idleTimeout    = time.Minute

	// DefaultMaxMessageBytes bounds one message of a page.
	DefaultMaxMessageBytes = 16 << 20

	// writeTimeout is how long one message may wait for a page that does not read.
	writeTimeout = 20 * time.Second
)

// Options make a Server.
type Options struct {
	// Connect makes the protocol server for a new connection. Its client becomes one
	// of Pages.
	Connect func() *rpc.Server
	Pages   *Pages

	Logger *zap.Logger // nil disables logging

	bounds bounds // zero means defaults(); tests set their own
}

// bounds are the limits; the constants above are the defaults.
type bounds struct {
	header, request, idle, write time.Duration
	connections, sockets         int
	message                      int64
}

func defaults() bounds {
	return bounds{headerTimeout, requestTimeout, idleTimeout, writeTimeout, maxConnections, maxSockets, DefaultMaxMessageBytes}
}

// Server serves the page.
type Server struct {
	opts     Options
	log      *zap.Logger
	listener *limited
	host     string // the required Host header, with the port
	page     pageFiles
	keys     *keys
	token    string
	sockets  chan struct{} // one token for each WebSocket
	open     sync.WaitGroup
}

// Listen opens a random port on 127.0.0.1. The caller must call Serve, which closes it.
func Listen(o Options) (*Server, error) {
	if o.bounds == (bounds{}) {
		o.bounds = defaults()
	}
	s := &Server{opts: o, log: o.Logger, sockets: make(chan struct{}, o.bounds.sockets)}
	if s.log == nil {
		s.log = zap.NewNop()
	}
	var err error
	if s.page, err = readPage(); err != nil {
		return nil, err
	}
	s.keys, s.token = newKeys()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s.host = l.Addr().String()
	s.listener = limit(l, o.bounds.connections)
	return s, nil
}

// URL returns the page's address. Anyone with it can do everything that the agent can.
func (s *Server) URL() string { return "http://" + s.host + "/#token=" + s.token }

// Ticket returns an address that opens one page, within a minute.
func (s *Server) Ticket() string {
	return "http://" + s.host + "/#ticket=" + s.keys.ticket(time.Now())
}

// Serve serves until ctx ends, and returns when every connection has ended.
func (s *Server) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: s.opts.bounds.header,
		ReadTimeout:       s.opts.bounds.request,
		WriteTimeout:      s.opts.bounds.request,
		IdleTimeout:       s.opts.bounds.idle,
		MaxHeaderBytes:    maxHeader,
		ConnState:         s.listener.follow,
		ErrorLog:          log.New(lines{s.log}, "", 0),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	err := srv.Serve(s.listener)
	cancel()
	s.open.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve the page: %w", err)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.open.Add(1)
	defer s.open.Done()
	s.protect(w.Header())
	if no := s.refuse(r); no != nil {
		s.answer(w, r, no)
		return
	}
	if r.URL.Path == "/rpc" {
		s.socket(w, r)
		return
	}
	a, ok := s.page.assets[r.URL.Path]
	if !ok {
		s.answer(w, r, &refusal{http.StatusNotFound, "no such page"})
		return
	}
	a.serve(w, r)
}

// protect sets the headers of every answer. It sets no Cross-Origin-Opener-Policy: the
// check of Sec-Fetch-Site refuses a page that opens this one, and the policy would make
// the browser start a process before the first paint.
func (s *Server) protect(h http.Header) {
	h.Set("Content-Security-Policy", policy(s.host, s.page.style))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// answer refuses a request and closes its connection, so that nothing more is read from
// it, such as a body.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, no *refusal) {
	s.log.Warn("refused a request of the page's port", zap.Int("status", no.status), zap.String("why", no.text),
		zap.String("method", r.Method), zap.String("host", r.Host), zap.String("origin", r.Header.Get("Origin")))
	w.Header().Set("Connection", "close")
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, no.text, no.status)
}

// socket upgrades a request and serves the protocol on it until either side ends.
func (s *Server) socket(w http.ResponseWriter, r *http.Request) {
	if no := s.refuseSocket(r); no != nil {
		s.answer(w, r, no)
		return
	}
	select {
	case s.sockets <- struct{}{}:
		defer func() { <-s.sockets }()
	default:
		s.answer(w, r, &refusal{http.StatusServiceUnavailable, "too many pages are open"})
		return
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:    []string{protocolName},
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		s.log.Warn("handshake", zap.Error(err))
		return
	}
	defer func() { _ = ws.CloseNow() }()
	ws.SetReadLimit(s.opts.bounds.message)
	s.talk(r.Context(), ws)
	_ = ws.Close(websocket.StatusGoingAway, "the connection has ended")
}

func (s *Server) talk(ctx context.Context, ws *websocket.Conn) {
	server := s.opts.Connect()
	p := &page{peer: server.Peer(), gone: make(chan struct{})}
	c := &carrier{
		ctx: ctx, ws: ws, timeout: s.opts.bounds.write,
		opened: func() { s.opts.Pages.join(p) },
		gone:   p.lose,
		lost:   p.lost,
	}
	defer s.opts.Pages.leave(p)
	if _, err := server.Serve(ctx, c, c); err != nil && ctx.Err() == nil {
		s.log.Info("page ended", zap.Error(err))
	}
}

// lines writes net/http's log lines at debug level.
type lines struct{ log *zap.Logger }

func (l lines) Write(p []byte) (int, error) {
	l.log.Debug("page's port", zap.ByteString("message", p))
	return len(p), nil
}
