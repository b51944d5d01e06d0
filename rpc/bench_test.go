package rpc

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"

	"github.com/pygent/pygent/agent"
)

// BenchmarkRoundTrip compares one small call over a pipe in memory with what
// jsonrpc2 alone needs for it.
func BenchmarkRoundTrip(b *testing.B) {
	b.Run("pygent", func(b *testing.B) {
		c, _ := connect(b, newLab(Options{}), Handlers{})
		if err := c.Call(context.Background(), MethodInitialize, everything(), nil); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			var r echoResult
			if err := c.Call(context.Background(), "test/echo", echoParams{Text: "hello"}, &r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		ours, theirs := net.Pipe()
		echo := jsonrpc2.HandlerWithError(func(context.Context, *jsonrpc2.Conn, *jsonrpc2.Request) (any, error) {
			return echoResult{"hello"}, nil
		})
		server := jsonrpc2.NewConn(context.Background(), jsonrpc2.NewBufferedStream(theirs, jsonrpc2.VSCodeObjectCodec{}), jsonrpc2.AsyncHandler(echo))
		client := jsonrpc2.NewConn(context.Background(), jsonrpc2.NewBufferedStream(ours, jsonrpc2.VSCodeObjectCodec{}), echo)
		b.ReportAllocs()
		for b.Loop() {
			var r echoResult
			if err := client.Call(context.Background(), "test/echo", echoParams{Text: "hello"}, &r); err != nil {
				b.Fatal(err)
			}
		}
		_ = client.Close()
		_ = server.Close()
	})
}

// BenchmarkRelay sends 20,000 deltas to a reader that discards them. Aim: 250 ms.
func BenchmarkRelay(b *testing.B) {
	const deltas = 20_000
	for _, kind := range []string{agent.KindTextDelta, agent.KindNotice} { // the latter never merge
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, w := io.Pipe()
				read := make(chan struct{})
				go func() {
					_, _ = io.Copy(io.Discard, r)
					close(read)
				}()
				o := newOutbox(w, 0, zap.NewNop())
				p := &Peer{log: zap.NewNop()}
				p.attach(nil, o, context.Background())
				e := agent.Event{SessionID: "s-0123456789", TurnID: "t-0123456789", Time: time.Now(), Kind: kind, Delta: "a few words "}
				for range deltas {
					p.Event(context.Background(), e)
				}
				if err := o.close(time.Minute); err != nil {
					b.Fatal(err)
				}
				_ = w.Close()
				<-read
			}
		})
	}
}

// BenchmarkEnvelope reads the envelope of a message with large params.
func BenchmarkEnvelope(b *testing.B) {
	body := []byte(`{"jsonrpc":"2.0","id":1,"method":"agent/step","params":{"prompt":"` + longText(64<<10) + `"}}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseEnvelope(body); err != nil {
			b.Fatal(err)
		}
	}
}

func longText(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = 'a' + byte(i%26)
	}
	return string(text)
}
