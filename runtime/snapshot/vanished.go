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

// workspaceFile is the file in a store with the path of its workspace.
const workspaceFile = "workspace"

// maxSwept bounds the stores that one sweep examines.
const maxSwept = 10_000

// Sweep removes the stores in the directory parent whose workspace does not
// exist any more and that nobody has used for the time unused, and remains of
// an earlier sweep. It returns how many it removed. It leaves a store that is
// in use, that does not name its workspace, or whose workspace cannot be
// checked.
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
			if doomed, err = moveAway(doomed); err != nil {
				return removed, fmt.Errorf("sweep the undo stores: %w", err)
			}
			if doomed == "" {
				continue // it is in use
			}
		}
		if err := removeTree(ctx, doomed); err != nil {
			return removed, fmt.Errorf("sweep the undo stores: %w", err)
		}
		removed++
	}
	return removed, nil
}

// writeWorkspace writes the path of its workspace into a store.
func writeWorkspace(state, dir string) error {
	name := filepath.Join(state, workspaceFile)
	if old, err := os.ReadFile(name); err == nil && string(old) == dir {
		return nil
	}
	if err := os.WriteFile(name, []byte(dir), 0o600); err != nil {
		return fmt.Errorf("make the undo store: %w", err)
	}
	return nil
}

// vanished reports whether a store's workspace does not exist, and nobody has
// used the store for the time unused.
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

// moveAway renames a store to a temporary name, so that nobody finds it any
// more. It returns "" if the store is in use.
func moveAway(state string) (string, error) {
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

// removeTree is os.RemoveAll, but ends with ctx.
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

// gone returns the error of a removal, nil if another sweep has removed the
// file.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
