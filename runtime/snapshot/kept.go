package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A turn that is kept can be ended by another process if its own is killed:
//
//	kept/NAME       JSON lines: whose turn it is, then its pre-images; its time
//	                stamp is renewed as long as the turn lasts
//	kept/NAME.scan  what the first scan found; not there before it was done
const (
	keptDir    = "kept"
	keptSuffix = ".scan"
)

// beatEvery is how often a turn shows that it lives. What is changed more than two
// beats after the last one was not changed by it.
const beatEvery = time.Second

// keptHead is the first line: the log that the turn's record is for, and its id.
type keptHead struct {
	Log string `json:"log"`
	ID  string `json:"id"`
}

// keptPre is a further line.
type keptPre struct {
	Path  Name  `json:"path"`
	State State `json:"state"`
}

// kept is the file of a turn that is open.
type kept struct {
	name    string // in the store, with keptDir
	file    *os.File
	written map[string]bool // pre-images
	scan    bool

	stop  chan struct{} // ends the beats
	beats sync.WaitGroup
	ended sync.Once
}

// Keep makes sure that Recover, given the name of the log and the id of the record
// to come, can end the turn in another process if this one is killed. It is called
// before each change of the workspace, after PreImage or Ready, and again gives the
// same two. It is no guard against a crash of the machine.
func (u *Turn) Keep(log, id string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.kept == nil {
		k, err := u.t.newKept(keptHead{log, id})
		if err != nil {
			return fmt.Errorf("keep the turn: %w", err)
		}
		u.kept = k
	}
	select {
	case <-u.ready:
		if u.err == nil && !u.kept.scan {
			if err := u.t.saveAs(u.kept.name+keptSuffix, u.before); err != nil {
				return err
			}
			u.kept.scan = true
		}
	default:
	}
	for name, state := range u.pre {
		if u.kept.written[name] {
			continue
		}
		if err := u.kept.write(keptPre{Name(name), state}); err != nil {
			return fmt.Errorf("keep the turn: %w", err)
		}
		u.kept.written[name] = true
	}
	return nil
}

// Forget removes what Keep wrote, after End and when its outcome is recorded.
func (u *Turn) Forget() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.kept == nil {
		return nil
	}
	u.kept.rest()
	return u.t.removeKept(u.kept.name)
}

func (t *Tracker) newKept(head keptHead) (*kept, error) {
	if err := os.MkdirAll(filepath.Join(t.state, keptDir), 0o700); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(head.Log + "\x00" + head.ID))
	name := filepath.Join(keptDir, hex.EncodeToString(sum[:16]))
	f, err := os.OpenFile(filepath.Join(t.state, name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	k := &kept{name: name, file: f, written: map[string]bool{}, stop: make(chan struct{})}
	if err := k.write(head); err != nil {
		return nil, errors.Join(err, f.Close(), t.removeKept(name))
	}
	k.beats.Go(k.beat)
	return k, nil
}

func (k *kept) write(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = k.file.Write(append(line, '\n'))
	}
	return err
}

func (k *kept) beat() {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-k.stop:
			return
		case now := <-tick.C:
			_ = os.Chtimes(k.file.Name(), now, now) // if it fails, less is known to be the turn's
		}
	}
}

// rest ends the beats. It may be called again, and for nil.
func (k *kept) rest() {
	if k == nil {
		return
	}
	k.ended.Do(func() {
		close(k.stop)
		k.beats.Wait()
		_ = k.file.Close() // all of it is written
	})
}

func (t *Tracker) removeKept(name string) error {
	name = filepath.Join(t.state, name)
	for _, file := range []string{name, name + keptSuffix} { // without the first one nobody looks for the other
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget a turn: %w", err)
		}
	}
	return nil
}
