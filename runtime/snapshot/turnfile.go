package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Each turn has a file in the store, by which other turns in this workspace, of
// any process, know of it, and by which another process can end it if its own
// is killed:
//
//	turns/NAME       a mark, then JSON lines: whose turn it is and what it did.
//	                 Locked while the turn is open. Its time stamp tells when the
//	                 turn was last seen alive
//	turns/NAME.scan  what the first scan found; not there before it was done
//
// The file stays as long as an overlapping turn may need it.
const (
	turnsDir   = "turns"
	scanSuffix = ".scan"
)

// Marks. Both are white space to JSON.
const (
	markOpen  = ' '  // or its process was killed
	markEnded = '\t' // it is recorded, or there is nothing to record
)

// beatEvery is the interval of the heartbeats of a turn that changes files.
const beatEvery = 200 * time.Millisecond

// turnHead is the first line: the log for the turn's record, "" if another
// process cannot write it, the record's id, and when the turn began, by the
// file system's clock, in nanoseconds.
type turnHead struct {
	Log   string `json:"log,omitempty"`
	ID    string `json:"id"`
	Begun int64  `json:"begun"`
}

// turnLine is a further line: a pre-image, a path that a tool was to write, or
// the mark that commands run from then on.
type turnLine struct {
	Path     Name   `json:"path,omitempty"`
	State    *State `json:"state,omitempty"`
	Wrote    Name   `json:"wrote,omitempty"`
	Commands bool   `json:"commands,omitempty"`
}

// turnFile is the file of a turn of this process.
type turnFile struct {
	head turnHead
	name string // in the store, with turnsDir
	file *os.File

	pre, wrote     map[string]bool // already written to the file
	scan, commands bool            // already written

	stop  chan struct{} // ends the heartbeats; nil before the first
	beats sync.WaitGroup
	ended sync.Once
}

func (t *Tracker) newTurnFile(head turnHead) (*turnFile, error) {
	f, err := register(t.state, turnsDir)
	if err != nil {
		return nil, err
	}
	k := &turnFile{name: filepath.Join(turnsDir, filepath.Base(f.Name())), file: f, pre: map[string]bool{}, wrote: map[string]bool{}}
	_, err = f.Write([]byte{markOpen})
	var info fs.FileInfo
	if err == nil {
		info, err = f.Stat()
	}
	if err == nil {
		head.Begun = info.ModTime().UnixNano()
		k.head = head
		err = k.write(head)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), t.removeTurn(k.name))
	}
	return k, nil
}

func (k *turnFile) write(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = k.file.Write(append(line, '\n'))
	}
	return err
}

// keep writes the new parts of a turn.
func (k *turnFile) keep(u *Turn) error {
	if u.commands && !k.commands {
		if err := k.write(turnLine{Commands: true}); err != nil {
			return err
		}
		k.commands = true
	}
	for name := range u.wrote {
		if k.wrote[name] {
			continue
		}
		if err := k.write(turnLine{Wrote: Name(name)}); err != nil {
			return err
		}
		k.wrote[name] = true
	}
	if k.stop == nil {
		k.stop = make(chan struct{})
		k.beats.Go(k.beatOn)
	}
	if k.head.Log == "" {
		return nil
	}
	for name, state := range u.pre {
		if k.pre[name] {
			continue
		}
		if err := k.write(turnLine{Path: Name(name), State: &state}); err != nil {
			return err
		}
		k.pre[name] = true
	}
	return nil
}

// beat renews the time stamp by a write, so that it comes from the same clock
// as the stamps of changed files. If it fails, fewer changes are known to be
// the turn's.
func (k *turnFile) beat() { _, _ = k.file.WriteAt([]byte{markOpen}, 0) }

func (k *turnFile) beatOn() {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-k.stop:
			return
		case <-tick.C:
			k.beat()
		}
	}
}

// release ends the heartbeats and closes the file: until finish the turn looks
// like one whose process was killed. It may be called again, and for nil.
func (k *turnFile) release() {
	if k == nil {
		return
	}
	k.ended.Do(func() {
		if k.stop != nil {
			close(k.stop)
		}
		k.beats.Wait()
		_ = k.file.Close() // all is written already
	})
}

// finish marks the file of a released turn as ended at its last heartbeat, and
// removes files that no turn needs any more.
func (t *Tracker) finish(name string) error {
	path := filepath.Join(t.state, name)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("end a turn: %w", err)
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt([]byte{markEnded}, 0)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("end a turn: %w", err)
	}
	_ = os.Chtimes(path, info.ModTime(), info.ModTime()) // otherwise it would overlap with more turns
	_ = os.Remove(path + scanSuffix)                     // it is not needed any more
	return t.sweepTurns()
}

func (t *Tracker) removeTurn(name string) error {
	name = filepath.Join(t.state, name)
	for _, file := range []string{name, name + scanSuffix} { // the first one first: without it nobody looks for the other
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget a turn: %w", err)
		}
	}
	return nil
}
