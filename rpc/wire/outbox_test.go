package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
)

// gate is an output that blocks writes until it is opened.
type gate struct {
	open   chan struct{}
	buffer bytes.Buffer // owned by the writer until the outbox ends
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	return g.buffer.Write(p)
}

// frames splits an output into its messages.
func frames(t *testing.T, out string) (all []string) {
	t.Helper()
	for f := newFrameReader(strings.NewReader(out), MaxMessageBytes); ; {
		text, err := f.next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
}

// A stalled reader blocks the sender at MaxQueued.
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
			err = o.notify(ctx, "n", text)
		}
		if !errors.Is(err, context.DeadlineExceeded) || sent > 6 {
			t.Errorf("%d MiB sent, %v", sent, err)
		}
		if err := o.delta(ctx, "x", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a delta: %v", err)
		}
		// push still accepts answers, and accepted messages are written.
		if err := o.push([]byte(`{}`)); err != nil {
			t.Error(err)
		}
		close(g.open)
		if err := o.close(time.Minute); err != nil {
			t.Error(err)
		}
		if all := frames(t, g.buffer.String()); len(all) != sent || all[len(all)-1] != `{}` { // sent counts the refused one too
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
		go func() { done <- o.notify(t.Context(), "n", struct{}{}) }()
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
