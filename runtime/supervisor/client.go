package supervisor

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pygent/pygent/runtime"
)

// writeTimeout bounds a write to a child that has stopped reading, where the
// pipe has deadlines.
const writeTimeout = 5 * time.Second

// Start is a command for a supervisor.
type Start struct {
	Argv []string // Argv[0] is the program's path
	Env  []string // the whole environment
	// Dir is the absolute path of the working directory for the child; if Root
	// is set, a path below Root, and no link in it may lead out of Root.
	Dir  string
	Root string
	// Timeout is for a host that has died or hangs: a live host ends the
	// command earlier by its context. 0 means none.
	Timeout time.Duration
}

// Client is the host side of a connection. It is safe for concurrent use.
type Client struct {
	r io.ReadCloser
	w io.WriteCloser

	out   frameWriter
	ready chan struct{} // closed by the child's first frame
	done  chan struct{} // closed when the connection has ended

	mu    sync.Mutex // guards the fields below
	calls map[uint32]*call
	last  uint32
	err   error // why the connection ended
}

// NewClient returns a Client for the child that reads w and writes r. It owns
// both and closes them at Close or when the connection ends.
func NewClient(r io.ReadCloser, w io.WriteCloser) *Client {
	c := &Client{r: r, w: w, ready: make(chan struct{}), done: make(chan struct{}), calls: map[uint32]*call{}}
	c.out.w = deadlineWriter{w}
	go c.read()
	return c
}

// Configure sends the configuration, which the child reads with ReadConfig
// before it is ready.
func (c *Client) Configure(config []byte) error {
	return c.wrote(c.out.send(kindConfig, 0, append(make([]byte, headSize, headSize+len(config)), config...)))
}

// Ready waits until commands can be started. If they cannot, it returns the
// child's own message in an error that wraps runtime.ErrUnavailable.
func (c *Client) Ready(ctx context.Context) error {
	select {
	case <-c.ready:
		return nil
	case <-c.done:
		return c.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns why the connection ended, nil while it has not.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close ends the connection, whereupon the child kills its commands and exits.
// It does not wait for the child, only for the connection's own goroutine.
func (c *Client) Close() error {
	c.fail(errors.New("it was closed"))
	<-c.done
	return nil
}

// fail ends the connection. The first reason counts.
func (c *Client) fail(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = fmt.Errorf("%w: the supervisor of commands: %w", runtime.ErrUnavailable, reason)
	_ = c.w.Close()
	_ = c.r.Close()
}

// wrote ends the connection after a failed write.
func (c *Client) wrote(err error) error {
	if err == nil {
		return nil
	}
	if !errors.Is(err, ErrFrame) { // a frame that was too long to send does no harm
		c.fail(err)
		return c.Err()
	}
	return fmt.Errorf("%w: %w", runtime.ErrUnavailable, err)
}

// read dispatches the child's frames until the connection ends.
func (c *Client) read() {
	defer close(c.done)
	r := bufio.NewReaderSize(c.r, 2*maxChunk)
	for {
		if err := c.next(r); err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("it has ended")
			}
			c.fail(err)
			return
		}
	}
}

func (c *Client) next(r *bufio.Reader) error {
	k, id, size, err := readHead(r)
	if err != nil {
		return err
	}
	if k == kindOutput {
		return c.output(r, id, size)
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return fmt.Errorf("%w: it is cut", ErrFrame)
	}
	switch k {
	case kindReady:
		return c.becameReady()
	case kindFailed:
		var f failure
		if err := json.Unmarshal(payload, &f); err != nil {
			return fmt.Errorf("%w: %w", ErrFrame, err)
		}
		return fmt.Errorf("%s: %s", f.Step, f.Error)
	case kindExit:
		var e exit
		if err := json.Unmarshal(payload, &e); err != nil {
			return fmt.Errorf("%w: %w", ErrFrame, err)
		}
		c.exited(id, &e)
		return nil
	default:
		return fmt.Errorf("%w: kind %d is not for the host", ErrFrame, k)
	}
}

func (c *Client) becameReady() error {
	select {
	case <-c.ready:
		return fmt.Errorf("%w: ready twice", ErrFrame)
	default:
		close(c.ready)
		return nil
	}
}

func (c *Client) call(id uint32) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[id]
}

// output adds a frame's payload to the pending output of its command.
func (c *Client) output(r *bufio.Reader, id uint32, size int) error {
	if size > maxChunk {
		return fmt.Errorf("%w: %d bytes of output", ErrFrame, size)
	}
	p, err := r.Peek(size)
	if err != nil {
		return fmt.Errorf("%w: it is cut", ErrFrame)
	}
	if k := c.call(id); k != nil {
		if err := k.add(p); err != nil {
			return err
		}
	}
	_, err = r.Discard(size)
	return err
}

func (c *Client) exited(id uint32, e *exit) {
	if k := c.call(id); k != nil {
		k.end(e)
	}
}

// deadlineWriter gives each write a deadline where the writer supports that.
type deadlineWriter struct{ w io.Writer }

func (d deadlineWriter) Write(p []byte) (int, error) {
	if w, ok := d.w.(interface{ SetWriteDeadline(time.Time) error }); ok {
		_ = w.SetWriteDeadline(time.Now().Add(writeTimeout))
	}
	return d.w.Write(p)
}
