package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// Recover ends the turns for a log whose processes were killed, the oldest
// first, and calls done with their changes. The log's owner must be its only
// user now. After a successful call of done the turn is forgotten; an error of
// done ends Recover.
//
// A turn's changes are those between its first scan and now. For a file that
// was changed, moved or removed since the turn's last heartbeat it is not known
// how the turn left it: for Revert that is a conflict.
func (t *Tracker) Recover(ctx context.Context, log string, done func(id string, changes []Change) error) error {
	turns, err := t.lostTurns()
	if err != nil {
		return err
	}
	for _, lost := range turns {
		if lost.Log != log {
			continue
		}
		before, err := t.scanOf(lost)
		if err != nil { // it will fail next time too
			return errors.Join(fmt.Errorf("recover turn %s: %w", lost.ID, err), t.finish(lost.name))
		}
		changes, err := t.endLost(ctx, lost, before)
		if err != nil {
			return fmt.Errorf("recover turn %s: %w", lost.ID, err)
		}
		if err := done(lost.ID, changes); err != nil {
			return err
		}
		if err := t.finish(lost.name); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tracker) endLost(ctx context.Context, lost *seenTurn, before *manifest) ([]Change, error) {
	beside, err := t.beside(lost)
	if err != nil {
		return nil, err
	}
	c := comparison{t: t, pre: lost.pre, own: lost, beside: beside, late: lateness{t: t, before: before, alive: lost.last}}
	if before != nil {
		after, err := t.rescan(ctx)
		if err != nil {
			return nil, err
		}
		c.before, c.after = before, after
	}
	return c.changes(ctx)
}

// lostTurns returns the turns whose process was killed and that can be ended,
// the oldest first.
func (t *Tracker) lostTurns() ([]*seenTurn, error) {
	turns, err := t.seeTurns()
	turns = slices.DeleteFunc(turns, func(s *seenTurn) bool { return !s.lost() })
	slices.SortFunc(turns, func(a, b *seenTurn) int { return cmp.Compare(a.last, b.last) })
	return turns, err
}

// scanOf returns a turn's first scan; nil means that only tools had changed
// files, those of its pre-images.
func (t *Tracker) scanOf(s *seenTurn) (*manifest, error) {
	before, err := t.loadFrom(s.name + scanSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return before, err
}

// markLost marks the contents that lost turns need, and removes lost turns that
// belong to no log in logs or cannot be read.
func (t *Tracker) markLost(logs []string, needed map[Hash]struct{}) error {
	turns, err := t.lostTurns()
	if err != nil {
		return err
	}
	for _, lost := range turns {
		before, err := t.scanOf(lost)
		if err != nil || !slices.Contains(logs, lost.Log) {
			if err := t.removeTurn(lost.name); err != nil {
				return err
			}
			continue
		}
		for _, s := range lost.pre {
			needed[s.Hash] = struct{}{}
		}
		if before != nil {
			before.mark(needed)
		}
	}
	return nil
}
