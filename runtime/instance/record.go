package instance

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

const (
	recordFile    = "workspaces" // in a record's directory: JSON strings, one a line
	maxWorkspaces = 1000         // in one record; further ones are not recorded
	lineBytes     = 64 << 10     // of one such line, at most
)

// Record lists the workspaces that this process works in, so that later
// processes can clean them up if this one is killed. It is safe for concurrent
// use.
type Record struct {
	parent string

	mu     sync.Mutex // guards the fields below
	dir    string     // "" before the first workspace
	noted  map[string]bool
	slots  *os.File         // nil before the first Begin
	busy   map[string]*busy // by workspace
	closed bool
}

// NewRecord returns a record below parent, a directory for such records only.
// It writes nothing before the first Add.
func NewRecord(parent string) *Record {
	return &Record{parent: parent, noted: make(map[string]bool), busy: make(map[string]*busy)}
}

// Add records a workspace, an absolute path, once.
func (r *Record) Add(workspace string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.noted[workspace] || len(r.noted) >= maxWorkspaces || !Self().Known() {
		return nil
	}
	line, err := json.Marshal(workspace)
	if err != nil {
		return err
	}
	if r.dir == "" {
		if r.dir, err = MakeDir(r.parent, "run"); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(filepath.Join(r.dir, recordFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		r.noted[workspace] = true
	}
	return err
}

// Close removes the record: this process has cleaned up itself.
func (r *Record) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.dir == "" {
		return nil
	}
	if r.slots != nil {
		_ = r.slots.Close()
	}
	return RemoveAll(r.dir)
}

// ReapRecords removes the records in parent of processes that are provably dead,
// and calls sweep for every workspace in them. A record whose sweep fails stays for
// the next time.
func ReapRecords(ctx context.Context, parent string, sweep func(Left) error) (removed int, err error) {
	return Reap(ctx, parent, func(dir *os.Root, owner Identity) error {
		busy, err := readBusy(dir)
		if err != nil {
			return err
		}
		f, err := dir.Open(recordFile)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer f.Close()
		var failures []error
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, lineBytes)
		for lines.Scan() {
			var workspace string
			if json.Unmarshal(lines.Bytes(), &workspace) == nil { // the last line can be incomplete
				left := busy[sumOf(workspace)]
				left.Workspace, left.Tag = workspace, owner.Tag()
				failures = append(failures, sweep(left))
			}
		}
		return errors.Join(append(failures, lines.Err())...)
	})
}
