package snapshot

import (
	"context"
	"fmt"
)

// Watch tracks what one turn of a session changes in the files of its
// workspace:
//
//	Watch ── first scan, beside other work ──▶ Know, before each call that can
//	change files ──▶ End, at the turn's end: second scan
//
// A turn without such a call waits for neither scan, and ends with Leave. A
// Watch is for one goroutine; only Alive may be called by others.
type Watch struct {
	f     *Follower
	began chan struct{} // closed when turn or err is set
	turn  *Turn
	err   error // there is no undo

	stop     context.CancelFunc // ends the first scan
	changing bool               // a call may have changed files
	kept     map[string]bool    // paths that are always covered
}

// Watch begins to track the turn id. running reports whether background
// commands run, which can change files at any time. It returns nil if there is
// no undo.
func (f *Follower) Watch(id string, running bool) *Watch {
	if f.undo == nil {
		return nil
	}
	w := &Watch{f: f, began: make(chan struct{}), changing: running, kept: map[string]bool{}}
	var ctx context.Context
	ctx, w.stop = context.WithCancel(f.scanning())
	go func() { // End or Follower.Close waits for it
		defer close(w.began)
		var space *Space
		if space, w.err = f.Space(); w.err == nil {
			w.turn = space.Tracker.Begin(ctx, f.lasting(), id)
		}
		if w.err == nil && running {
			w.turn.Commands()
			_ = w.turn.Keep() // before the first call Keep returns the error again
		}
	}()
	return w
}

// Know waits until the state of the files that a call can change is known. An
// edit passes its paths, which are stored even if a scan leaves them out; all
// other calls pass nil and wait for the first scan. warnings has the paths that
// cannot be stored. The error is that of ctx, or says why there is no undo.
func (w *Watch) Know(ctx context.Context, paths []string) (warnings []string, err error) {
	select {
	case <-w.began:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if w.err != nil {
		return nil, w.err
	}
	all := len(paths) > 0
	for _, name := range paths {
		if err := w.turn.PreImage(name); err != nil {
			warnings = append(warnings, fmt.Sprintf("%s cannot be brought back: %v", name, err))
			continue
		}
		w.kept[name] = true
		_, err := w.f.ws.ResolveDir(name) // a directory can contain more
		all = all && err != nil
	}
	if all {
		return warnings, nil
	}
	err = w.turn.Ready(ctx)
	w.turn.Commands()
	return warnings, err
}

// Changing records, after Know, that a call may change files from now on. An
// error means that its changes are lost if the server is killed, and that other
// sessions in the workspace do not know of them.
func (w *Watch) Changing() error {
	w.changing = true
	if w.err != nil {
		return nil // Know has returned the error
	}
	return w.turn.Keep()
}

// Alive records, when a call has done something, that changes up to now belong
// to the turn. For a nil Watch it does nothing.
func (w *Watch) Alive() {
	if w == nil || !w.changing {
		return
	}
	<-w.began
	if w.err == nil {
		w.turn.Alive()
	}
}

// Changed reports whether a call may have changed files.
func (w *Watch) Changed() bool { return w.changing }

// Covers reports whether a path is always covered.
func (w *Watch) Covers(name string) bool { return w.kept[name] }

// End waits for the first scan, unless the turn was stopped, and scans again.
// ok is false if there is no undo, as Know has reported. running reports
// whether background commands still run. Record or Forget must follow.
func (w *Watch) End(ctx context.Context, stopped, running bool) (out Outcome, ok bool, err error) {
	<-w.began
	defer w.stop()
	if w.err != nil {
		return out, false, nil
	}
	if stopped {
		w.stop() // nothing has waited for the first scan
	}
	if running {
		w.turn.Commands()
	}
	out, err = w.turn.End(ctx)
	return out, true, err
}

// Record stores the changes of the turn id, if there are any; then no other
// server needs to recover the turn.
func (w *Watch) Record(id string, changes []Change) error {
	if len(changes) > 0 {
		if err := w.f.Record(id, changes); err != nil {
			return err
		}
	}
	return w.turn.Forget()
}

// Leave ends a turn that changed nothing at once, but lets its first scan end
// by itself, so that the next turn need not read the same files again.
func (w *Watch) Leave() {
	over := make(chan struct{})
	w.f.mu.Lock()
	w.f.over = over
	w.f.mu.Unlock()
	w.f.scans.Go(func() {
		defer w.stop()
		<-w.began
		if w.err == nil {
			_ = w.turn.Forget() // on an error it is swept later
		}
		close(over)
		if w.err != nil {
			return
		}
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_, _ = w.turn.End(ended) // it only waits for the scan
	})
}
