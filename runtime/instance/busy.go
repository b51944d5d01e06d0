package instance

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	busyFile = "busy" // in a record's directory: one slot for each workspace
	// A slot is one line: when the running work began, in nanoseconds since
	// 1970 or 0 for none, the caller's word, and the hash of the workspace's
	// path.
	busyFormat = "%020d %-10.10s %s\n"
	busyBytes  = 20 + 1 + 10 + 1 + 2*sha256.Size + 1
)

// Left is what a dead process recorded of a workspace.
type Left struct {
	Workspace string
	Tag       string    // of the process
	Busy      time.Time // when the unfinished work began; zero: none
	Word      string    // the word of Begin
}

// busy is a workspace's slot.
type busy struct {
	offset int64
	users  int
}

// Begin records that work begins in a workspace that was added. Calling end,
// which is never nil, records that it has ended. Concurrent work counts from
// the begin of the first; the first one's word, up to ten letters, is kept for
// Left. Begin writes a few bytes to an open file and does not wait for the
// disk: the record survives the end of the process, but not a crash of the
// machine.
func (r *Record) Begin(workspace, word string) (end func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || !r.noted[workspace] {
		return func() {}, nil
	}
	if r.slots == nil {
		if r.slots, err = os.OpenFile(filepath.Join(r.dir, busyFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
			return func() {}, err
		}
	}
	b := r.busy[workspace]
	if b == nil {
		b = &busy{offset: int64(len(r.busy)) * busyBytes}
		r.busy[workspace] = b
	}
	if b.users == 0 {
		if err := r.mark(b, workspace, word, time.Now().UnixNano()); err != nil {
			return func() {}, err
		}
	}
	b.users++
	return func() { r.end(b, workspace, word) }, nil
}

func (r *Record) end(b *busy, workspace, word string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b.users--; b.users == 0 && !r.closed {
		_ = r.mark(b, workspace, word, 0) // otherwise later changes count as that work
	}
}

// mark writes a slot. The caller holds mu.
func (r *Record) mark(b *busy, workspace, word string, since int64) error {
	_, err := r.slots.WriteAt(fmt.Appendf(nil, busyFormat, since, word, sumOf(workspace)), b.offset)
	return err
}

func sumOf(workspace string) string {
	sum := sha256.Sum256([]byte(workspace))
	return hex.EncodeToString(sum[:])
}

// readBusy reads the slots of the record in dir, if there are any.
func readBusy(dir *os.Root) (map[string]Left, error) {
	f, err := dir.Open(busyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxWorkspaces*busyBytes))
	all := make(map[string]Left)
	for line := range bytes.Lines(text) {
		f := strings.Fields(string(line))
		if len(f) != 3 {
			continue
		}
		if since, err := strconv.ParseInt(f[0], 10, 64); err == nil && since > 0 {
			all[f[2]] = Left{Busy: time.Unix(0, since), Word: f[1]}
		}
	}
	return all, err
}
