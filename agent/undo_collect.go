package agent

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/pygent/pygent/runtime/snapshot"
)

// How often what no record needs any more is cleared away, how long a turn waits
// for that, and how long the store of a workspace that has vanished stays: the disk
// that it is on may only be unplugged.
const (
	collectEvery   = 24 * time.Hour
	collectTimeout = 5 * time.Second
	vanishedStays  = 30 * 24 * time.Hour
)

// collect clears a workspace's store, at most once a day and before anybody uses
// it. What goes wrong is left to the next day: the store has a cap.
func (u *Undo) collect(tracker *snapshot.Tracker, state string) {
	if u.opts.Sessions == nil {
		return
	}
	daily(filepath.Join(state, "collected"), func(ctx context.Context) {
		if logs, err := u.opts.Sessions.Beside(undoFile); err == nil {
			_, _ = tracker.Collect(ctx, logs)
		}
	})
}

// sweep removes the stores of workspaces that have vanished, at most once a day.
func (u *Undo) sweep() {
	if u.opts.Sessions == nil {
		return
	}
	daily(filepath.Join(u.opts.Dir, "swept"), func(ctx context.Context) {
		_, _ = snapshot.Sweep(ctx, u.opts.Dir, vanishedStays)
	})
}

// daily does work if the file mark is a day old, which is renewed. Where there is
// none it is made: the store is new.
func daily(mark string, work func(context.Context)) {
	info, err := os.Stat(mark)
	if err == nil && time.Since(info.ModTime()) < collectEvery {
		return
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
		defer cancel()
		work(ctx)
	}
	if os.WriteFile(mark, nil, 0o600) == nil {
		now := time.Now()
		_ = os.Chtimes(mark, now, now)
	}
}
