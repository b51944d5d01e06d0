// Package files remembers which content of which file the model has seen, so that
// an edit of a file that changed since is refused. It also reads a part of a file
// of any size by its lines.
package files

import (
	"hash/maphash"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/pygent/pygent/runtime"
)

// Bounds of what a Seen remembers.
const (
	maxFiles = 4096
	maxHeld  = 32 << 20 // bytes of contents, to show what changed in them
	maxText  = 16 << 20 // bytes of one such content
	maxIndex = 4        // files with an index of lines
)

// Seen is what the model has seen of the files of a session, by their paths with
// links followed. It is safe for concurrent use. A nil Seen knows nothing.
type Seen struct {
	seed maphash.Seed

	mu      sync.Mutex
	files   map[string]*file
	order   []string // the paths in files, the oldest first
	held    int
	indexes []*index // the oldest first
}

// file is what is known of one file.
type file struct {
	text  string // the content that the model knows, if kept
	kept  bool
	sum   uint64  // of that content, if it is not kept
	own   *uint64 // sum of the content that commands of the session made since; nil: they made none
	stamp stamp   // of the file when it had the content that the model knows, or own
}

// knows reports whether data is the content that the model knows.
func (f *file) knows(seed maphash.Seed, data string) bool {
	if f.kept {
		return f.text == data
	}
	return f.sum == maphash.String(seed, data)
}

// known returns the content that the model knows, nil if it is not kept.
func (f *file) known() *string {
	if !f.kept {
		return nil
	}
	text := f.text
	return &text
}

// madeBy reports whether data is what commands of the session made.
func (f *file) madeBy(seed maphash.Seed, data string) bool {
	return f.own != nil && *f.own == maphash.String(seed, data)
}

// release forgets the content and keeps its sum.
func (f *file) release(seed maphash.Seed) {
	if f.kept {
		f.sum, f.text, f.kept = maphash.String(seed, f.text), "", false
	}
}

// stamp tells cheaply that a file is still the same. The zero stamp is no file.
type stamp struct {
	size int64
	time time.Time
	info fs.FileInfo
}

func stampOf(info fs.FileInfo, err error) stamp {
	if err != nil || info == nil {
		return stamp{}
	}
	return stamp{info.Size(), info.ModTime(), info}
}

func (s stamp) is(o stamp) bool {
	if s.info == nil || o.info == nil {
		return s.info == nil && o.info == nil
	}
	return s.size == o.size && s.time.Equal(o.time) && os.SameFile(s.info, o.info)
}

// New makes an empty Seen.
func New() *Seen { return &Seen{seed: maphash.MakeSeed(), files: map[string]*file{}} }

// Saw records that the model knows the content of a file now, because it has read
// or written it.
func (s *Seen) Saw(real, data string, info fs.FileInfo) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.put(real, info)
	f.text, f.kept = data, true
	s.held += len(data)
	if len(data) > maxText {
		s.held -= len(data)
		f.release(s.seed)
	}
	s.shrink()
}

// put makes the record of a file that the model has just seen. The caller holds mu.
func (s *Seen) put(real string, info fs.FileInfo) *file {
	f := s.files[real]
	if f == nil {
		f = &file{}
		s.files[real] = f
		s.order = append(s.order, real)
	}
	s.held -= len(f.text)
	*f = file{stamp: stampOf(info, nil)}
	return f
}

// shrink forgets the oldest contents and files. The caller holds mu.
func (s *Seen) shrink() {
	for i := 0; s.held > maxHeld && i < len(s.order); i++ {
		f := s.files[s.order[i]]
		s.held -= len(f.text)
		f.release(s.seed)
	}
	for len(s.order) > maxFiles {
		s.held -= len(s.files[s.order[0]].text)
		delete(s.files, s.order[0])
		s.order = s.order[1:]
	}
}

// State says how a file stands to what the model has seen of it.
type State int

// States of a file.
const (
	Unknown State = iota // the model has never seen it
	Same                 // it is as the model knows it
	Own                  // commands of the session have changed it since
	Stale                // somebody else has changed it since
)

// Compare returns the state of a file with its present content, and for Own and
// Stale the content that the model knows, nil where that is not kept.
func (s *Seen) Compare(real, data string) (State, *string) {
	if s == nil {
		return Unknown, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[real]
	if f == nil {
		return Unknown, nil
	}
	switch {
	case f.knows(s.seed, data):
		return Same, nil
	case f.madeBy(s.seed, data):
		return Own, f.known()
	default:
		return Stale, f.known()
	}
}

// During is called before a command of the session runs in ws, and its result
// after the command: what changed in between counts as the session's own. What
// others changed before the command stays theirs.
func (s *Seen) During(ws *runtime.Workspace) (end func()) {
	if s == nil {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := make(map[string]stamp, len(s.files))
	for real, f := range s.files {
		now := stampOf(ws.Stat(real))
		if now.is(f.stamp) || s.resembles(ws, real, f) {
			before[real], f.stamp = now, now
		}
	}
	return func() { s.changed(ws, before) }
}

// resembles reports whether a file has one of the contents that are known of it,
// although its stamp differs.
func (s *Seen) resembles(ws *runtime.Workspace, real string, f *file) bool {
	data, ok := contentOf(ws, real)
	return ok && (f.knows(s.seed, data) || f.madeBy(s.seed, data))
}

// changed records what the files that were known before a command have become.
func (s *Seen) changed(ws *runtime.Workspace, before map[string]stamp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for real, was := range before {
		f := s.files[real]
		if f == nil || !f.stamp.is(was) { // it was forgotten, or read meanwhile
			continue
		}
		now := stampOf(ws.Stat(real))
		if now.is(was) {
			continue
		}
		if data, ok := contentOf(ws, real); ok {
			sum := maphash.String(s.seed, data)
			f.own = &sum
		}
		f.stamp = now
	}
}

func contentOf(ws *runtime.Workspace, real string) (data string, ok bool) {
	l, err := ws.Look(real)
	if err != nil || l.Real != real {
		return "", false
	}
	return l.Data, true
}
