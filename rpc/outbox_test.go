package rpc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	goruntime "runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pygent/pygent/agent/event"
)

// gate is an output that blocks writes until it is opened.
type gate struct {
	open    chan struct{}
	entered chan struct{} // may be nil; gets a token when a write blocks
	buffer
}

func (g *gate) Write(p []byte) (int, error) {
	select {
	case g.entered <- struct{}{}:
	default:
	}
	<-g.open
	return g.buffer.Write(p)
}

func frames(t *testing.T, out string) []string {
	t.Helper()
	var all []string
	for r := bufio.NewReader(strings.NewReader(out)); ; {
		text, err := readFrame(r)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
}

// While the reader is slow, deltas of one call merge. Nothing is lost, and the order stays.
func TestSlowReaderMergesDeltas(t *testing.T) {
	g := &gate{open: make(chan struct{}), entered: make(chan struct{}, 1)}
	p, conn := peerTo(t, g)
	if err := conn.Notify(t.Context(), "first", None{}); err != nil {
		t.Fatal(err)
	}
	<-g.entered // the writer blocks, and everything after it waits in the queue

	var want strings.Builder
	send := func(kind event.Kind, call string, from, to int) {
		for i := from; i < to; i++ {
			text := fmt.Sprintf("%s%s%d ", kind, call, i)
			want.WriteString(text)
			p.Event(t.Context(), event.Event{SessionID: "s", Kind: kind, CallID: call, Delta: text})
		}
	}
	send(event.KindTextDelta, "", 0, 1000)
	p.Event(t.Context(), event.Event{SessionID: "s", Kind: event.KindNotice, Seq: 1})
	send(event.KindToolOutput, "a", 0, 1000)
	send(event.KindToolOutput, "b", 0, 1000)
	send(event.KindToolOutput, "a", 1000, 2000)
	p.Event(t.Context(), event.Event{SessionID: "s", Kind: event.KindNotice, Seq: 2})
	close(g.open)
	if err := conn.Flush(10 * time.Second); err != nil {
		t.Fatal(err)
	}

	var got strings.Builder
	var notices []int64
	all := frames(t, g.String())
	for _, text := range all {
		var n struct{ Params event.Event }
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			t.Fatal(err)
		}
		got.WriteString(n.Params.Delta)
		if n.Params.Kind == event.KindNotice {
			notices = append(notices, n.Params.Seq)
		}
	}
	if got.String() != want.String() {
		t.Error("text is lost or out of order")
	}
	if len(notices) != 2 || notices[0] != 1 || notices[1] != 2 {
		t.Errorf("notices %v", notices)
	}
	if len(all) != 1+2+4 { // the first message, the notices, four runs of deltas
		t.Errorf("%d messages, deltas are not merged as they should be", len(all))
	}
}

// When a client closes its end of the output, senders return and Serve ends.
func TestClosedOutput(t *testing.T) {
	baseline := goruntime.NumGoroutine()
	inR, inW := io.Pipe()
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan outcome, 1)
	go func() {
		code, err := newLab(Options{}).Serve(context.Background(), inR, outW)
		result <- outcome{code, err}
	}()
	_, _ = io.WriteString(inW, frame(initialize))
	if _, err := readFrame(bufio.NewReader(outR)); err != nil {
		t.Fatal(err)
	}
	_ = outR.Close()
	_, _ = io.WriteString(inW, frame(`{"jsonrpc":"2.0","id":1,"method":"test/count","params":{"text":"notice","times":1000000000}}`)+
		frame(`{"jsonrpc":"2.0","id":2,"method":"test/hang"}`))
	select {
	case o := <-result:
		if o.code != ExitAbrupt {
			t.Errorf("Serve = %d, %v", o.code, o.err)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("Serve did not return\n%s", stacks())
	}
	_ = inW.Close()
	_ = outW.Close()
	settle(t, baseline)
}

// A client that does not read delays the end of Serve only up to the deadline.
func TestUnreadOutput(t *testing.T) {
	baseline := goruntime.NumGoroutine()
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		begun := time.Now()
		code, err := newLab(Options{}).Serve(t.Context(),
			strings.NewReader(frame(initialize)+frame(`{"jsonrpc":"2.0","id":1,"method":"test/count","params":{"text":"notice","times":1000000}}`)), g)
		if code != ExitAbrupt || err == nil {
			t.Errorf("Serve = %d, %v", code, err)
		}
		if took := time.Since(begun); took > shutdownTimeout+time.Second {
			t.Errorf("took %v", took)
		}
		close(g.open)
	})
	settle(t, baseline)
}
