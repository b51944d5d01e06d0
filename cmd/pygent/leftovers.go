package main

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/instance"
)

// sweepTimeout bounds the search for the leftovers of killed servers in workspaces. The next
// start continues it.
const sweepTimeout = time.Minute

// leftovers removes, in the background, the files that killed servers left, and records the
// workspaces of this server for the next start. choose.Chooser removes containers.
type leftovers struct {
	log    *zap.Logger
	record *instance.Record // nil without a state directory

	stop    context.CancelFunc
	working sync.WaitGroup

	mu      sync.Mutex          // guards notices
	notices map[string][]string // by workspace, for the next command there
}

// openLeftovers starts the clean-up. Errors are only logged.
func openLeftovers(log *zap.Logger) *leftovers {
	ctx, stop := context.WithTimeout(context.Background(), sweepTimeout)
	l := &leftovers{log: log, stop: stop, notices: make(map[string][]string)}
	records, err := makeStateDir("running")
	if err != nil {
		log.Info("cannot record workspaces", zap.Error(err)) // the log file's failure was said
	} else {
		l.record = instance.NewRecord(records)
	}
	l.working.Go(func() {
		l.reap("directories", func() (int, error) { return instance.Reap(ctx, os.TempDir(), nil) })
		if l.record == nil {
			return
		}
		l.reap("records", func() (int, error) {
			return instance.ReapRecords(ctx, records, func(left instance.Left) error { return l.sweep(ctx, left) })
		})
	})
	return l
}

func (l *leftovers) reap(what string, reap func() (int, error)) {
	n, err := reap()
	if err != nil && !errors.Is(err, context.Canceled) {
		l.log.Warn("cannot remove "+what+" of dead servers", zap.Error(err))
	}
	if n > 0 {
		l.log.Info("removed "+what+" of dead servers", zap.Int("count", n))
	}
}

// sweep cleans up one workspace. Only an interruption is an error, which keeps the record
// for the next start. A file that cannot be removed is not, because a later try would fail
// too.
func (l *leftovers) sweep(ctx context.Context, left instance.Left) error {
	dir := left.Workspace
	n, err := runtime.SweepTemp(ctx, dir, left.Tag)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil || n > 0 {
		l.log.Info("removed temporary files of a dead server", zap.String("workspace", dir), zap.Int("count", n), zap.Error(err))
	}
	var notices []string
	if !left.Busy.IsZero() {
		notices = gitguard.Aftermath(dir, left.Busy, left.Word != runtime.SandboxMedium)
	}
	notices = append(notices, gitguard.Sweep(dir, left.Tag)...)
	for i, notice := range notices {
		l.log.Warn("commands of a dead server made files that git on the host would run", zap.String("workspace", dir), zap.String("notice", notice))
		notices[i] = "left by a command whose server was killed: " + notice
	}
	l.tell(dir, notices)
	return nil
}

// note records that commands and tools will work in ws.
func (l *leftovers) note(ws *runtime.Workspace) {
	if l.record == nil || ws.Temporary() {
		return
	}
	if err := l.record.Add(ws.Dir()); err != nil {
		l.log.Info("cannot record the workspace", zap.Error(err))
	}
}

func (l *leftovers) close() error {
	l.stop()
	l.working.Wait()
	if l.record == nil {
		return nil
	}
	return l.record.Close()
}
