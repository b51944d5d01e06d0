package web

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// limit makes a listener with at most n open connections. A further connection replaces
// the one that has been idle longest, so that idle connections cannot lock out the
// page. The server must report connection states to follow (http.Server.ConnState).
func limit(l net.Listener, n int) *limited {
	return &limited{Listener: l, most: n, open: map[*counted]waiting{}}
}

type limited struct {
	net.Listener
	most int

	mu   sync.Mutex
	open map[*counted]waiting
}

// waiting is the state of a connection.
type waiting struct {
	rank  rank
	since time.Time // when it got this rank
}

// rank is the order in which connections are closed when there are too many; within a
// rank, the oldest is closed first.
type rank int

const (
	silent rank = iota // has never sent a complete request
	idle               // between requests: a browser keeps such connections open
	busy               // in a request, which takes milliseconds unless the peer stalls
	kept               // a WebSocket, which needed the token: never closed
)

// Accept returns the next connection within the limit, and closes those beyond it.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if own, ok := l.admit(c); ok {
			return own, nil
		}
		_ = c.Close()
	}
}

// admit counts a connection. At the limit it closes another one first, and returns false
// if it can close none.
func (l *limited) admit(c net.Conn) (_ *counted, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= l.most {
		last := l.idlest()
		if last == nil {
			return nil, false
		}
		delete(l.open, last)
		_ = last.Conn.Close() // the server notices, and closes it again
	}
	own := &counted{c, l}
	l.open[own] = waiting{silent, time.Now()}
	return own, true
}

// idlest returns the connection to close first, or nil.
func (l *limited) idlest() (found *counted) {
	first := waiting{rank: kept}
	for c, w := range l.open {
		if w.rank < first.rank || w.rank == first.rank && w.rank != kept && w.since.Before(first.since) {
			found, first = c, w
		}
	}
	return found
}

// follow is the server's ConnState.
func (l *limited) follow(c net.Conn, state http.ConnState) {
	own, ok := c.(*counted)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.open[own]; !ok {
		return
	}
	switch state {
	case http.StateActive:
		l.open[own] = waiting{busy, time.Now()}
	case http.StateIdle:
		l.open[own] = waiting{idle, time.Now()}
	case http.StateHijacked:
		l.open[own] = waiting{kept, time.Now()}
	case http.StateNew, http.StateClosed:
	}
}

// counted is a connection that is uncounted when it is closed.
type counted struct {
	net.Conn
	of *limited
}

func (c *counted) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
