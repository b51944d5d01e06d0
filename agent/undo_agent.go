package agent

import (
	"context"
	"fmt"
	"sync"

	"github.com/pygent/pygent/runtime/snapshot"
)

// errNoUndo tells that the program keeps nothing that could be taken back.
var errNoUndo = fmt.Errorf("%w: this program has no undo", ErrNotKept)

// undoing is an agent's share in the undo of its workspace.
type undoing struct {
	opening sync.Mutex // may be held for long; guards space
	space   *undoSpace // nil before it is needed

	// The rest is guarded by Agent.mu.

	told  map[string]bool // notices that are given once
	life  context.Context // of scans; nil before the first one
	stop  context.CancelFunc
	scans sync.WaitGroup // those that their turn did not wait for
	over  chan struct{}  // closed when the last such turn is over for others too; nil: there was none
}

// undoSpace is the agent's workspace as undo knows it, opened when it is first
// needed.
func (a *Agent) undoSpace() (*undoSpace, error) {
	if a.opts.Undo == nil {
		return nil, errNoUndo
	}
	a.undo.opening.Lock()
	defer a.undo.opening.Unlock()
	if a.undo.space != nil {
		return a.undo.space, nil
	}
	s, err := a.opts.Undo.open(a.runtime.Workspace())
	if err != nil {
		return nil, err
	}
	a.undo.space = s
	if err := a.recover(s); err != nil {
		a.tell(fmt.Sprintf("what a turn changed before its server was killed cannot be undone: %v", err))
	}
	return s, nil
}

// waitOver waits until the last turn is over for others in the workspace too.
func (a *Agent) waitOver(ctx context.Context) error {
	a.mu.Lock()
	over := a.undo.over
	a.mu.Unlock()
	if over == nil {
		return nil
	}
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// undoLog has the records of the agent's turns.
func (a *Agent) undoLog() (*snapshot.Log, error) {
	s, err := a.undoSpace()
	if err != nil {
		return nil, err
	}
	name, err := logPath(a.runtime.Workspace(), a.log.kept())
	if err != nil {
		return nil, err
	}
	return s.log(name)
}

// scanning is the context of a turn's first scan, which can outlive the turn.
func (a *Agent) scanning() context.Context {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.undo.life == nil {
		a.undo.life, a.undo.stop = context.WithCancel(context.Background())
	}
	return a.undo.life
}

// closeUndo ends what scans and gives the workspace back. No turn may be running.
func (a *Agent) closeUndo() error {
	a.mu.Lock()
	if a.undo.stop != nil {
		a.undo.stop()
	}
	a.undo.life, a.undo.stop = nil, nil
	a.mu.Unlock()
	a.undo.scans.Wait()
	a.undo.opening.Lock()
	defer a.undo.opening.Unlock()
	s := a.undo.space
	a.undo.space = nil
	if s == nil {
		return nil
	}
	return a.opts.Undo.release(s)
}

// firstTime tells whether text was not told before in the agent's life.
func (a *Agent) firstTime(text string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := !a.undo.told[text]
	if a.undo.told == nil {
		a.undo.told = map[string]bool{}
	}
	a.undo.told[text] = true
	return first
}
