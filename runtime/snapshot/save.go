package snapshot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// scanFile holds the last scan, so that the next Tracker reads only files that
// have changed since. It is a cache: without it all files are read again.
const scanFile = "scan"

// save writes the last scan to a temporary file and renames it.
func (t *Tracker) save(m *manifest) error { return t.saveAs(scanFile, m) }

func (t *Tracker) saveAs(name string, m *manifest) error {
	temp := filepath.Join(t.state, tempName())
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep the scan: %w", err)
	}
	err = errors.Join(writeScan(f, t.dir, m), f.Close())
	if err == nil {
		err = os.Rename(temp, filepath.Join(t.state, name))
	}
	if err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("keep the scan: %w", err)
	}
	return nil
}

// load returns the saved scan, or an empty one. It has only entries of files
// that need not be read again, because their content is known and certainly
// unchanged.
func (t *Tracker) load() *manifest {
	m, err := t.loadFrom(scanFile)
	if err != nil {
		return &manifest{dirs: map[string][]entry{}}
	}
	for dir, list := range m.dirs {
		m.dirs[dir] = slices.DeleteFunc(list, func(e entry) bool { return e.held == heldNowhere || e.racy })
	}
	return m
}

// loadFrom returns the scan that saveAs wrote. For one of another version or
// workspace the error wraps errLost.
func (t *Tracker) loadFrom(name string) (*manifest, error) {
	f, err := os.Open(filepath.Join(t.state, name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	m, err := readScan(f, t.dir)
	if err != nil {
		return nil, fmt.Errorf("read the scan %s: %w", name, err)
	}
	return m, nil
}
