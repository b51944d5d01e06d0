package agent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/snapshot"
	"github.com/pygent/pygent/tools"
)

// firstScanWait is how long a call waits for the first scan before a notice tells
// the user.
const firstScanWait = 2 * time.Second

// watchFiles starts to follow the turn's changes of files; nil when the turn has
// no tools, or when there is no undo.
func (t *turn) watchFiles() *snapshot.Watch {
	if t.opts.Undo == nil {
		return nil
	}
	if _, registry := t.InForce(); len(registry.Names()) == 0 {
		return nil
	}
	return t.undo.Watch(t.bounds.ID, t.jobsRun())
}

// jobsRun reports whether background commands run, which can change files at any
// time.
func (t *turn) jobsRun() bool {
	return slices.ContainsFunc(t.runtime.Jobs(), func(j *runtime.Job) bool {
		select {
		case <-j.Done():
			return false
		default:
			return true
		}
	})
}

// mayChange waits, before a call that can change files, until their previous
// state is known. The error says that ctx ended meanwhile. When the state cannot
// be known, the call runs and the user gets a notice.
func (t *turn) mayChange(ctx context.Context, p tools.Proposal) error {
	w := t.watch
	if w == nil || p.Effect == tools.EffectRead {
		return nil
	}
	var paths []string
	if p.Effect == tools.EffectEdit {
		paths = p.Paths
	}
	soon, cancel := context.WithTimeout(ctx, firstScanWait)
	know := func(ctx context.Context) ([]string, error) {
		if err := t.planting.ready(ctx); err != nil {
			return nil, err
		}
		return w.Know(ctx, paths)
	}
	warnings, err := know(soon)
	late := err != nil && soon.Err() != nil && ctx.Err() == nil
	cancel()
	if late {
		t.noticeOnce(ctx, event.LevelInfo, "the call waits for a scan of the workspace, so that changes by commands can be undone; the first scan takes longest")
		warnings, err = know(ctx)
	}
	for _, text := range warnings {
		t.noticeOnce(ctx, event.LevelWarning, text)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		t.noticeOnce(ctx, event.LevelWarning, notCovered(err))
	}
	if err := w.Changing(); err != nil {
		t.noticeOnce(ctx, event.LevelWarning, fmt.Sprintf("if the server is killed now, this turn's changes cannot be undone, and other sessions in this workspace do not know of them: %v", err))
	}
	return nil
}

// firstTime reports whether the agent has not sent text before, and remembers it.
func (a *Agent) firstTime(text string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := !a.told[text]
	if a.told == nil {
		a.told = map[string]bool{}
	}
	a.told[text] = true
	return first
}
