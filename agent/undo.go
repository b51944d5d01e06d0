package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/snapshot"
)

// undoFile is what a session's records of changes are called. They lie beside its
// journal, or beside its temporary workspace, with which they go.
const undoFile = "undo.jsonl"

// Undo knows how workspaces were, so that what turns change in them can be shown
// and taken back. Sessions and tasks that work in the same workspace share what
// is known of it, so one Undo serves the whole program. It is safe for concurrent
// use.
type Undo struct {
	opts UndoOptions

	mu     sync.Mutex
	spaces map[string]*undoSpace // by the workspace's directory
}

// UndoOptions say where undo keeps what it needs.
type UndoOptions struct {
	// Dir is a directory, which is made when it is needed. What belongs to a
	// temporary workspace is beside that instead. With "" only those have an undo,
	// and NoDir tells the reason.
	Dir   string
	NoDir error

	// Sessions are those whose records lie beside their journals. Nil: nothing is
	// ever cleared away in Dir.
	Sessions *journal.Store
}

// NewUndo knows nothing yet.
func NewUndo(opts UndoOptions) *Undo {
	return &Undo{opts: opts, spaces: map[string]*undoSpace{}}
}

// undoSpace is one workspace that is in use.
type undoSpace struct {
	tracker *snapshot.Tracker
	key     string
	users   int // guarded by Undo.mu

	mu   sync.Mutex
	logs map[string]*snapshot.Log
}

// open begins or shares the tracking of a workspace; release ends it.
func (u *Undo) open(ws *runtime.Workspace) (*undoSpace, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	s := u.spaces[ws.Dir()]
	if s == nil {
		state, err := u.state(ws)
		if err != nil {
			return nil, err
		}
		tracker, err := snapshot.Open(ws.Dir(), state, snapshot.Options{})
		if err != nil {
			return nil, err
		}
		if ws.Beside("undo") == "" {
			u.collect(tracker, state)
			u.sweep()
		}
		s = &undoSpace{tracker: tracker, key: ws.Dir(), logs: map[string]*snapshot.Log{}}
		u.spaces[s.key] = s
	}
	s.users++
	return s, nil
}

// state is the directory for what undo needs of a workspace.
func (u *Undo) state(ws *runtime.Workspace) (string, error) {
	if dir := ws.Beside("undo"); dir != "" {
		return dir, nil
	}
	switch {
	case u.opts.Dir == "" && u.opts.NoDir == nil:
		return "", errNoUndo
	case u.opts.Dir == "":
		return "", fmt.Errorf("there is no directory to keep files in: %w", u.opts.NoDir)
	}
	sum := sha256.Sum256([]byte(ws.Dir()))
	return filepath.Join(u.opts.Dir, hex.EncodeToString(sum[:16])), nil
}

// release gives s back; the last user closes it.
func (u *Undo) release(s *undoSpace) error {
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
	return errors.Join(append(errs, s.tracker.Close())...)
}

// log opens the records at a path, once for all who use them.
func (s *undoSpace) log(name string) (*snapshot.Log, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if log := s.logs[name]; log != nil {
		return log, nil
	}
	log, err := snapshot.OpenLog(name)
	if err == nil {
		s.logs[name] = log
	}
	return log, err
}

// logPath is where the records of the session that works in ws are.
func logPath(ws *runtime.Workspace, j *journal.Journal) (string, error) {
	switch {
	case ws.Temporary():
		return ws.Beside(undoFile), nil
	case j == nil:
		return "", ErrNotKept
	default:
		return j.Beside(undoFile), nil
	}
}
