package snapshot

import (
	"context"
	"errors"
	"fmt"
	"path"
	"sync"
)

// Turn is a period of work whose changes are tracked. Begin one, and End it
// exactly once.
type Turn struct {
	t     *Tracker
	ready chan struct{} // closed when before or err is set

	before *manifest
	err    error

	file    *turnFile // nil: it could not be made
	fileErr error

	mu       sync.Mutex
	pre      map[string]State // by real path: the state before a tool wrote it
	wrote    map[string]bool  // real paths that a tool was to write
	commands bool             // commands ran, which can have changed any file
}

// Outcome is what a turn did.
type Outcome struct {
	Changes []Change
	// Left names what undo does not cover, at most MaxLeft; LeftTotal counts all.
	Left      []Left
	LeftTotal int
}

// Begin announces the turn to others in this workspace and starts the first
// scan in a goroutine that End waits for. Until Ready returns, callers that
// change the workspace must call PreImage first, or wait.
//
// If this process is killed, Recover for log can end the turn in another
// process; id is the id of the later record. With log "" it cannot.
func (t *Tracker) Begin(ctx context.Context, log, id string) *Turn {
	u := &Turn{t: t, ready: make(chan struct{}), pre: map[string]State{}, wrote: map[string]bool{}}
	u.file, u.fileErr = t.newTurnFile(turnHead{Log: log, ID: id})
	go func() {
		defer close(u.ready)
		u.before, u.err = t.rescan(ctx)
	}()
	return u
}

// Ready waits until the first scan is done. If the scan failed (the ctx of
// Begin was cancelled, a cap, a store that cannot be written), only the paths
// of PreImage will be known as changed; End returns the error too.
func (u *Turn) Ready(ctx context.Context) error {
	select {
	case <-u.ready:
		return u.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// PreImage stores the content of name, a path in the workspace, maybe through
// links, before the caller writes it: if the first scan is not done yet or
// leaves the path out. Otherwise it returns at once. Only the first call for a
// path in a turn counts.
//
// It also records that the path belongs to this turn: without Commands no other
// path does.
//
// An error means that the pre-image could not be stored. A path that leads
// outside is no error here: the write fails.
func (u *Turn) PreImage(name string) error {
	real, err := realPath(u.t.root, name)
	if err != nil {
		return nil //nolint:nilerr // the write itself returns a better error
	}
	u.mu.Lock()
	u.wrote[real] = true
	u.mu.Unlock()
	select {
	case <-u.ready:
		if u.err == nil && u.before.knows(real) {
			u.absent(real)
			return nil
		}
	default:
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for ; real != "."; real = path.Dir(real) {
		if _, known := u.pre[real]; known {
			return nil
		}
		s, err := u.t.stateOf(real, true)
		if err != nil {
			return err
		}
		u.pre[real] = s
		if s.Kind != Absent {
			return nil
		}
		// The write makes the directories above it.
	}
	return nil
}

// Commands records that from now on the turn can change any file in the
// workspace. It is called after Ready, or without it if nothing waits for the
// first scan.
func (u *Turn) Commands() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.commands = true
}

// Keep makes sure that other processes know what the turn is about to do. It is
// called before each change of the workspace, after PreImage or Commands. It
// does not survive a crash of the machine.
func (u *Turn) Keep() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.file == nil {
		return fmt.Errorf("keep the turn: %w", u.fileErr)
	}
	select {
	case <-u.ready:
		if u.err == nil && !u.file.scan && u.file.head.Log != "" {
			if err := u.t.saveAs(u.file.name+scanSuffix, u.before); err != nil {
				return err
			}
			u.file.scan = true
		}
	default:
	}
	if err := u.file.keep(u); err != nil {
		return fmt.Errorf("keep the turn: %w", err)
	}
	return nil
}

// Alive renews the turn's heartbeat: changes up to now can belong to the turn
// even if the process is killed next. It is cheap; without it the heartbeat
// comes five times a second.
func (u *Turn) Alive() {
	if u.file != nil {
		u.file.beat()
	}
}

// Forget must be called after End when the outcome is recorded, or if there is
// nothing to record. Without it Recover ends the turn again.
func (u *Turn) Forget() error {
	if u.file == nil {
		return nil
	}
	u.file.release()
	return u.t.finish(u.file.name)
}

// absent records that name did not exist, if that is so: the second scan can
// leave out the directories that are made above it.
func (u *Turn) absent(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for ; name != "."; name = path.Dir(name) {
		if e, _ := u.before.lookup(name); e != nil {
			return
		}
		if _, known := u.pre[name]; known {
			return
		}
		u.pre[name] = State{Kind: Absent}
	}
}

// knows reports whether the scan covers name: its entry, or that it did not
// exist.
func (m *manifest) knows(name string) bool {
	e, ignored := m.lookup(name)
	return !ignored && (e == nil || e.covered())
}

// End scans again and returns what has changed since Begin. The contents from
// before and after are then in the store, so that the changes can be shown and
// reverted at any later time. If a scan fails, the Outcome has the changes that
// the pre-images show.
func (u *Turn) End(ctx context.Context) (Outcome, error) {
	<-u.ready
	after, err := u.before, u.err
	if err == nil {
		after, err = u.t.rescan(ctx)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	c := comparison{t: u.t, pre: u.pre, own: &seenTurn{wrote: u.wrote, commands: u.commands}}
	if err == nil {
		c.before, c.after = u.before, after
	}
	if u.file != nil {
		c.own.turnHead, c.own.name, c.own.open = u.file.head, u.file.name, true
		var unseen error
		c.beside, unseen = u.t.beside(c.own)
		err = errors.Join(err, unseen)
	}
	u.file.release() // others keep their files until this one is released
	changes, compareErr := c.changes(ctx)
	if compareErr != nil && err == nil {
		err = compareErr
	}
	out := Outcome{Changes: changes}
	if c.after != nil {
		out.Left, out.LeftTotal = c.after.left()
	}
	return out, err
}
