package agent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/snapshot"
)

// Bounds at the end of a turn.
const (
	endScanTimeout = time.Minute
	maxChanges     = 10_000 // of a turn that are told of; the record has all
	maxLeftNamed   = 5      // of what undo leaves out
)

func notCovered(err error) string {
	return fmt.Sprintf("what commands change in this turn is not told and cannot be undone: %v", err)
}

// account tells, at the turn's end, what it has changed in all, and keeps it so
// that it can be undone. It does not end with ctx; what goes wrong is a notice.
func (t *turn) account(ctx context.Context) {
	w := t.watch
	if w == nil {
		return
	}
	if !w.changing && !t.jobsRun() {
		w.forsake(t.Agent)
		return
	}
	<-w.began
	defer w.stop()
	if w.err != nil { // mayChange has told it
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endScanTimeout)
	defer cancel()
	if t.stopped {
		w.stop() // a first scan that nothing has waited for
	}
	planted := make(chan []gitguard.Suspect, 1)
	go func() { planted <- w.planted(t.runtime.Workspace().Dir()) }()
	if t.jobsRun() {
		w.turn.Commands()
	}
	out, err := w.turn.End(ctx)
	if err != nil {
		t.noticeOnce(ctx, "warning", notCovered(err))
	}
	t.tellChanges(ctx, out.Changes)
	t.tellLeft(ctx, out)
	for _, s := range <-planted {
		t.notice(ctx, "warning", s.String())
	}
	if err := t.keepChanges(w, out.Changes); err != nil && t.firstTime(err.Error()) {
		t.notice(ctx, "warning", fmt.Sprintf("what this turn changed cannot be undone: %v", err))
	}
}

// keepChanges records what the turn changed, if anything; then no other server has
// to find it out.
func (t *turn) keepChanges(w *watch, changes []snapshot.Change) error {
	if len(changes) > 0 {
		if err := t.record(t.bounds.ID, changes); err != nil {
			return err
		}
	}
	return w.turn.Forget()
}

// planted is what the turn left for git on the host to run.
func (w *watch) planted(dir string) []gitguard.Suspect {
	now, err := gitguard.Suspects(dir)
	if err != nil || w.blind != nil {
		return nil // the workspace cannot be read, which the scan has told
	}
	return gitguard.New(w.suspects, now)
}

// record keeps changes under an id.
func (a *Agent) record(id string, changes []snapshot.Change) error {
	log, err := a.undoLog()
	if err != nil {
		return err
	}
	return log.Append(snapshot.Record{ID: id, Time: time.Now().UTC(), Changes: changes})
}

// tellChanges makes of what the scans saw the turn's changes. What only tools
// have told stays, as of a file that undo leaves out, unless it is sure that in
// the end nothing has changed there. An event tells of each change of which no
// tool has told this.
func (t *turn) tellChanges(ctx context.Context, seen []snapshot.Change) {
	told := map[string]runtime.Change{}
	for _, c := range t.out.Changes {
		told[c.Path] = c
	}
	list, more := summaries(seen)
	for _, c := range list {
		if told[c.Path].Change != c.Change {
			t.emit(ctx, fileChanged(c))
		}
		delete(told, c.Path)
		delete(told, c.From)
	}
	for _, c := range t.out.Changes {
		_, only := told[c.Path]
		switch {
		case !only:
		case !t.watch.kept[c.Path] || more > 0:
			list = append(list, c)
		case c.Change == runtime.ChangeAdded:
			t.emit(ctx, Event{Kind: KindFileChanged, Path: c.Path, Change: runtime.ChangeDeleted, Removed: c.Added})
		default:
			t.emit(ctx, Event{Kind: KindFileChanged, Path: c.Path, Change: runtime.ChangeModified, Added: c.Removed, Removed: c.Added})
		}
	}
	t.out.Changes = list
	if more > 0 {
		t.notice(ctx, "warning", fmt.Sprintf("%d more files were changed than the %d that are told of; files/diff has all", more, maxChanges))
	}
}

// summaries are changes as clients are told them, maxChanges at the most.
func summaries(changes []snapshot.Change) (list []runtime.Change, more int) {
	list = []runtime.Change{}
	for _, c := range changes {
		switch sum, ok := c.Summary(); {
		case !ok:
		case len(list) < maxChanges:
			list = append(list, sum)
		default:
			more++
		}
	}
	return list, more
}

func fileChanged(c runtime.Change) Event {
	return Event{Kind: KindFileChanged, Path: c.Path, From: c.From, Change: c.Change, Added: c.Added, Removed: c.Removed}
}

// tellLeft says once a session what undo does not cover. That git's own files are
// not goes without saying.
func (t *turn) tellLeft(ctx context.Context, out snapshot.Outcome) {
	var named []string
	more := out.LeftTotal
	for _, l := range out.Left {
		switch {
		case l.Path == ".git":
			more--
		case len(named) < maxLeftNamed:
			named = append(named, fmt.Sprintf("%q (%s)", l.Path, l.Reason))
			more--
		}
	}
	if len(named) == 0 || !t.firstTime("left out") {
		return
	}
	if more > 0 {
		named = append(named, fmt.Sprintf("and %d more", more))
	}
	t.notice(ctx, "info", "changes of these are not seen and cannot be undone: "+strings.Join(named, ", "))
}
