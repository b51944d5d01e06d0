package snapshot

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// scan is one scan of the whole workspace.
type scan struct {
	t     *Tracker
	old   *manifest     // files in it need not be read again; its maps can be empty
	git   *gitrepo.Tree // nil outside of git
	pool  *pool
	files atomic.Int64

	mu   sync.Mutex
	dirs map[string][]entry
}

// place is a directory during its scan.
type place struct {
	path  string
	elems []string // of the path in the repository
	rules *gitrepo.Rules
	// untracked is true below an ignored directory: only what git tracks counts.
	untracked bool
	converts  bool // contents can differ from git's blobs
	depth     int
}

func (t *Tracker) scan(ctx context.Context, old *manifest) (*manifest, error) {
	s := &scan{t: t, old: old, git: gitrepo.Find(t.dir), dirs: make(map[string][]entry, len(old.dirs)+1)}
	m := &manifest{dirs: s.dirs}
	top := place{path: "."}
	if s.git != nil {
		m.git = s.git.Dir
		top.elems, top.rules, top.converts = s.git.Within, s.git.Rules, s.git.Converts
	}
	info, err := t.root.Stat(".")
	if err != nil {
		return nil, fmt.Errorf("scan the workspace: %w", err)
	}
	err = run(ctx, func(p *pool) error {
		s.pool = p
		p.add(s.dirJob(top, info))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("scan the workspace: %w", err)
	}
	return m, nil
}

// dir examines all names of a directory and adds jobs to read files and scan
// directories.
func (s *scan) dir(at place, info fs.FileInfo) error {
	r, err := nolink.Open(s.t.root, at.path, info)
	if err != nil {
		return s.unreadable(at, err)
	}
	names, err := readNames(r)
	if err != nil {
		_ = r.Close()
		return s.unreadable(at, err)
	}
	if s.git != nil && slices.Contains(names, ".gitignore") {
		at.rules = at.rules.Below(r, len(at.elems))
	}
	if s.git != nil && slices.Contains(names, ".gitattributes") {
		at.converts = at.converts || gitrepo.Converts(r)
	}
	old := s.old.dirs[at.path]
	entries := make([]entry, 0, len(names))
	var unread []int
	var below []job
	for _, name := range names {
		if isTemp(name) {
			continue
		}
		info, err := r.Lstat(name)
		if err != nil {
			continue // removed since
		}
		if s.files.Add(1) > int64(s.t.opts.MaxFiles) {
			_ = r.Close()
			return fmt.Errorf("more than %d files and directories", s.t.opts.MaxFiles)
		}
		e := newEntry(name, info)
		if s.look(r, at, &e, old) {
			unread = append(unread, len(entries))
		}
		if e.kind == Dir && e.note == "" {
			below = append(below, s.enter(at, &e, info))
		}
		entries = append(entries, e)
	}
	s.mu.Lock()
	s.dirs[at.path] = entries
	s.mu.Unlock()
	for _, j := range below {
		s.pool.add(j)
	}
	s.readAll(r, entries, unread)
	return nil
}

// unreadable keeps a directory that cannot be read in the scan, with the reason
// in its entry; the workspace itself must be readable.
func (s *scan) unreadable(at place, err error) error {
	if at.path == "." {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := find(s.dirs[path.Dir(at.path)], path.Base(at.path)); e != nil {
		e.note = "cannot be read: " + reason(err).Error()
	}
	return nil
}

func newEntry(name string, info fs.FileInfo) entry {
	return entry{name: name, kind: kindOf(info.Mode()), mode: permOf(info.Mode()), stamp: stampOf(info)}
}

// look fills in e as far as possible without reading; more reports whether the
// content or directory must be read.
func (s *scan) look(r *os.Root, at place, e *entry, old []entry) (more bool) {
	if why := s.leftOut(at, e); why != "" {
		e.note, e.ignored = why, true
		return false
	}
	switch e.kind {
	case Special:
		e.note = "not a file, directory or link"
	case Link:
		target, err := r.Readlink(e.name)
		if err != nil {
			e.kind, e.note = Special, "cannot be read: "+reason(err).Error()
			return false
		}
		e.note = target
	case Dir:
		if at.depth >= maxDepth {
			e.note = fmt.Sprintf("deeper than %d directories", maxDepth)
		}
	case File:
		return s.lookFile(at, e, old)
	case Absent:
	}
	return false
}

func (s *scan) lookFile(at place, e *entry, old []entry) (more bool) {
	if e.stamp.size > s.t.opts.MaxFileBytes {
		e.note = tooLarge(s.t.opts.MaxFileBytes)
		return false
	}
	if was := find(old, e.name); was != nil && was.held != heldNowhere && was.stamp == e.stamp && !was.racy &&
		(was.held == heldStore || s.git != nil && s.git.Dir == s.old.git) {
		e.held, e.hash = was.held, was.hash
		return false
	}
	if s.git != nil && !at.converts {
		if id, ok := s.git.Holds(path.Join(at.path, e.name), e.stamp.file()); ok {
			e.held = heldGit
			copy(e.hash[:], id[:])
			return false
		}
	}
	return true
}

// leftOut returns why a rule leaves e out, "" if none does.
func (s *scan) leftOut(at place, e *entry) string {
	if e.name == gitrepo.Dir {
		return "git's own"
	}
	isDir := e.kind == Dir
	if s.git == nil {
		if isDir {
			return wellKnown(e.name)
		}
		return ""
	}
	if !at.untracked && !at.rules.Ignore(at.elems, e.name, isDir) {
		return ""
	}
	if s.git.Tracks(path.Join(at.path, e.name), isDir) {
		return ""
	}
	return "ignored by git"
}

func (s *scan) enter(at place, e *entry, info fs.FileInfo) job {
	inner := place{
		path: path.Join(at.path, e.name), rules: at.rules, depth: at.depth + 1, converts: at.converts,
		untracked: at.untracked || s.git != nil && at.rules.Ignore(at.elems, e.name, true),
	}
	if s.git != nil {
		inner.elems = append(slices.Clip(at.elems), e.name)
	}
	return s.dirJob(inner, info)
}

func (s *scan) dirJob(at place, info fs.FileInfo) job {
	return func(buf []byte) error {
		if buf == nil {
			return nil
		}
		return s.dir(at, info)
	}
}

// readNames returns the names in a directory, sorted.
func readNames(r *os.Root) ([]string, error) {
	f, err := r.Open(".")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	names, err := f.Readdirnames(maxDirNames)
	if err != nil && len(names) == 0 && !isEOF(err) {
		return nil, err
	}
	if len(names) == maxDirNames {
		return nil, fmt.Errorf("more than %d names", maxDirNames)
	}
	slices.SortFunc(names, strings.Compare)
	return names, nil
}

func tooLarge(limit int64) string { return fmt.Sprintf("larger than %d bytes", limit) }
