package snapshot

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// lostTurn is a turn that was kept and whose process has not ended it.
type lostTurn struct {
	keptHead
	name   string
	last   time.Time // when it surely lived
	pre    map[string]State
	before *manifest // nil: only tools had changed files, those of pre
	err    error     // the scan is there and cannot be read
}

// Recover ends the turns that were kept for a log by processes that were killed,
// the oldest first, and calls done with what they changed: the log's owner must be
// the only one to work with it now. What done has taken is forgotten; its error ends
// Recover.
//
// A turn's changes are those between its first scan and now. A file that was
// changed since the turn was last seen alive is among them, but how the turn had
// left it is not known: to Revert it is a conflict.
func (t *Tracker) Recover(ctx context.Context, log string, done func(id string, changes []Change) error) error {
	turns, err := t.lostTurns()
	if err != nil {
		return err
	}
	for _, lost := range turns {
		if lost.Log != log {
			continue
		}
		if lost.err != nil { // nor will it be next time
			return errors.Join(fmt.Errorf("recover turn %s: %w", lost.ID, lost.err), t.removeKept(lost.name))
		}
		changes, err := t.endLost(ctx, lost)
		if err != nil {
			return fmt.Errorf("recover turn %s: %w", lost.ID, err)
		}
		if err := done(lost.ID, changes); err != nil {
			return err
		}
		if err := t.removeKept(lost.name); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tracker) endLost(ctx context.Context, lost lostTurn) ([]Change, error) {
	c := comparison{t: t, pre: lost.pre, until: lost.last.Add(2 * beatEvery).UnixNano()}
	if lost.before != nil {
		after, err := t.rescan(ctx)
		if err != nil {
			return nil, err
		}
		c.before, c.after = lost.before, after
	}
	return c.changes(ctx)
}

// lostTurns reads all turns that are kept, the oldest first.
func (t *Tracker) lostTurns() ([]lostTurn, error) {
	entries, err := os.ReadDir(filepath.Join(t.state, keptDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for turns without an end: %w", err)
	}
	var all []lostTurn
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), keptSuffix) {
			continue
		}
		lost, err := t.readKept(filepath.Join(keptDir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read a turn without an end: %w", err)
		}
		all = append(all, lost)
	}
	slices.SortFunc(all, func(a, b lostTurn) int { return a.last.Compare(b.last) })
	return all, nil
}

// readKept reads the file of a turn. A line that a death has left half is none: its
// change was not made yet.
func (t *Tracker) readKept(name string) (lostTurn, error) {
	lost := lostTurn{name: name, pre: map[string]State{}}
	f, err := os.Open(filepath.Join(t.state, name))
	if err != nil {
		return lost, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return lost, err
	}
	lost.last = info.ModTime()
	lines := json.NewDecoder(bufio.NewReader(f))
	if err := lines.Decode(&lost.keptHead); err != nil {
		return lost, nil //nolint:nilerr // it was only being made: nothing was changed
	}
	for {
		var p keptPre
		if err := lines.Decode(&p); err != nil {
			break
		}
		lost.pre[string(p.Path)] = p.State
	}
	lost.before, lost.err = t.loadFrom(name + keptSuffix)
	if errors.Is(lost.err, fs.ErrNotExist) {
		lost.err = nil
	}
	return lost, nil
}

// markKept keeps what turns without an end need, and removes those that no log
// waits for or that cannot be read.
func (t *Tracker) markKept(logs []string, needed map[Hash]struct{}) error {
	turns, err := t.lostTurns()
	if err != nil {
		return err
	}
	for _, lost := range turns {
		if lost.err != nil || !slices.Contains(logs, lost.Log) {
			if err := t.removeKept(lost.name); err != nil {
				return err
			}
			continue
		}
		for _, s := range lost.pre {
			needed[s.Hash] = struct{}{}
		}
		if lost.before != nil {
			lost.before.mark(needed)
		}
	}
	return nil
}
