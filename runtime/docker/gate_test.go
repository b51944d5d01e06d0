package docker

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan struct{})
		var g gate
		enter := func(ctx context.Context) error { return g.enter(ctx, gone) }
		if err := errors.Join(enter(ctx), enter(ctx)); err != nil {
			t.Fatal(err)
		}
		if g.shutIfAlone() {
			t.Fatal("shut over a neighbour")
		}
		if !g.leave(true) {
			t.Fatal("the first to leave was kept to clean up after the other")
		}
		if g.leave(false) {
			t.Fatal("the last one left an unclaimed process behind")
		}

		late := make(chan error, 3)
		go func() { late <- enter(t.Context()) }()
		go func() { late <- enter(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-late; !errors.Is(err, context.Canceled) {
			t.Fatalf("a cancelled newcomer: %v", err)
		}
		g.open()
		if err := <-late; err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if !g.leave(false) {
				t.Fatal("still dirty after the cleaning")
			}
		}

		if err := enter(t.Context()); err != nil || !g.shutIfAlone() {
			t.Fatal("not alone", err)
		}
		go func() { late <- enter(t.Context()) }()
		synctest.Wait()
		close(gone)
		if err := <-late; !errors.Is(err, errGone) {
			t.Fatalf("a newcomer to a lost container: %v", err)
		}
	})
}
