package rpc

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/rpc/wire"
)

// A client that stops reading for 30 seconds costs no more memory than the queue's limit. It
// gets everything when it reads again: the deltas merged, every other message once, in
// order.
func TestReaderPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const notices, words = 50_000, 200_000
		server := newLab(Options{table: floodTable(notices, words), StallTimeout: 5 * time.Minute})
		v := open(t, server)
		v.send(t, `{"jsonrpc":"2.0","id":1,"method":"test/flood"}`)
		v.send(t, `{"jsonrpc":"2.0","id":2,"method":"test/echo","params":{"text":"x"}}`)
		time.Sleep(30 * time.Second)
		waiting := server.peer.connection().Queued()
		if waiting < wire.MaxQueued || waiting > wire.MaxQueued+(1<<20) {
			t.Errorf("%d bytes wait, the mark is %d", waiting, wire.MaxQueued)
		}
		checkFlood(t, v, notices, words)
		v.quit(t)
		v.close()
	})
}

// floodTable has test/flood, which sends more than the pipe and the queue hold.
func floodTable(notices, words int) []entry {
	return append(labTable(), call("test/flood", schedule{}, "", func(l *lab, ctx context.Context, _ None) (echoResult, error) {
		for i := range words {
			l.peer.Event(ctx, event.Event{SessionID: "s", Kind: event.KindTextDelta, Delta: "word "})
			if i%(words/notices) == 0 {
				l.peer.Event(ctx, event.Event{SessionID: "s", Kind: event.KindNotice, Text: longText(200), Seq: int64(i/(words/notices) + 1)})
			}
		}
		return echoResult{"flooded"}, ctx.Err()
	}))
}

// checkFlood reads until both answers and counts the messages.
func checkFlood(t *testing.T, v *served, notices, words int) {
	t.Helper()
	var seq int64
	got, frames, answers := 0, 0, map[string]int{}
	for len(answers) < 2 {
		text := v.reply(t)
		var m struct {
			ID     json.RawMessage
			Params event.Event
		}
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		switch {
		case m.ID != nil:
			answers[string(m.ID)]++
		case m.Params.Kind == event.KindNotice:
			if seq++; m.Params.Seq != seq {
				t.Fatalf("notice %d came where %d was due", m.Params.Seq, seq)
			}
		default:
			frames++
			got += strings.Count(m.Params.Delta, "word ")
		}
	}
	if got != words || seq != int64(notices) {
		t.Errorf("%d words of %d, %d notices of %d", got, words, seq, notices)
	}
	if frames >= words {
		t.Errorf("%d frames of deltas: none were merged", frames)
	}
}

// A client that does not read for the stall timeout loses the connection: its requests are
// cancelled and Serve returns.
func TestStallTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		inR, inW := io.Pipe()
		result := make(chan outcome, 1)
		begun := time.Now()
		go func() {
			code, err := newLab(Options{StallTimeout: 5 * time.Minute}).Serve(t.Context(), inR, g)
			result <- outcome{code, err}
		}()
		_, _ = io.WriteString(inW, frame(initialize)+frame(`{"jsonrpc":"2.0","id":1,"method":"test/count","params":{"text":"notice","times":1000000}}`)+
			frame(`{"jsonrpc":"2.0","id":2,"method":"test/hang"}`))
		o := <-result
		if o.code != ExitAbrupt {
			t.Errorf("Serve = %d, %v", o.code, o.err)
		}
		if took := time.Since(begun); took < 5*time.Minute || took > 5*time.Minute+shutdownTimeout+2*flushTimeout {
			t.Errorf("took %v", took)
		}
		_ = inW.Close()
		close(g.open)
	})
}

// The connection stays open when there is nothing to write, and when a client reads slowly.
func TestSlowIsNoStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t, newLab(Options{StallTimeout: time.Minute}))
		time.Sleep(24 * time.Hour)
		v.send(t, `{"jsonrpc":"2.0","id":1,"method":"test/count","params":{"text":"notice","times":4000}}`)
		v.out = bufio.NewReaderSize(v.out, 16)
		for range 4000 {
			time.Sleep(50 * time.Millisecond)
			if got := v.reply(t); !strings.Contains(got, `"notice"`) {
				t.Fatal(got)
			}
		}
		v.reply(t)
		v.quit(t)
		v.close()
	})
}
