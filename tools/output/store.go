// Package output keeps the whole text of results that are too long for the model,
// and renders the output of commands as a terminal would leave it.
package output

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// Bounds of a store, in bytes.
const (
	// MaxBytes bounds one kept output. Of a longer one head and tail are kept.
	MaxBytes = 10 << 20
	// MaxTotal bounds all outputs of a session: the oldest ones go first.
	MaxTotal = 200 << 20
)

// prefix begins the path by which tools read a kept output: output:o17.
const prefix = "output:"

// ErrNotKept is wrapped by errors about an output that was never kept, or is no
// longer.
var ErrNotKept = errors.New("not kept")

var validID = regexp.MustCompile(`^o[1-9][0-9]{0,8}$`)

// ID returns the id in a path of the form output:o17. ok is false for every other
// path.
func ID(path string) (id string, ok bool) {
	id, ok = strings.CutPrefix(path, prefix)
	return id, ok && validID.MatchString(id)
}

// Path returns the path by which tools read the output with this id.
func Path(id string) string { return prefix + id }

// Store holds kept outputs of one session. It is safe for concurrent use. A nil
// Store keeps nothing.
type Store struct {
	dir string
	max int64 // bytes of all outputs

	mu   sync.Mutex // guards the fields below
	read bool       // kept and last are those of the directory
	kept []entry    // the oldest first
	last int        // the number of the newest
}

type entry struct {
	number int
	size   int64
}

// NewStore makes a store in the host directory dir, which is made when it is
// needed. It continues with the outputs that an earlier server kept there. Only
// one server may use the directory at a time.
func NewStore(dir string) *Store { return &Store{dir: dir, max: MaxTotal} }

// Keep keeps a text, of which only head and tail when it is longer than MaxBytes,
// and returns its id: o1, o2 and so on.
func (s *Store) Keep(text string) (id string, err error) {
	if s == nil {
		return "", ErrNotKept
	}
	text = shorten(text, MaxBytes)
	s.mu.Lock()
	defer s.mu.Unlock()
	root, err := s.open()
	if err != nil {
		return "", fmt.Errorf("keep output: %w", err)
	}
	defer func() { _ = root.Close() }()
	s.makeRoom(root, int64(len(text)))
	s.last++ // also after a failure, which can leave a file
	id = name(s.last)
	f, err := root.OpenFile(id, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("keep output: %w", err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("keep output: %w", err), root.Remove(id))
	}
	s.kept = append(s.kept, entry{s.last, int64(len(text))})
	return id, nil
}

// Open opens a kept output for reading; the caller closes it. The error wraps
// ErrNotKept when there is none with this id.
func (s *Store) Open(id string) (io.ReadSeekCloser, error) {
	if s == nil || !validID.MatchString(id) {
		return nil, fmt.Errorf("output %.20q is %w", id, ErrNotKept)
	}
	root, err := os.OpenRoot(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("output %s is %w", id, ErrNotKept)
	}
	if err != nil {
		return nil, fmt.Errorf("open output %s: %w", id, err)
	}
	defer func() { _ = root.Close() }()
	info, err := root.Lstat(id)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("output %s is %w: the oldest ones go when a session has kept %d MB", id, ErrNotKept, s.max>>20)
	case err != nil:
		return nil, fmt.Errorf("open output %s: %w", id, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("open output %s: it is no file", id)
	}
	f, err := root.Open(id)
	if err != nil {
		return nil, fmt.Errorf("open output %s: %w", id, err)
	}
	return f, nil
}

// open makes and opens the directory, and reads it the first time.
func (s *Store) open() (*os.Root, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil || s.read {
		return root, err
	}
	files, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	for _, f := range files {
		if !validID.MatchString(f.Name()) {
			continue
		}
		number, _ := strconv.Atoi(f.Name()[1:]) // cannot fail
		s.last = max(s.last, number)
		if info, err := f.Info(); err == nil {
			s.kept = append(s.kept, entry{number, info.Size()})
		}
	}
	slices.SortFunc(s.kept, func(a, b entry) int { return a.number - b.number })
	s.read = true
	return root, nil
}

// makeRoom removes the oldest outputs until one of this size fits.
func (s *Store) makeRoom(root *os.Root, size int64) {
	for _, e := range s.kept {
		size += e.size
	}
	for len(s.kept) > 0 && size > s.max {
		if err := root.RemoveAll(name(s.kept[0].number)); err != nil {
			return // it is tried again with the next output
		}
		size -= s.kept[0].size
		s.kept = s.kept[1:]
	}
}

func name(number int) string { return "o" + strconv.Itoa(number) }

// shorten keeps head and tail of a text that is longer than most bytes, and says
// how much is missing. It cuts no rune.
func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const room = 100 // for the line between
	head, tail := (most-room)/2, len(text)-(most-room)/2
	for head > 0 && !utf8.RuneStart(text[head]) {
		head--
	}
	for tail < len(text) && !utf8.RuneStart(text[tail]) {
		tail++
	}
	return text[:head] + fmt.Sprintf("\n[… %d bytes are not kept …]\n", tail-head) + text[tail:]
}
