package snapshot

import (
	"context"
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

	mu  sync.Mutex
	pre map[string]State // by real path: how it was before a tool wrote it

	kept *kept // nil: nothing of the turn outlives the process
}

// Outcome is what a turn did.
type Outcome struct {
	Changes []Change
	// Left names what undo does not cover, at most MaxLeft; LeftTotal counts all.
	Left      []Left
	LeftTotal int
}

// Begin starts the scan that tells how all was before the turn, in a goroutine
// that End waits for. Until Ready, whatever changes the workspace must call
// PreImage first, or wait.
func (t *Tracker) Begin(ctx context.Context) *Turn {
	u := &Turn{t: t, ready: make(chan struct{}), pre: map[string]State{}}
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
// An error tells that the pre-image could not be stored. That of a path outside
// is left to the write, which fails by it.
func (u *Turn) PreImage(name string) error {
	real, err := realPath(u.t.root, name)
	if err != nil {
		return nil //nolint:nilerr // the write itself words that better
	}
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
	u.kept.rest()
	c := comparison{t: u.t, pre: u.pre}
	if err == nil {
		c.before, c.after = u.before, after
	}
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
