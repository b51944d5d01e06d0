package netproxy

import (
	"io"
	"net"
	"testing"
	"time"
)

// BenchmarkTunnel compares a new connection with one exchange, and 64 MiB in
// both directions, with the cost without the proxy, to the same echo server.
//
//	go test -run - -bench Tunnel ./runtime/netproxy
func BenchmarkTunnel(b *testing.B) {
	host := echo(b)
	direct := func(tb testing.TB) net.Conn {
		c, err := net.Dial("tcp", host)
		if err != nil {
			tb.Fatal(err)
		}
		return c
	}
	addr := forwarded(b, Options{Allow: []string{host}})
	through := func(tb testing.TB) net.Conn {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			tb.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		const established = "HTTP/1.1 200 Connection established\r\n\r\n"
		if _, err := io.WriteString(c, "CONNECT "+host+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, len(established))); err != nil {
			tb.Fatal(err)
		}
		return c
	}
	for _, way := range []struct {
		name string
		dial func(testing.TB) net.Conn
	}{{"direct", direct}, {"forwarder+proxy", through}} {
		b.Run("connect/"+way.name, func(b *testing.B) {
			for b.Loop() {
				c := way.dial(b)
				exchange(b, c, make([]byte, 100))
				_ = c.Close()
			}
		})
		b.Run("64MiB/"+way.name, func(b *testing.B) {
			data := make([]byte, 64<<20)
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				c := way.dial(b)
				exchange(b, c, data)
				_ = c.Close()
			}
		})
	}
}

func exchange(b *testing.B, c net.Conn, data []byte) {
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(data)
		sent <- err
	}()
	if _, err := io.CopyN(io.Discard, c, int64(len(data))); err != nil {
		b.Fatal(err)
	}
	if err := <-sent; err != nil {
		b.Fatal(err)
	}
}
