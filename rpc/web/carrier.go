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

// keptBuffer is the largest buffer that is kept between messages.
const keptBuffer = 256 << 10

// carrier turns a WebSocket into a stream for rpc.Server.Serve: it adds the header to
// incoming messages and removes it from outgoing ones.
type carrier struct {
	ctx     context.Context // of the connection
	ws      *websocket.Conn
	timeout time.Duration // of one write

	opened func() // called before the first message is sent
	gone   func() // called when the page is lost, before Read or Write returns
	lost   func() bool

	first sync.Once
	in    []byte // the rest of the message that is being read
	out   []byte // an incomplete frame
}

// Read returns bytes of the page's messages, each after a header. It returns io.EOF when
// the page is lost.
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

// Write takes bytes of frames and sends each complete frame as a message. After the end of
// input it discards p. Only one goroutine at a time may call it.
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

// SetWriteDeadline ends the write in progress and the connection. It ignores the time,
// because package wire only sets deadlines of now.
func (c *carrier) SetWriteDeadline(time.Time) error { return c.ws.CloseNow() }

// cut splits the first frame's body from b. body is nil when the frame is incomplete.
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
