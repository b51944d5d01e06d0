package snapshot

import (
	"context"
	"errors"
	"fmt"
	"path"
	"sync"
)

// Turn is one stretch of work whose changes are to be known. Begin one, and End
// it exactly once.
type Turn struct {
	t     *Tracker
	ready chan struct{} // closed when before or err is there

	before *manifest
	err    error

	file    *turnFile // nil: it could not be made
	fileErr error

	mu       sync.Mutex
	pre      map[string]State // by real path: how it was before a tool wrote it
	wrote    map[string]bool  // real paths that a tool was to write
	commands bool             // that can have changed anything
}

// Outcome is what a turn did.
type Outcome struct {
	Changes []Change
	// Left names what undo does not cover, at most MaxLeft; LeftTotal counts all.
	Left      []Left
	LeftTotal int
}

// Begin makes the turn known to others in this workspace and starts the scan that
// tells how all was before it, in a goroutine that End waits for. Until Ready,
// whatever changes the workspace must call PreImage first, or wait.
//
// If the process is killed, Recover, given log, can end the turn in another one; id
// is that of the record to come. With log "" it cannot.
func (t *Tracker) Begin(ctx context.Context, log, id string) *Turn {
	u := &Turn{t: t, ready: make(chan struct{}), pre: map[string]State{}, wrote: map[string]bool{}}
	u.file, u.fileErr = t.newTurnFile(turnHead{Log: log, ID: id})
	go func() {
		defer close(u.ready)
		u.before, u.err = t.rescan(ctx)
	}()
	return u
}

// Ready waits until the first scan is done. On its error (the ctx of Begin was
// cancelled, a cap, a store that cannot be written) only what PreImage was
// called for will be known as changed; End tells the error too.
func (u *Turn) Ready(ctx context.Context) error {
	select {
	case <-u.ready:
		return u.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// PreImage keeps what is at name, a path in the workspace or that of a link in
// it, before the caller writes there: where the first scan is not done yet, and
// where it leaves the path out. Otherwise it returns at once. Only the first
// call for a path in a turn counts.
//
// It also tells that the path is this turn's: without Commands nothing else is.
//
// An error tells that the pre-image could not be stored. That of a path outside
// is left to the write, which fails by it.
func (u *Turn) PreImage(name string) error {
	real, err := realPath(u.t.root, name)
	if err != nil {
		return nil //nolint:nilerr // the write itself words that better
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
		// The write makes the directories that lead there.
	}
	return nil
}

// Commands tells that from now on the turn can change whatever is in the workspace.
// It is called after Ready, or without it where nothing waits for the first scan.
func (u *Turn) Commands() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.commands = true
}

// Keep makes sure that other processes know what the turn is about to do. It is
// called before each change of the workspace, after PreImage or Commands. It is no
// guard against a crash of the machine.
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

// Alive tells that what was changed until now can be the turn's even if the process
// is killed next. It is cheap; without it that is told five times a second.
func (u *Turn) Alive() {
	if u.file != nil {
		u.file.beat()
	}
}

// Forget tells, after End, that its outcome is recorded, or that there is nothing to
// record. Without it Recover ends the turn again.
func (u *Turn) Forget() error {
	if u.file == nil {
		return nil
	}
	u.file.rest()
	return u.t.finish(u.file.name)
}

// absent notes that name was not there, if so: the second scan can leave out what
// is made on the way to it.
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

// knows reports whether the scan tells all about name: what it is, or that it
// is not there.
func (m *manifest) knows(name string) bool {
	e, ignored := m.lookup(name)
	return !ignored && (e == nil || e.covered())
}

// End scans again and returns what has changed since Begin. The contents from
// before and after are in the store then, so that the changes can be shown and
// reverted at any time later. Beside an error of a scan the Outcome has what is
// known by pre-images.
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
	u.file.rest() // others have kept their files for this one until now
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
