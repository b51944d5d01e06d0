package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Store is a directory of sessions. Each session is a directory named by its id.
// It is safe for concurrent use, also by several processes.
type Store struct{ dir string }

// NewStore names the directory, which the first session creates.
func NewStore(dir string) *Store { return &Store{dir} }

// Dir returns the directory of a session, for further files of it.
func (s *Store) Dir(id string) string { return filepath.Join(s.dir, id) }

var validID = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,100}$`)

// base opens the store. It refuses an invalid id before that becomes a path.
func (s *Store) base(id string) (*os.Root, error) {
	if !validID.MatchString(id) {
		return nil, fmt.Errorf("%w: %.100q", ErrNotFound, id)
	}
	root, err := os.OpenRoot(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %q", ErrNotFound, id)
	}
	return root, err
}

// session opens a session's directory.
func (s *Store) session(id string) (*os.Root, error) {
	base, err := s.base(id)
	if err != nil {
		return nil, err
	}
	defer base.Close()
	return openDir(base, id)
}

// Create makes a session and its journal, which the caller closes. It sets
// CreatedAt and Schema.
func (s *Store) Create(h Header) (*Journal, error) {
	h.Schema, h.CreatedAt = Schema, time.Now().UTC()
	line, err := h.encode()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep session %s: %w", h.SessionID, err)
	}
	base, err := s.base(h.SessionID)
	if err != nil {
		return nil, err
	}
	defer base.Close()
	if validID.MatchString(h.ParentSessionID) {
		if err := addChild(base, h.ParentSessionID, h.SessionID); err != nil {
			return nil, err
		}
	}
	if err := base.Mkdir(h.SessionID, 0o700); err != nil {
		return nil, fmt.Errorf("keep session %s: %w", h.SessionID, err)
	}
	dir, err := openDir(base, h.SessionID)
	if err != nil {
		return nil, err
	}
	j, err := create(dir, h, line)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("keep session %s: %w", h.SessionID, err), dir.Close(), base.RemoveAll(h.SessionID))
	}
	return j, nil
}

func create(dir *os.Root, h Header, line []byte) (*Journal, error) {
	held, err := lock(dir, h.SessionID)
	if err != nil {
		return nil, err
	}
	f, err := openFile(dir, fileName, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, errors.Join(err, release(held))
	}
	j := &Journal{header: h, dir: dir, file: f, lock: held, pending: [][]byte{line}}
	if err := j.flush(); err != nil {
		return nil, errors.Join(err, f.Close(), release(held))
	}
	return j, nil
}

// Open continues the session of another server: it locks the journal and cuts a
// torn record at its end. The error wraps ErrNotFound, ErrInUse, ErrDamaged or
// ErrNewer where one of these applies, and then the file is unchanged.
func (s *Store) Open(id string) (*Journal, error) {
	dir, err := s.session(id)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	held, err := lock(dir, id)
	if err != nil {
		return nil, err
	}
	j, err := open(dir, id, held)
	if err != nil {
		return nil, errors.Join(err, release(held))
	}
	return j, nil
}

func open(dir *os.Root, id string, held *os.File) (*Journal, error) {
	r, err := newReader(dir, id, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	err = r.refresh()
	var info fs.FileInfo
	if err == nil {
		info, err = r.file.Stat()
	}
	if err == nil && info.Size() > r.index.end {
		err = r.file.Truncate(r.index.end)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open session %s: %w", id, err), r.Close())
	}
	return &Journal{header: r.header, file: r.file, lock: held, index: r.index}, nil
}

// Reader reads a session without locking it. A session that is being made does
// not exist before it has its header.
func (s *Store) Reader(id string) (*Reader, error) {
	dir, err := s.session(id)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	r, err := newReader(dir, id, os.O_RDONLY)
	if !errors.Is(err, errCut) {
		return r, err
	}
	if held(dir) {
		return nil, fmt.Errorf("%w: %q is being made", ErrNotFound, id)
	}
	return newReader(dir, id, os.O_RDONLY) // it may have been made meanwhile
}

func newReader(dir *os.Root, id string, flag int) (*Reader, error) {
	f, err := openFile(dir, fileName, flag)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %q", ErrNotFound, id)
	}
	if err != nil {
		return nil, fmt.Errorf("open session %s: %w", id, err)
	}
	h, first, err := readHeader(f)
	if err == nil && h.SessionID != id {
		err = fmt.Errorf("%w: it is that of session %.100q", ErrDamaged, h.SessionID)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open session %s: %w", id, err)
	}
	return &Reader{header: h, first: first, file: f}, nil
}

// Exists reports whether a session exists.
func (s *Store) Exists(id string) bool {
	r, err := s.Reader(id)
	if err != nil {
		return !errors.Is(err, ErrNotFound)
	}
	return r.Close() == nil
}

// InUse reports whether a server has the session open.
func (s *Store) InUse(id string) bool {
	dir, err := s.session(id)
	if err != nil {
		return false
	}
	defer dir.Close()
	return held(dir)
}

// Entry is a session in a list.
type Entry struct {
	ID       string
	Modified time.Time // when its last record was written
}

// List returns all sessions, the last written first.
func (s *Store) List() ([]Entry, error) {
	root, err := os.OpenRoot(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	defer root.Close()
	names, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	var list []Entry
	for _, d := range names {
		if !d.IsDir() || !validID.MatchString(d.Name()) {
			continue
		}
		info, err := root.Lstat(d.Name() + "/" + fileName)
		if err != nil || !info.Mode().IsRegular() {
			continue // incomplete: being made or deleted
		}
		list = append(list, Entry{d.Name(), info.ModTime()})
	}
	slices.SortFunc(list, func(a, b Entry) int {
		if c := b.Modified.Compare(a.Modified); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// Delete removes a session and all its files, with the sessions that it
// delegated. None of them may be open anywhere.
func (s *Store) Delete(id string) error {
	base, err := s.base(id)
	if err != nil {
		return err
	}
	defer base.Close()
	dir, err := openDir(base, id)
	if err != nil {
		return err
	}
	defer dir.Close()
	held, err := lock(dir, id)
	if err != nil {
		return err
	}
	return errors.Join(s.remove(base, dir, id), release(held))
}

// remove does the work of Delete. The caller has locked the session.
func (s *Store) remove(base, dir *os.Root, id string) error {
	ids, err := children(dir)
	if err != nil {
		return err
	}
	for _, child := range ids { // before the notes by which they are found
		if child == id {
			continue
		}
		if err := s.Delete(child); err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("delete session %s: %w", id, err)
		}
	}
	var parent string
	if r, err := newReader(dir, id, os.O_RDONLY); err == nil {
		parent = r.Header().ParentSessionID
		_ = r.Close() // it was opened for reading only
	}
	// The journal comes first: without it there is no session, whatever else
	// stays.
	if err := dir.Remove(fileName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	removeChild(base, parent, id)
	return base.RemoveAll(id)
}
