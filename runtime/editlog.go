package runtime

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pygent/pygent/runtime/internal/filelock"
	"github.com/pygent/pygent/runtime/statedir"
)

// The journal of one Apply, a file that its process holds locked:
//
//	header    one line of JSON: editHead
//	contents  of the files, in their order, each of its size
//	sum       one line: the SHA-256 of all that precedes, in hex
//	commit    one line, written when all new files are staged
//
// Without a whole last line nothing was published. With it, recovery finishes
// what is missing.
const (
	editLogSuffix  = ".edits"
	editLogVersion = 1
	editLogCommit  = "commit\n"
	maxEditHead    = 8 << 20
)

// unknownSum stands for the content of a file that could not be read.
const unknownSum = "?"

type editHead struct {
	Version   int        `json:"version"`
	Workspace string     `json:"workspace"`
	Allowed   []string   `json:"allowed,omitempty"`
	Files     []editStep `json:"files"`
}

// editStep is the change of one path.
type editStep struct {
	Path   string      `json:"path"` // links followed
	Remove bool        `json:"remove,omitempty"`
	Was    string      `json:"was,omitempty"` // sum of the old content; "": there was no file
	Sum    string      `json:"sum,omitempty"` // of the new content
	Size   int64       `json:"size,omitempty"`
	Mode   fs.FileMode `json:"mode,omitempty"` // permission bits of the new file; 0: the usual ones
	Temp   string      `json:"temp,omitempty"`
	Backup string      `json:"backup,omitempty"`
}

// editLog is a journal that this process writes. A nil editLog keeps nothing.
type editLog struct {
	f    *os.File
	name string
}

// editDir returns the directory of a workspace's journals below the state
// directory.
func editDir(state, workspace string) (string, error) {
	sum := sha256.Sum256([]byte(workspace))
	return statedir.Make(state, "edits", hex.EncodeToString(sum[:16]))
}

// keep writes the journal of a batch. One path needs none: its file is replaced by
// one call.
func (b *editBatch) keep() (*editLog, error) {
	if b.ws.edits == "" || b.steps() < 2 {
		return nil, nil
	}
	head, contents, err := b.head()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("keep the edit: %w", err)
	}
	l, err := newEditLog(b.ws.edits)
	if err != nil {
		return nil, fmt.Errorf("keep the edit: %w", reason(err))
	}
	sum := sha256.New()
	for _, piece := range append([]string{string(text) + "\n"}, contents...) {
		_, _ = io.WriteString(sum, piece) // never fails
		if _, err = l.f.WriteString(piece); err != nil {
			break
		}
	}
	if err == nil {
		_, err = fmt.Fprintf(l.f, "%x\n", sum.Sum(nil))
	}
	if err != nil {
		l.drop()
		return nil, fmt.Errorf("keep the edit: %w", reason(err))
	}
	return l, nil
}

// head describes the batch for recovery.
func (b *editBatch) head() (head editHead, contents []string, err error) {
	head = editHead{Version: editLogVersion, Workspace: b.ws.dir, Allowed: b.allowed}
	for _, f := range b.files {
		was, err := b.sumOfOld(f)
		if err != nil {
			return head, nil, err
		}
		if f.Delete || f.moves() {
			head.Files = append(head.Files, editStep{Path: f.at.real, Remove: true, Was: was, Backup: f.backup})
			was = ""
		}
		if f.Delete {
			continue
		}
		s := editStep{Path: f.goal().real, Was: was, Sum: sumOf(f.Content), Size: int64(len(f.Content)), Temp: f.temp}
		if f.old != nil {
			s.Mode = f.old.Mode().Perm()
		}
		if f.Mode != nil {
			s.Mode = f.Mode.Perm()
		}
		if !f.moves() {
			s.Backup = f.backup
		}
		head.Files, contents = append(head.Files, s), append(contents, f.Content)
	}
	return head, contents, nil
}

// sumOfOld returns the sum of the content that an edit replaces.
func (b *editBatch) sumOfOld(f *edited) (string, error) {
	switch {
	case f.old == nil:
		return "", nil
	case f.Seen != nil, int64(len(f.before)) == f.old.Size():
		return sumOf(f.before), nil
	}
	sum, err := b.ws.sumAt(f.at)
	if errors.Is(err, fs.ErrPermission) {
		return unknownSum, nil
	}
	if err != nil {
		return "", b.ws.wrap("read", f.clean, err)
	}
	return sum, nil
}

func sumOf(data string) string {
	sum := sha256.New()
	_, _ = io.WriteString(sum, data) // never fails
	return hex.EncodeToString(sum.Sum(nil))
}

// newEditLog makes an empty journal and locks it. Another process that recovers
// can take it for one of a dead process before it is locked; then another is made.
func newEditLog(dir string) (*editLog, error) {
	for {
		name := filepath.Join(dir, strings.TrimPrefix(tempName(), tempPrefix)+editLogSuffix)
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if ok, err := filelock.Try(f, true); err != nil {
			return nil, errors.Join(err, f.Close(), os.Remove(name))
		} else if ok && isAt(f, name) {
			return &editLog{f, name}, nil
		}
		_ = f.Close()
	}
}

// isAt reports whether an open file still has its name.
func isAt(f *os.File, name string) bool {
	own, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(name)
	return err == nil && os.SameFile(own, there)
}

// commit records that all is ready. From here on the edit is done, now or by the
// next process.
func (l *editLog) commit() error {
	if l == nil {
		return nil
	}
	_, err := l.f.WriteString(editLogCommit)
	if err == nil {
		err = l.f.Sync()
	}
	if err != nil {
		return fmt.Errorf("keep the edit: %w", reason(err))
	}
	return nil
}

// drop removes the journal.
func (l *editLog) drop() {
	if l == nil || l.f == nil {
		return
	}
	_ = os.Remove(l.name) // where open files cannot be removed, the next one does
	l.close()
	_ = os.Remove(l.name)
}

func (l *editLog) close() {
	if l != nil && l.f != nil {
		_ = l.f.Close()
		l.f = nil
	}
}

// parseEdits reads a journal. committed is false for one whose last line is
// missing: nothing of it was published. An error means that its contents are
// damaged; head is set beside it if the header is whole.
func parseEdits(text string) (head editHead, contents []string, committed bool, err error) {
	line, rest, ok := strings.Cut(text, "\n")
	if !ok || len(line) > maxEditHead {
		return head, nil, false, nil
	}
	if err := json.Unmarshal([]byte(line), &head); err != nil {
		return editHead{}, nil, false, fmt.Errorf("its header: %w", err)
	}
	if head.Version != editLogVersion {
		return editHead{}, nil, false, fmt.Errorf("its version %d is unknown", head.Version)
	}
	for _, s := range head.Files {
		if s.Remove {
			continue
		}
		if s.Size < 0 || s.Size > int64(len(rest)) {
			return head, nil, false, nil
		}
		contents, rest = append(contents, rest[:s.Size]), rest[s.Size:]
	}
	sum, tail, ok := strings.Cut(rest, "\n")
	if !ok {
		return head, nil, false, nil
	}
	if sum != sumOf(text[:len(text)-len(rest)]) {
		return head, nil, false, errors.New("its contents are not those that were written")
	}
	return head, contents, tail == editLogCommit, nil
}
