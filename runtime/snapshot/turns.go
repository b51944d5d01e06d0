package snapshot

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// seenTurn is a turn as read from its file.
type seenTurn struct {
	turnHead
	name  string
	ended bool
	open  bool  // its process lives
	last  int64 // its last heartbeat, in the form of Begun

	commands bool
	wrote    map[string]bool
	pre      map[string]State
}

// lost reports whether its process was killed and another one can end it.
func (s *seenTurn) lost() bool { return !s.ended && !s.open && s.Log != "" }

// overlaps reports whether both were open at the same time.
func (s *seenTurn) overlaps(other *seenTurn) bool {
	return s.Begun <= other.end() && other.Begun <= s.end()
}

func (s *seenTurn) end() int64 {
	if s.open {
		return math.MaxInt64
	}
	return s.last
}

// ErrTurnOpen says that a turn is open in the workspace, in any process.
var ErrTurnOpen = errors.New("a turn is open in the workspace")

// holdTurns prevents turns from beginning, in any process, until the returned
// Closer is closed. The error is ErrTurnOpen if a turn is open.
func (t *Tracker) holdTurns() (io.Closer, error) {
	gate, err := lockGate(t.state, true)
	if err != nil {
		return nil, err
	}
	turns, err := t.seeTurns()
	if err == nil && slices.ContainsFunc(turns, func(s *seenTurn) bool { return s.open }) {
		err = ErrTurnOpen
	}
	if err != nil {
		return nil, errors.Join(err, gate.Close())
	}
	return gate, nil
}

// seeTurns reads the files of all turns, unsorted.
func (t *Tracker) seeTurns() ([]*seenTurn, error) {
	entries, err := os.ReadDir(filepath.Join(t.state, turnsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for turns: %w", err)
	}
	var all []*seenTurn
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), scanSuffix) {
			continue
		}
		s, err := t.seeTurn(filepath.Join(turnsDir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was just removed
		}
		if err != nil {
			return nil, fmt.Errorf("read a turn: %w", err)
		}
		all = append(all, s)
	}
	return all, nil
}

// seeTurn reads the file of a turn. It ignores a line that a killed process
// left incomplete: its change was not made yet.
func (t *Tracker) seeTurn(name string) (*seenTurn, error) {
	s := &seenTurn{name: name, wrote: map[string]bool{}, pre: map[string]State{}}
	f, err := os.OpenFile(filepath.Join(t.state, name), os.O_RDWR, 0) // Windows locks only files that are open for writing
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	ended, _ := tryLock(f, true) // in doubt the turn is open
	s.open = !ended
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	s.last = info.ModTime().UnixNano()
	in := bufio.NewReader(f)
	mark, _ := in.ReadByte() // 0 for an empty file, which has no lines
	s.ended = mark == markEnded
	lines := json.NewDecoder(in)
	if lines.Decode(&s.turnHead) != nil {
		return s, nil
	}
	for {
		var l turnLine
		if lines.Decode(&l) != nil {
			return s, nil
		}
		switch {
		case l.Commands:
			s.commands = true
		case l.Wrote != "":
			s.wrote[string(l.Wrote)] = true
		case l.State != nil:
			s.pre[string(l.Path)] = *l.State
		}
	}
}

// sweepTurns removes the files of turns that have ended, or that nobody can
// end, except those that overlap with an open or lost turn.
func (t *Tracker) sweepTurns() error {
	gate, err := lockGate(t.state, true) // no turn file is being made now
	if err != nil {
		return err
	}
	defer func() { _ = gate.Close() }()
	turns, err := t.seeTurns()
	if err != nil {
		return err
	}
	for _, s := range turns {
		if s.open || s.lost() || neededBy(turns, s) {
			continue
		}
		if err := t.removeTurn(s.name); err != nil {
			return err
		}
	}
	return nil
}

func neededBy(turns []*seenTurn, s *seenTurn) bool {
	for _, other := range turns {
		if other != s && (other.open || other.lost()) && other.overlaps(s) {
			return true
		}
	}
	return false
}

// beside returns the turns that overlap with own.
func (t *Tracker) beside(own *seenTurn) ([]*seenTurn, error) {
	turns, err := t.seeTurns()
	if err != nil {
		return nil, err
	}
	var list []*seenTurn
	for _, s := range turns {
		if s.name != own.name && s.overlaps(own) {
			list = append(list, s)
		}
	}
	return list, nil
}
