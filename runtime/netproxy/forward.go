package netproxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"
)

// Limits of Forward. The proxy has its own, which are tighter. These prevent a
// flood of connections from using up the supervisor's descriptors.
const (
	maxForwarded  = 512
	acceptRetry   = 50 * time.Millisecond
	forwardedIdle = 10 * time.Minute
	forwardedLast = 2 * time.Hour
)

// Forward runs inside the sandbox: it forwards every connection of l, on the
// sandbox's loopback, to the proxy at the unix socket, so that programs that
// support only TCP proxies reach it. It returns nil when ctx has ended and
// everything is closed.
func Forward(ctx context.Context, l net.Listener, socket string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel() // runs before the deferred wait
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	defer func() { _ = l.Close() }()
	slots := make(chan struct{}, maxForwarded)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		c, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = c.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("forward to %s: %w", socket, err)
		case err != nil: // no descriptors, an aborted connection: temporary
			<-slots
			if !wait(ctx, acceptRetry) {
				return nil
			}
			continue
		}
		all.Go(func() {
			defer func() { <-slots }()
			forward(ctx, c, socket)
		})
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func forward(ctx context.Context, c net.Conn, socket string) {
	limits := Limits{Idle: forwardedIdle, Total: forwardedLast}
	inner := newConn(c, limits, func(*conn) {})
	var d net.Dialer
	up, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		_ = inner.Close()
		return
	}
	outer := newConn(up, limits, func(*conn) {})
	defer context.AfterFunc(ctx, func() { _, _ = inner.Close(), outer.Close() })()
	join(inner, outer, bytes.NewReader(nil))
}

// Env returns the variables that make programs use the proxy at 127.0.0.1:port,
// in upper and lower case; they reach the sandbox's own loopback without it.
func Env(port int) []string {
	proxy := "http://127.0.0.1:" + strconv.Itoa(port)
	const direct = "localhost,127.0.0.1,::1"
	return []string{
		"HTTP_PROXY=" + proxy, "http_proxy=" + proxy,
		"HTTPS_PROXY=" + proxy, "https_proxy=" + proxy,
		"ALL_PROXY=" + proxy, "all_proxy=" + proxy,
		"NO_PROXY=" + direct, "no_proxy=" + direct,
	}
}
