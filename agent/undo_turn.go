package agent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/snapshot"
	"github.com/pygent/pygent/tools"
)

// watch follows what one turn does to the files of its workspace:
//
//	watchFiles ── first scan, beside the model's call ──▶ mayChange, before each
//	call that can change files ──▶ account, at the turn's end: second scan
//
// A turn without such a call waits for neither scan.
type watch struct {
	opened   chan struct{} // closed when space and turn, or err, are there
	began    chan struct{} // closed when the rest is there
	space    *undoSpace
	turn     *snapshot.Turn
	err      error // there is no undo
	suspects []gitguard.Suspect
	blind    error // they could not be searched for

	stop     context.CancelFunc // ends the first scan
	changing bool               // a call may have changed files
	kept     map[string]bool    // paths that are covered in any case
}

// watchFiles begins to follow a turn; nil when nothing of it can change files,
// or when there is no undo.
func (t *turn) watchFiles() *watch {
	if _, registry := t.inForce(); t.opts.Undo == nil || len(registry.Names()) == 0 {
		return nil
	}
	w := &watch{opened: make(chan struct{}), began: make(chan struct{}), changing: t.jobsRun(), kept: map[string]bool{}}
	var ctx context.Context
	ctx, w.stop = context.WithCancel(t.scanning())
	go func() { // account waits for it, or closeUndo
		defer close(w.began)
		if w.space, w.err = t.undoSpace(); w.err == nil {
			w.turn = w.space.tracker.Begin(ctx, t.keptLog(), t.bounds.ID)
		}
		close(w.opened)
		if w.err != nil {
			return
		}
		if w.changing { // by jobs, from now on
			w.turn.Commands()
			_ = w.turn.Keep() // mayChange tells what is wrong
		}
		w.suspects, w.blind = gitguard.Suspects(t.runtime.Workspace().Dir())
	}()
	return w
}

// jobsRun tells whether background commands run, which can change files at any
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

// patience is how long a call waits for the first scan before the user is told of it.
const patience = 2 * time.Second

// mayChange waits, before a call that can change files, until it is known how
// they were. The error tells that ctx ended meanwhile. Where it cannot be known the
// call goes on, and the user is told.
func (t *turn) mayChange(ctx context.Context, p tools.Proposal) error {
	w := t.watch
	if w == nil || p.Effect == tools.EffectRead {
		return nil
	}
	soon, cancel := context.WithTimeout(ctx, patience)
	err := t.know(soon, p)
	late := err != nil && soon.Err() != nil && ctx.Err() == nil
	cancel()
	if late {
		t.noticeOnce(ctx, "info", "this waits until the workspace's files are known, so that what commands change in it can be undone; the first time takes longest")
		err = t.know(ctx, p)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	w.changing = true
	if err != nil {
		t.noticeOnce(ctx, "warning", notCovered(err))
	}
	if w.err != nil {
		return nil
	}
	if err := w.turn.Keep(); err != nil {
		t.noticeOnce(ctx, "warning", fmt.Sprintf("if the server is killed now, what this turn changes cannot be undone, and other sessions here do not know of it: %v", err))
	}
	return nil
}

// know waits until it is known how the files are that a call can change: for an
// edit those are its own, which are stored, for everything else the first scan tells.
func (t *turn) know(ctx context.Context, p tools.Proposal) error {
	w := t.watch
	select {
	case <-w.began:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if w.err != nil || t.keepAll(ctx, p) {
		return w.err
	}
	err := w.turn.Ready(ctx)
	w.turn.Commands()
	return err
}

// alive tells, when a call has done something, that what is changed until now is the
// turn's.
func (w *watch) alive() {
	if w == nil || !w.changing {
		return
	}
	<-w.began
	if w.err == nil {
		w.turn.Alive()
	}
}

// keepAll stores the files that an edit names, also where a scan leaves them out
// or has failed. It reports whether that is all the edit can change: below a
// directory there can be more.
func (t *turn) keepAll(ctx context.Context, p tools.Proposal) bool {
	if p.Effect != tools.EffectEdit {
		return false
	}
	all := len(p.Paths) > 0
	for _, name := range p.Paths {
		if err := t.watch.turn.PreImage(name); err != nil {
			t.noticeOnce(ctx, "warning", fmt.Sprintf("%s cannot be brought back: %v", name, err))
			continue
		}
		t.watch.kept[name] = true
		_, err := t.runtime.Workspace().ResolveDir(name)
		all = all && err != nil
	}
	return all
}

// forsake leaves the first scan of a turn that changed nothing to itself: the
// next turn needs not read what this one has read. The turn itself is over at once.
func (w *watch) forsake(a *Agent) {
	over := make(chan struct{})
	a.mu.Lock()
	a.undo.over = over
	a.mu.Unlock()
	a.undo.scans.Go(func() {
		defer w.stop()
		<-w.opened
		if w.err == nil {
			_ = w.turn.Forget() // else it is swept later
		}
		close(over)
		<-w.began
		if w.err != nil {
			return
		}
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_, _ = w.turn.End(ended) // it only waits for the scan
	})
}
