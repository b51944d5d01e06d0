package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Files that show who uses a store, so that nobody removes contents that
// another user's scan refers to:
//
//	users/NAME  one for each Tracker, locked as long as it lives
//	gate        locked, by all together, while one, or a turn, is being made;
//	            by one alone while it collects, or reverts
const (
	usersDir = "users"
	gateFile = "gate"

	gatePause    = 5 * time.Millisecond
	gatePatience = 30 * time.Second
)

// register makes a file in a directory of the store, and locks it.
func register(state, dir string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Join(state, dir), 0o700); err != nil {
		return nil, fmt.Errorf("make the undo store: %w", err)
	}
	gate, err := lockGate(state, false)
	if err != nil {
		return nil, err
	}
	defer func() { _ = gate.Close() }()
	f, err := os.OpenFile(filepath.Join(state, dir, tempName()), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the undo store: %w", err)
	}
	if ok, err := tryLock(f, true); !ok {
		return nil, errors.Join(fmt.Errorf("lock the undo store: %s cannot be locked", f.Name()), err, f.Close())
	}
	return f, nil
}

// unregister removes a user's file and closes it.
func unregister(f *os.File) error {
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// lockGate opens and locks the gate, until it is closed. It fails after
// gatePatience, because no working server holds the gate that long.
func lockGate(state string, exclusive bool) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(state, gateFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the undo store: %w", err)
	}
	for end := time.Now().Add(gatePatience); ; time.Sleep(gatePause) {
		ok, err := tryLock(f, exclusive)
		if ok {
			return f, nil
		}
		if err == nil && time.Now().After(end) {
			err = fmt.Errorf("another server holds it for over %v", gatePatience)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock the undo store: %w", err), f.Close())
		}
	}
}

// alone reports whether only the user with the file own, "" for none, uses the
// store, and removes the files of dead users. The caller holds the gate.
func alone(state, own string) (bool, error) {
	dir := filepath.Join(state, usersDir)
	users, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, u := range users {
		name := filepath.Join(dir, u.Name())
		if name == own {
			continue
		}
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, err
		}
		dead, _ := tryLock(f, true)
		_ = f.Close()
		if !dead {
			return false, nil
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return true, nil
}
