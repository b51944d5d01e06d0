package snapshot

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pygent/pygent/runtime"
)

// Follower is one session's use of the undo of its workspace. It opens the undo
// at first use. It is safe for concurrent use.
type Follower struct {
	undo *Undo // nil: there is no undo
	ws   *runtime.Workspace

	opening sync.Mutex // may be held for long; guards space
	space   *Space     // nil before the first use

	mu      sync.Mutex
	records string          // their path; "": not kept
	notices []string        // for the user
	life    context.Context // context of scans; nil before the first one
	stop    context.CancelFunc
	scans   sync.WaitGroup // scans that their turn did not wait for
	over    chan struct{}  // closed when the last such turn has ended for others too; nil: none
}

// Follow returns a Follower of a workspace, without undo if u is nil. The
// records of a workspace that is not temporary are not kept before KeepAt.
func (u *Undo) Follow(ws *runtime.Workspace) *Follower {
	f := &Follower{undo: u, ws: ws}
	if ws.Temporary() {
		f.records = ws.Beside(RecordsFile)
	}
	return f
}

// KeepAt sets the path of the session's records. It does nothing for a
// temporary workspace, whose records are beside it and removed with it.
func (f *Follower) KeepAt(file string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ws.Temporary() {
		f.records = file
	}
}

func (f *Follower) recordsFile() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.records == "" {
		return "", ErrNotKept
	}
	return f.records, nil
}

// Space returns the tracked workspace.
func (f *Follower) Space() (*Space, error) {
	if f.undo == nil {
		return nil, ErrOff
	}
	f.opening.Lock()
	defer f.opening.Unlock()
	if f.space != nil {
		return f.space, nil
	}
	s, err := f.undo.Open(f.ws)
	if err != nil {
		return nil, err
	}
	f.space = s
	if err := f.recover(s); err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.notices = append(f.notices, fmt.Sprintf("what a turn changed before its server was killed cannot be undone: %v", err))
	}
	return s, nil
}

// Notices returns the notices for the user since the last call.
func (f *Follower) Notices() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := f.notices
	f.notices = nil
	return list
}

// Log returns the log of the session's records.
func (f *Follower) Log() (*Log, error) {
	s, err := f.Space()
	if err != nil {
		return nil, err
	}
	name, err := f.recordsFile()
	if err != nil {
		return nil, err
	}
	return s.Log(name)
}

// Record stores changes under an id.
func (f *Follower) Record(id string, changes []Change) error {
	log, err := f.Log()
	if err != nil {
		return err
	}
	return log.Append(Record{ID: id, Time: time.Now().UTC(), Changes: changes})
}

// WaitOver waits until the last turn has ended for others in the workspace too.
func (f *Follower) WaitOver(ctx context.Context) error {
	f.mu.Lock()
	over := f.over
	f.mu.Unlock()
	if over == nil {
		return nil
	}
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close ends running scans and releases the workspace. No turn may be running.
// The Follower can be used again.
func (f *Follower) Close() error {
	f.mu.Lock()
	if f.stop != nil {
		f.stop()
	}
	f.life, f.stop = nil, nil
	f.mu.Unlock()
	f.scans.Wait()
	f.opening.Lock()
	defer f.opening.Unlock()
	s := f.space
	f.space = nil
	if s == nil {
		return nil
	}
	return f.undo.Release(s)
}

// scanning returns the context of a turn's first scan, which can outlive the
// turn.
func (f *Follower) scanning() context.Context {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.life == nil {
		f.life, f.stop = context.WithCancel(context.Background())
	}
	return f.life
}

// lasting returns the path of the records if they outlive the server, so that
// another server can record a turn whose own was killed; "" if they do not.
func (f *Follower) lasting() string {
	if f.ws.Temporary() {
		return ""
	}
	name, err := f.recordsFile()
	if err != nil {
		return "" // the changes of a turn cannot be recorded; its end reports that
	}
	return name
}

// recover records the changes of turns of this session whose server was killed.
// It runs once, before the session changes anything itself.
func (f *Follower) recover(s *Space) error {
	name := f.lasting()
	if name == "" {
		return nil
	}
	return s.Tracker.Recover(f.scanning(), name, func(id string, changes []Change) error {
		log, err := s.Log(name)
		if err != nil || len(changes) == 0 || slices.Contains(log.IDs(), id) { // killed between the record and its end
			return err
		}
		return log.Append(Record{ID: id, Time: time.Now().UTC(), Changes: changes})
	})
}
