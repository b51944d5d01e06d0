package main

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/instance"
)

// sweepTimeout bounds the search of what killed servers left in workspaces; what
// it did not come to is left to the next start.
const sweepTimeout = time.Minute

// leftovers clears away, beside the work, what servers left in files when they
// were killed, and notes for the next start where this one works. Containers are
// the business of runtimes.
type leftovers struct {
	log    *zap.Logger
	record *instance.Record // nil without a state directory

	stop    context.CancelFunc
	working sync.WaitGroup
}

// openLeftovers begins the clearing. Nothing that goes wrong keeps from work.
func openLeftovers(log *zap.Logger) *leftovers {
	ctx, stop := context.WithTimeout(context.Background(), sweepTimeout)
	l := &leftovers{log: log, stop: stop}
	records, err := makeStateDir("running")
	if err != nil {
		log.Info("no record of workspaces", zap.Error(err)) // the log file's failure was said
	} else {
		l.record = instance.NewRecord(records)
	}
	l.working.Go(func() {
		l.reap("directories", func() (int, error) { return instance.Reap(ctx, os.TempDir(), nil) })
		if l.record == nil {
			return
		}
		l.reap("records", func() (int, error) {
			return instance.ReapRecords(ctx, records, func(dir, tag string) error { return l.sweep(ctx, dir, tag) })
		})
	})
	return l
}

func (l *leftovers) reap(what string, reap func() (int, error)) {
	n, err := reap()
	if err != nil && !errors.Is(err, context.Canceled) {
		l.log.Warn(what+" of dead servers", zap.Error(err))
	}
	if n > 0 {
		l.log.Info(what+" of dead servers removed", zap.Int("count", n))
	}
}

// sweep clears one workspace. Only an end before it was through is an error, for
// which the record is kept: what cannot be removed now, cannot be later.
func (l *leftovers) sweep(ctx context.Context, dir, tag string) error {
	n, err := runtime.SweepTemp(ctx, dir, tag)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil || n > 0 {
		l.log.Info("temporary files of a dead server removed", zap.String("workspace", dir), zap.Int("count", n), zap.Error(err))
	}
	return nil
}

// note records that commands and tools are about to work in ws.
func (l *leftovers) note(ws *runtime.Workspace) {
	if l.record == nil || ws.Temporary() {
		return
	}
	if err := l.record.Add(ws.Dir()); err != nil {
		l.log.Info("workspace not recorded", zap.Error(err))
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
