package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// workspaceFile is where a store says whose it is.
const workspaceFile = "workspace"

// maxSwept bounds the stores that one sweep looks at.
const maxSwept = 10_000

// Sweep removes, of the stores in the directory parent, those whose workspace is
// not there any more and which nobody has used for so long, and what an earlier
// sweep has left of such. It returns how many it removed. A store that is in use,
// that does not say whose it is, or whose workspace cannot be looked for, stays.
func Sweep(ctx context.Context, parent string, unused time.Duration) (removed int, err error) {
	entries, err := os.ReadDir(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("sweep the undo stores: %w", err)
	}
	for _, e := range entries[:min(len(entries), maxSwept)] {
		if ctx.Err() != nil {
			return removed, context.Cause(ctx)
		}
		if !e.IsDir() {
			continue
		}
		doomed := filepath.Join(parent, e.Name())
		if !isTemp(e.Name()) {
			if !vanished(doomed, unused) {
				continue
			}
			if doomed, err = condemn(doomed); err != nil {
				return removed, fmt.Errorf("sweep the undo stores: %w", err)
			}
			if doomed == "" {
				continue // somebody uses it after all
			}
		}
		if err := removeTree(ctx, doomed); err != nil {
			return removed, fmt.Errorf("sweep the undo stores: %w", err)
		}
		removed++
	}
	return removed, nil
}

// claim writes down whose store it is.
func claim(state, dir string) error {
	name := filepath.Join(state, workspaceFile)
	if old, err := os.ReadFile(name); err == nil && string(old) == dir {
		return nil
	}
	if err := os.WriteFile(name, []byte(dir), 0o600); err != nil {
		return fmt.Errorf("make the undo store: %w", err)
	}
	return nil
}

// vanished reports whether a store's workspace is not there, and nobody was for
// that time.
func vanished(state string, unused time.Duration) bool {
	used, err := os.Stat(filepath.Join(state, usersDir)) // each user makes a file in it, and removes it
	if err != nil || time.Since(used.ModTime()) < unused {
		return false
	}
	dir, err := os.ReadFile(filepath.Join(state, workspaceFile))
	if err != nil || !filepath.IsAbs(string(dir)) {
		return false
	}
	_, err = os.Lstat(string(dir))
	return errors.Is(err, fs.ErrNotExist)
}

// condemn takes a store away from those who may look for it, unless one uses it:
// then it is "".
func condemn(state string) (string, error) {
	gate, err := lockGate(state, true)
	if err != nil {
		return "", err
	}
	defer func() { _ = gate.Close() }()
	if ok, err := alone(state, ""); err != nil || !ok {
		return "", err
	}
	doomed := filepath.Join(filepath.Dir(state), tempName())
	return doomed, os.Rename(state, doomed)
}

// removeTree is os.RemoveAll that can be ended in the middle.
func removeTree(ctx context.Context, dir string) error {
	var dirs []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case d.IsDir():
			dirs = append(dirs, name)
			return nil
		}
		return gone(os.Remove(name))
	})
	for i := len(dirs) - 1; err == nil && i >= 0; i-- {
		err = gone(os.Remove(dirs[i]))
	}
	return gone(err)
}

// gone is the error of a removal, unless another sweep was faster.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
