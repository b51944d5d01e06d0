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

	"go.uber.org/zap"

	"github.com/pygent/pygent/agent"
)

// gate is an output that is not read until it is opened.
type gate struct {
	open    chan struct{}
	entered chan struct{} // may be nil; gets a token when a write stands before the gate
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

// While the reader is slow, deltas of one call merge; nothing is lost and the
// order stays.
func TestSlowReaderMergesDeltas(t *testing.T) {
	g := &gate{open: make(chan struct{}), entered: make(chan struct{}, 1)}
	o := newOutbox(g, 0, zap.NewNop())
	p := &Peer{log: zap.NewNop()}
	p.attach(nil, o, t.Context())
	if err := o.push([]byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	<-g.entered // the writer stands still, all that follows waits in the queue

	var want strings.Builder
	send := func(kind, call string, from, to int) {
		for i := from; i < to; i++ {
			text := fmt.Sprintf("%s%s%d ", kind, call, i)
			want.WriteString(text)
			p.Event(t.Context(), agent.Event{SessionID: "s", Kind: kind, CallID: call, Delta: text})
		}
	}
	send(agent.KindTextDelta, "", 0, 1000)
	p.Event(t.Context(), agent.Event{SessionID: "s", Kind: agent.KindNotice, Seq: 1})
	send(agent.KindToolOutput, "a", 0, 1000)
	send(agent.KindToolOutput, "b", 0, 1000)
	send(agent.KindToolOutput, "a", 1000, 2000)
	p.Event(t.Context(), agent.Event{SessionID: "s", Kind: agent.KindNotice, Seq: 2})
	close(g.open)
	if err := o.close(10 * time.Second); err != nil {
		t.Fatal(err)
	}

	var got strings.Builder
	var notices []int64
	all := frames(t, g.String())
	for _, text := range all {
		var n struct{ Params agent.Event }
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			t.Fatal(err)
		}
		got.WriteString(n.Params.Delta)
		if n.Params.Kind == agent.KindNotice {
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

// A reader that stands still stops the sender at the high-water mark.
func TestSlowReaderBoundsMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		o := newOutbox(g, 0, zap.NewNop())
		text := strings.Repeat("x", 1<<20)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		sent := 0
		var err error
		for ; sent < 100 && err == nil; sent++ {
			err = o.notify(ctx, MethodEvent, agent.Event{Kind: agent.KindNotice, Text: text})
		}
		if !errors.Is(err, context.DeadlineExceeded) || sent > 6 {
			t.Errorf("%d MiB sent, %v", sent, err)
		}
		if err := o.delta(ctx, agent.Event{Kind: agent.KindTextDelta, Delta: "x"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a delta: %v", err)
		}
		// Answers are taken all the same, and what was taken is written.
		if err := o.push([]byte(`{}`)); err != nil {
			t.Error(err)
		}
		close(g.open)
		if err := o.close(time.Minute); err != nil {
			t.Error(err)
		}
		if all := frames(t, g.String()); len(all) != sent || all[len(all)-1] != `{}` { // sent counts the refused one, too
			t.Errorf("%d messages written", len(all))
		}
	})
}

// A blocked sender goes on as soon as there is space.
func TestSenderWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		o := newOutbox(g, 0, zap.NewNop())
		for range 5 {
			_ = o.push(make([]byte, 1<<20))
		}
		done := make(chan error)
		go func() { done <- o.notify(t.Context(), MethodEvent, None{}) }()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("the sender did not wait: %v", err)
		default:
		}
		close(g.open)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := o.close(time.Minute); err != nil {
			t.Error(err)
		}
	})
}

// A client that closes its end of our output: senders return, Serve ends.
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

// A client that is there but does not read holds Serve up for its deadline only.
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

func TestUnreadPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	o := newOutbox(w, 0, zap.NewNop())
	_ = o.push(make([]byte, 8<<20))
	if err := o.close(50 * time.Millisecond); err == nil {
		t.Error("no error")
	}
	<-o.done // the write deadline has ended it
	_ = w.Close()
}
