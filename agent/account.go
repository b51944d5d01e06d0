package agent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/protect"
	"github.com/pygent/pygent/runtime/snapshot"
)

// Bounds of the work at the end of a turn.
const (
	endScanTimeout = time.Minute
	maxLeftNamed   = 5 // paths that undo leaves out
)

func notCovered(err error) string {
	return fmt.Sprintf("what commands change in this turn is not told and cannot be undone: %v", err)
}

// account reports at the end of a turn all that it has changed, and records that
// for undo. It ignores the end of ctx; a failure becomes a notice.
func (t *turn) account(ctx context.Context) {
	w := t.watch
	if w == nil {
		return
	}
	running := t.jobsRun()
	if !w.Changed() && !running {
		w.Leave()
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endScanTimeout)
	defer cancel()
	planted := make(chan []gitguard.Suspect, 1)
	go func() { planted <- t.planting.found() }()
	out, ok, err := w.End(ctx, t.stopped, running)
	suspects := <-planted
	if !ok {
		return
	}
	if err != nil {
		t.noticeOnce(ctx, event.LevelWarning, notCovered(err))
	}
	tools := pathsOf(t.out.Changes)
	t.reportChanges(ctx, out.Changes)
	t.reportProtected(ctx, tools)
	t.reportOmitted(ctx, out)
	for _, s := range suspects {
		t.notice(ctx, event.LevelWarning, s.String())
	}
	if err := w.Record(t.bounds.ID, out.Changes); err != nil && t.firstTime(err.Error()) {
		t.notice(ctx, event.LevelWarning, fmt.Sprintf("what this turn changed cannot be undone: %v", err))
	}
}

// reportChanges sets the turn's changes to those that the scans saw. It emits an
// event for each change that no tool has reported. A change that only a tool has
// reported stays, as of a file that undo leaves out, unless the scans show that
// the file is as it was.
// tool has told this.
func (t *turn) reportChanges(ctx context.Context, seen []snapshot.Change) {
	told := map[string]runtime.Change{}
	for _, c := range t.out.Changes {
		told[c.Path] = c
	}
	list, more := snapshot.Summaries(seen)
	for _, c := range list {
		if told[c.Path].Change != c.Change {
			t.emit(ctx, event.FileChanged(c))
		}
		delete(told, c.Path)
		delete(told, c.From)
	}
	for _, c := range t.out.Changes {
		_, only := told[c.Path]
		switch {
		case !only:
		case !t.watch.Covers(c.Path) || more > 0:
			list = append(list, c)
		case c.Change == runtime.ChangeAdded:
			t.emit(ctx, event.Event{Kind: event.KindFileChanged, Path: c.Path, Change: runtime.ChangeDeleted, Removed: c.Added, Protected: c.Protected})
		default:
			t.emit(ctx, event.Event{Kind: event.KindFileChanged, Path: c.Path, Change: runtime.ChangeModified, Added: c.Removed, Removed: c.Added, Protected: c.Protected})
		}
	}
	t.out.Changes = list
	if more > 0 {
		t.notice(ctx, event.LevelWarning, fmt.Sprintf("%d more files were changed than the %d that are listed; files/diff lists all", more, snapshot.MaxSummaries))
	}
}

func pathsOf(changes []runtime.Change) map[string]bool {
	paths := make(map[string]bool, len(changes))
	for _, c := range changes {
		paths[c.Path] = true
	}
	return paths
}

// reportProtected names the files that commands have changed where programs of
// the user run them, except those that package managers and builds install.
// Changes by tools are left out, because the user was asked about them.
func (t *turn) reportProtected(ctx context.Context, tools map[string]bool) {
	var paths []string
	for _, c := range t.out.Changes {
		if c.Protected && c.Change != runtime.ChangeDeleted && !tools[c.Path] {
			paths = append(paths, c.Path)
		}
	}
	if told := protect.Told(paths); told != "" {
		t.notice(ctx, event.LevelWarning, "commands changed files that programs of yours run: look at them before you go on there: "+told)
	}
}

// reportOmitted says once a session what undo does not cover. It leaves out git's
// own files, because users expect that.
func (t *turn) reportOmitted(ctx context.Context, out snapshot.Outcome) {
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
	t.notice(ctx, event.LevelInfo, "changes of these are not seen and cannot be undone: "+strings.Join(named, ", "))
}
