package snapshot

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Collected is the result of a collection.
type Collected struct {
	Removed int   // contents
	Freed   int64 // bytes, in blocks
	Used    int64 // bytes still used, in blocks
	// Shared is set if nothing was done because another Tracker, maybe of
	// another server, uses the store.
	Shared bool
}

// Collect removes from the store the contents that neither the last scan nor a
// record in one of the logs needs. logs must name all logs of this workspace
// that are still needed; others do no harm, and a missing one counts as empty.
// If one cannot be read nothing is removed. Turns of killed processes for a log
// that is not in logs are removed. No turn may be open.
func (t *Tracker) Collect(ctx context.Context, logs []string) (Collected, error) {
	t.scanning.Lock()
	defer t.scanning.Unlock()
	gate, err := lockGate(t.state, true)
	if err != nil {
		return Collected{}, err
	}
	defer func() { _ = gate.Close() }()
	if ok, err := alone(t.state, t.user.Name()); err != nil || !ok {
		return Collected{Shared: err == nil}, err
	}
	needed := make(map[Hash]struct{})
	if err := t.mark(needed); err != nil {
		return Collected{}, err
	}
	if err := t.markLost(logs, needed); err != nil {
		return Collected{}, fmt.Errorf("collect the undo store: %w", err)
	}
	for _, name := range logs {
		if err := markLog(ctx, name, needed); err != nil {
			return Collected{}, fmt.Errorf("collect the undo store: %w", err)
		}
	}
	return t.sweep(ctx, needed)
}

// mark marks the contents that the last scan refers to. It also saves the scan,
// because a scan that another Tracker has saved meanwhile can refer to contents
// that are about to be removed.
func (t *Tracker) mark(needed map[Hash]struct{}) error {
	t.mu.Lock()
	last := t.last
	t.mu.Unlock()
	if last == nil {
		last = t.load()
	}
	last.mark(needed)
	return t.save(last)
}

func (m *manifest) mark(needed map[Hash]struct{}) {
	for _, list := range m.dirs {
		for i := range list {
			if list[i].held == heldStore {
				needed[list[i].hash] = struct{}{}
			}
		}
	}
}

func markLog(ctx context.Context, name string, needed map[Hash]struct{}) error {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return eachLine(f, func(at, size int64, _ []byte) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r, err := readRecord(f, at, size)
		if err != nil {
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil // malformed: Read cannot read it either
			}
			return err
		}
		for _, c := range r.Changes {
			needed[c.Before.Hash], needed[c.After.Hash] = struct{}{}, struct{}{}
		}
		return nil
	})
}

// sweep removes contents that are not needed, and files of failed writes.
func (t *Tracker) sweep(ctx context.Context, needed map[Hash]struct{}) (Collected, error) {
	var out Collected
	err := t.store.each(func(name string, info fs.FileInfo) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		size := blocks(info.Size())
		if _, keep := needed[hashOf(name)]; keep {
			out.Used += size
			return nil
		}
		if err := os.Remove(name); err != nil {
			return err
		}
		out.Removed++
		out.Freed += size
		return nil
	})
	if err != nil {
		return out, fmt.Errorf("collect the undo store: %w", err)
	}
	t.store.used.Store(out.Used)
	return out, nil
}

// hashOf returns the hash of a file in the store. For other files it is zero,
// which nothing needs.
func hashOf(name string) (h Hash) {
	text := filepath.Base(filepath.Dir(name)) + filepath.Base(name)
	if len(text) != 2*len(h) {
		return Hash{}
	}
	if _, err := hex.Decode(h[:], []byte(text)); err != nil {
		return Hash{}
	}
	return h
}
