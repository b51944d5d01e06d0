package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// keptBuffer is how large a buffer may stay between messages.
const keptBuffer = 256 << 10

// carrier makes the stream that rpc.Server.Serve speaks on of a WebSocket: it
// puts the header in front of what comes, and takes it off what goes.
type carrier struct {
	ctx     context.Context // of the connection
	ws      *websocket.Conn
	timeout time.Duration // of one write

	opened func() // called before the first message goes
	gone   func() // called when the page is lost, before the reader or writer is told
	lost   func() bool

	first sync.Once
	in    []byte // of the message that is being read
	out   []byte // what is not a whole frame yet
}

// Read returns bytes of the page's messages, each behind a header. A page that
// goes is the end of input.
func (c *carrier) Read(p []byte) (int, error) {
	if len(c.in) == 0 {
		kind, msg, err := c.ws.Read(c.ctx)
		if err == nil && kind != websocket.MessageText {
			err = errors.New("the page sent a binary message")
			_ = c.ws.Close(websocket.StatusUnsupportedData, "text only")
		}
		if err != nil {
			c.gone()
			return 0, io.EOF
		}
		c.in = append(fmt.Appendf(nil, "Content-Length: %d\r\n\r\n", len(msg)), msg...)
	}
	n := copy(p, c.in)
	c.in = c.in[n:]
	return n, nil
}

// Write takes bytes of frames and sends each whole one; what comes behind the end
// of input is for nobody. It is called by one goroutine at a time.
func (c *carrier) Write(p []byte) (int, error) {
	if c.lost() {
		return len(p), nil
	}
	c.out = append(c.out, p...)
	rest := c.out
	for {
		body, after, err := cut(rest)
		if err == nil && body != nil {
			err = c.send(body)
		}
		switch {
		case err != nil:
			c.gone()
			return 0, err
		case body == nil:
			c.out = append(c.out[:0], rest...)
			if len(c.out) == 0 && cap(c.out) > keptBuffer {
				c.out = nil
			}
			return len(p), nil
		}
		rest = after
	}
}

func (c *carrier) send(body []byte) error {
	c.first.Do(c.opened)
	ctx, cancel := context.WithTimeout(c.ctx, c.timeout)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageText, body)
}

// SetWriteDeadline ends a write in progress; the connection ends with it. Every
// deadline is now: that is what the protocol's writer asks for.
func (c *carrier) SetWriteDeadline(time.Time) error { return c.ws.CloseNow() }

// cut takes the first frame's body off b; nil when it is not whole yet.
func cut(b []byte) (body, rest []byte, err error) {
	head, rest, ok := bytes.Cut(b, []byte("\r\n\r\n"))
	if !ok {
		return nil, b, nil
	}
	n, err := strconv.Atoi(string(bytes.TrimPrefix(head, []byte("Content-Length: "))))
	if err != nil {
		return nil, b, fmt.Errorf("a frame without a length: %w", err)
	}
	if len(rest) < n {
		return nil, b, nil
	}
	return rest[:n], rest[n:], nil
}
