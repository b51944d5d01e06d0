package snapshot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Options are the options of Open. The zero value is fine.
type Options struct {
	MaxFiles      int   // 0: MaxFiles
	MaxFileBytes  int64 // 0: MaxFileBytes
	MaxStoreBytes int64 // 0: MaxStoreBytes
}

// Tracker tracks the changes of one workspace. Its methods are safe for
// concurrent use; sessions on the same workspace share one.
type Tracker struct {
	dir   string
	root  *os.Root
	state string
	store *store
	user  *os.File // locked while this Tracker uses the store
	opts  Options

	scanning sync.Mutex // one scan at a time
	mu       sync.Mutex
	last     *manifest // the last scan; nil before the first one
	unsaved  bool
}

// Open begins to track the workspace at the host directory dir: absolute and
// free of links, as runtime.Workspace.Dir returns. Open makes the directory
// state for the data of undo, which must lie outside dir. state is for this
// workspace only, and other servers can use it at the same time.
//
// Open does not read the workspace: the first turn does that, and uses the scan
// of an earlier Tracker in state.
func Open(dir, state string, opts Options) (*Tracker, error) {
	if rel, err := filepath.Rel(dir, state); err != nil || filepath.IsLocal(rel) {
		return nil, fmt.Errorf("the undo store %q must lie outside of the workspace %q", state, dir)
	}
	opts = opts.withDefaults()
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, fmt.Errorf("make the undo store: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the workspace: %w", err)
	}
	t := &Tracker{dir: dir, root: root, state: state, opts: opts}
	if t.user, err = register(state, usersDir); err == nil {
		err = writeWorkspace(state, dir)
	}
	if err == nil {
		t.store, err = openStore(state, opts.MaxStoreBytes)
	}
	if err != nil {
		return nil, errors.Join(err, t.release())
	}
	return t, nil
}

func (o Options) withDefaults() Options {
	if o.MaxFiles <= 0 {
		o.MaxFiles = MaxFiles
	}
	if o.MaxFileBytes <= 0 {
		o.MaxFileBytes = MaxFileBytes
	}
	if o.MaxStoreBytes <= 0 {
		o.MaxStoreBytes = MaxStoreBytes
	}
	return o
}

// Close saves the last scan for the next Tracker and releases the store. No
// turn may be open.
func (t *Tracker) Close() error {
	t.mu.Lock()
	last, unsaved := t.last, t.unsaved
	t.mu.Unlock()
	var err error
	if unsaved {
		err = t.save(last)
	}
	return errors.Join(err, t.release())
}

func (t *Tracker) release() error {
	err := t.root.Close()
	if t.user != nil {
		err = errors.Join(err, unregister(t.user))
	}
	return err
}

// rescan scans the workspace and keeps the result as the last scan.
func (t *Tracker) rescan(ctx context.Context) (*manifest, error) {
	t.scanning.Lock()
	defer t.scanning.Unlock()
	t.mu.Lock()
	old := t.last
	t.mu.Unlock()
	if old == nil {
		if err := t.store.measure(); err != nil {
			return nil, err
		}
		old = t.load()
	}
	m, err := t.scan(ctx, old)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.last, t.unsaved = m, true
	t.mu.Unlock()
	return m, nil
}
