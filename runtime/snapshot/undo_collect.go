package snapshot

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// How often unneeded contents are removed, how long a turn waits for that, and
// how long the store of a vanished workspace is kept: its disk may just be
// unplugged.
const (
	collectEvery   = 24 * time.Hour
	collectTimeout = 5 * time.Second
	vanishedStays  = 30 * 24 * time.Hour
)

// collect removes unneeded contents of a workspace's store, at most once a day
// and before anybody uses it. It ignores errors, because it tries again the
// next day and the store has a cap.
func (u *Undo) collect(tracker *Tracker, state string) {
	if u.opts.Records == nil {
		return
	}
	daily(filepath.Join(state, "collected"), func(ctx context.Context) {
		if logs, err := u.opts.Records(); err == nil {
			_, _ = tracker.Collect(ctx, logs)
		}
	})
}

// sweep removes the stores of workspaces that have vanished, at most once a day.
func (u *Undo) sweep() {
	if u.opts.Records == nil {
		return
	}
	daily(filepath.Join(u.opts.Dir, "swept"), func(ctx context.Context) {
		_, _ = Sweep(ctx, u.opts.Dir, vanishedStays)
	})
}

// daily does work if the file mark is a day old, and renews the file. If there
// is none, the store is new, and daily only makes the file.
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
