package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/pygent/pygent/runtime"
)

// RecordsFile is the name of the file with a session's records of changes. The
// file is beside the session's journal, or beside its temporary workspace, and
// removed with it.
const RecordsFile = "undo.jsonl"

// Reasons why nothing can be undone.
var (
	ErrOff     = errors.New("this program has no undo")
	ErrNotKept = errors.New("the session is not kept")
)

// Undo shares the trackers of workspaces among the sessions and tasks that work in
// them, so one Undo serves the whole program. It is safe for concurrent use.
type Undo struct {
	opts UndoOptions

	mu     sync.Mutex
	spaces map[string]*Space // by the workspace's directory
}

// UndoOptions say where undo keeps its data.
type UndoOptions struct {
	// Dir is a directory, which is made when it is needed. The data of a
	// temporary workspace is beside the workspace instead. If Dir is "", only
	// temporary workspaces have undo, and NoDir is the reason.
	Dir   string
	NoDir error

	// Records lists the files of all sessions' records. If it is nil, nothing
	// in Dir is ever removed.
	Records func() ([]string, error)
}

// NewUndo returns an Undo that tracks no workspace yet.
func NewUndo(opts UndoOptions) *Undo {
	return &Undo{opts: opts, spaces: map[string]*Space{}}
}

// Space is a tracked workspace that is in use.
type Space struct {
	Tracker *Tracker

	key   string
	users int // guarded by Undo.mu

	mu   sync.Mutex
	logs map[string]*Log
}

// Open begins to track a workspace, or shares its Space; Release ends that.
func (u *Undo) Open(ws *runtime.Workspace) (*Space, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	s := u.spaces[ws.Dir()]
	if s == nil {
		state, err := u.state(ws)
		if err != nil {
			return nil, err
		}
		tracker, err := Open(ws.Dir(), state, Options{})
		if err != nil {
			return nil, err
		}
		if ws.Beside("undo") == "" {
			u.collect(tracker, state)
			u.sweep()
		}
		s = &Space{Tracker: tracker, key: ws.Dir(), logs: map[string]*Log{}}
		u.spaces[s.key] = s
	}
	s.users++
	return s, nil
}

// state returns the directory for the undo data of a workspace.
func (u *Undo) state(ws *runtime.Workspace) (string, error) {
	if dir := ws.Beside("undo"); dir != "" {
		return dir, nil
	}
	switch {
	case u.opts.Dir == "" && u.opts.NoDir == nil:
		return "", ErrOff
	case u.opts.Dir == "":
		return "", fmt.Errorf("there is no directory to keep files in: %w", u.opts.NoDir)
	}
	sum := sha256.Sum256([]byte(ws.Dir()))
	return filepath.Join(u.opts.Dir, hex.EncodeToString(sum[:16])), nil
}

// Release ends a use of a space; the last user closes it.
func (u *Undo) Release(s *Space) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if s.users--; s.users > 0 {
		return nil
	}
	delete(u.spaces, s.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, log := range s.logs {
		errs = append(errs, log.Close())
	}
	return errors.Join(append(errs, s.Tracker.Close())...)
}

// Log opens the log at a path, once for all users.
func (s *Space) Log(name string) (*Log, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if log := s.logs[name]; log != nil {
		return log, nil
	}
	log, err := OpenLog(name)
	if err == nil {
		s.logs[name] = log
	}
	return log, err
}
