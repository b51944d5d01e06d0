package netproxy

import (
	"io"
	"net"
	"sync"
	"time"
)

// conn is a connection that closes itself when it is idle for a while, and when
// it has lasted too long.
type conn struct {
	net.Conn
	idleFor     time.Duration
	idle, total *time.Timer
	closeOnce   func() error
}

// newConn watches c. onClose is called once, when it closes.
func newConn(c net.Conn, limits Limits, onClose func(*conn)) *conn {
	w := &conn{Conn: c, idleFor: limits.Idle}
	w.closeOnce = sync.OnceValue(func() error {
		w.idle.Stop()
		w.total.Stop()
		onClose(w)
		return c.Close()
	})
	hangUp := func() { _ = w.Close() }
	// The timers begin with an hour, because both must be set before one fires.
	w.idle, w.total = time.AfterFunc(time.Hour, hangUp), time.AfterFunc(time.Hour, hangUp)
	w.idle.Reset(limits.Idle)
	w.total.Reset(limits.Total)
	return w
}

func (c *conn) moved(n int) {
	if n > 0 {
		c.idle.Reset(c.idleFor)
	}
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.moved(n)
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.moved(n)
	return n, err
}

// Close closes the connection; further calls return the first result.
func (c *conn) Close() error { return c.closeOnce() }

// CloseWrite ends the stream to the other side.
func (c *conn) CloseWrite() error { return closeWrite(c.Conn) }

// closeWrite closes the write direction, or the whole connection if it has no
// separate directions.
func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

// joinBuffer is the memory of each direction of a joined pair.
const joinBuffer = 32 << 10

// join copies both ways until both have ended, and closes both. The end of one
// direction is passed on; a failure of one ends the other. first is what was read
// from a already.
func join(a, b net.Conn, first io.Reader) {
	var both sync.WaitGroup
	both.Go(func() { pump(b, io.MultiReader(first, a), a) })
	both.Go(func() { pump(a, b, b) })
	both.Wait()
	_, _ = a.Close(), b.Close()
}

// pump copies r, which reads from, to dst.
func pump(dst net.Conn, r io.Reader, from net.Conn) {
	// Hide the types, so that the copy uses this buffer and conn notices the
	// bytes.
	_, err := io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{r}, make([]byte, joinBuffer))
	if err == nil {
		err = closeWrite(dst)
	}
	if err != nil {
		_, _ = dst.Close(), from.Close()
	}
}
