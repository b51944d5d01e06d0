package wire

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"

	"github.com/sourcegraph/jsonrpc2"
)

type echo struct {
	Text string `json:"text"`
}

// echoRouter answers every request with a hello.
type echoRouter struct{}

func (echoRouter) Request(string) (Route, error) {
	return Route{Serve: func(context.Context, json.RawMessage) (any, error) { return echo{"hello"}, nil }}, nil
}

func (echoRouter) Notification(string, json.RawMessage) {}

// BenchmarkRoundTrip measures one small call over a pipe in memory, with this package
// and with jsonrpc2 alone.
func BenchmarkRoundTrip(b *testing.B) {
	b.Run("pygent", func(b *testing.B) {
		ours, theirs := net.Pipe()
		server := New(b.Context(), Options{In: theirs, Out: theirs, Router: echoRouter{}})
		client := New(b.Context(), Options{In: ours, Out: ours, Router: echoRouter{}, Framing: FramingHeaders})
		server.Start()
		client.Start()
		b.ReportAllocs()
		for b.Loop() {
			var r echo
			call, err := client.Call(context.Background(), "test/echo", echo{"hello"})
			if err == nil {
				err = call.Wait(context.Background(), &r)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		_ = ours.Close()
		_ = theirs.Close()
		for _, c := range []*Conn{client, server} {
			c.Close()
			<-c.Ended()
		}
	})
	b.Run("bare", func(b *testing.B) {
		ours, theirs := net.Pipe()
		handler := jsonrpc2.HandlerWithError(func(context.Context, *jsonrpc2.Conn, *jsonrpc2.Request) (any, error) {
			return echo{"hello"}, nil
		})
		server := jsonrpc2.NewConn(context.Background(), jsonrpc2.NewBufferedStream(theirs, jsonrpc2.VSCodeObjectCodec{}), jsonrpc2.AsyncHandler(handler))
		client := jsonrpc2.NewConn(context.Background(), jsonrpc2.NewBufferedStream(ours, jsonrpc2.VSCodeObjectCodec{}), handler)
		b.ReportAllocs()
		for b.Loop() {
			var r echo
			if err := client.Call(context.Background(), "test/echo", echo{"hello"}, &r); err != nil {
				b.Fatal(err)
			}
		}
		_ = client.Close()
		_ = server.Close()
	})
}

// BenchmarkEnvelope parses the envelope of a message with large params.
func BenchmarkEnvelope(b *testing.B) {
	body := []byte(`{"jsonrpc":"2.0","id":1,"method":"agent/step","params":{"prompt":"` + strings.Repeat("abcdefgh", 8<<10) + `"}}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseEnvelope(body); err != nil {
			b.Fatal(err)
		}
	}
}
