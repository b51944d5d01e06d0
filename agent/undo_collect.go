package agent

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/pygent/pygent/runtime/snapshot"
)

// How often what no record needs any more is cleared away, and how long a turn
// waits for that.
const (
	collectEvery   = 24 * time.Hour
	collectTimeout = 5 * time.Second
)

// collect clears a workspace's store, at most once a day and before anybody uses
// it. What goes wrong is left to the next day: the store has a cap.
func (u *Undo) collect(tracker *snapshot.Tracker, state string) {
	mark := filepath.Join(state, "collected")
	info, err := os.Stat(mark)
	if u.opts.Sessions == nil || err == nil && time.Since(info.ModTime()) < collectEvery {
		return
	}
	if err == nil { // the store is not new
		ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
		defer cancel()
		if logs, err := u.opts.Sessions.Beside(undoFile); err == nil {
			_, _ = tracker.Collect(ctx, logs)
		}
	}
	if os.WriteFile(mark, nil, 0o600) == nil {
		now := time.Now()
		_ = os.Chtimes(mark, now, now)
	}
}
