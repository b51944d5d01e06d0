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
	maxWorkspaces = 1000         // in one record; a server that works in more tells no more of them
	lineBytes     = 64 << 10     // of one such line, at most
)

// Record tells later processes which workspaces this one works in, so that they
// can look there for what it left when it is killed. It is safe for concurrent use.
type Record struct {
	parent string

	mu     sync.Mutex // guards what is below
	dir    string     // "" before the first workspace
	noted  map[string]bool
	closed bool
}

// NewRecord makes a record below parent, a directory for such records alone.
// Nothing is written before the first Add.
func NewRecord(parent string) *Record {
	return &Record{parent: parent, noted: make(map[string]bool)}
}

// Add notes a workspace, an absolute path, once.
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

// Close removes the record: this process leaves nothing.
func (r *Record) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.dir == "" {
		return nil
	}
	return RemoveAll(r.dir)
}

// ReapRecords removes the records in parent of processes that are provably dead,
// and calls sweep for every workspace in them with the dead process's tag. A
// record whose sweep fails stays for the next time.
func ReapRecords(ctx context.Context, parent string, sweep func(workspace, tag string) error) (removed int, err error) {
	return Reap(ctx, parent, func(dir *os.Root, owner Identity) error {
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
			if json.Unmarshal(lines.Bytes(), &workspace) == nil { // the last line can be torn
				failures = append(failures, sweep(workspace, owner.Tag()))
			}
		}
		return errors.Join(append(failures, lines.Err())...)
	})
}
