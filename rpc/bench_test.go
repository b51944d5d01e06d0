package rpc

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/pygent/pygent/agent/event"
)

// BenchmarkRoundTrip makes one small call over a pipe in memory. The benchmark of the same
// name in package wire measures jsonrpc2 alone.
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
}

// BenchmarkRelay sends 20,000 deltas to a reader that discards them. Aim: 250 ms.
func BenchmarkRelay(b *testing.B) {
	const deltas = 20_000
	for _, kind := range []event.Kind{event.KindTextDelta, event.KindNotice} { // notices never merge
		b.Run(string(kind), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, w := io.Pipe()
				read := make(chan struct{})
				go func() {
					_, _ = io.Copy(io.Discard, r)
					close(read)
				}()
				p, conn := peerTo(b, w)
				e := event.Event{SessionID: "s-0123456789", TurnID: "t-0123456789", Time: time.Now(), Kind: kind, Delta: "a few words "}
				for range deltas {
					p.Event(context.Background(), e)
				}
				if err := conn.Flush(time.Minute); err != nil {
					b.Fatal(err)
				}
				_ = w.Close()
				<-read
			}
		})
	}
}

func longText(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = 'a' + byte(i%26)
	}
	return string(text)
}
