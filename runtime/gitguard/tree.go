package gitguard

import (
	"errors"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/internal/nearest"
	"github.com/pygent/pygent/runtime/internal/nolink"
	"github.com/pygent/pygent/runtime/protect"
)

// Bounds of a search of the workspace.
const (
	maxGuardDirs   = 1000   // before the first command, which takes some milliseconds
	maxWatchDirs   = 4000   // before and after each command; only changed ones are read
	maxSuspectDirs = 20_000 // at the end of a turn
	maxEntries     = 50_000 // of one directory
	maxProtected   = 2000   // files whose changes are reported
	listBatch      = 1024
)

// kind is what a directory is to git. It decides what in it is examined.
type kind int

const (
	plain      kind = iota
	repository      // .git, or a submodule's repository
	modules         // the directory of submodules' repositories
	worktrees       // the directory of worktrees' repositories
	worktree        // a worktree's repository
)

// place is the path of a repository, or of what looks like one: a .git, the
// directory of a bare repository, of a submodule or of a worktree.
type place struct {
	path string
	kind kind // plain: a bare repository
}

// kindOf returns the kind of a directory that a .git leads to, by its path.
func kindOf(repo string) kind {
	if path.Base(path.Dir(repo)) == "worktrees" {
		return worktree
	}
	return repository
}

// tree is the result of a search. The next search reads only changed
// directories.
type tree struct {
	nodes   map[string]*node
	indexes map[string]*indexNode
}

// node is the relevant contents of one directory.
type node struct {
	stamp stamp
	fresh bool // it changed just before it was read, and may have changed since

	git       []string // names that are .git in any letter case, which some file systems ignore
	dirs      []string
	protected []string // names of files that programs on the host run by themselves
	complete  bool

	parts  gitrepo.Parts
	config bool
}

// findings are what a search reports.
type findings struct {
	places    []place
	protected []string // paths of files, at most maxProtected
	unseen    string   // the first directory that was not searched, "" when all were
	unread    []armed  // indexes that were not read for all their submodules
	notices   []string // what the search changed
	err       error    // set when this process cannot open more files
}

// search searches a workspace level by level and reads up to most directories.
// In a .git it searches submodules and worktrees only. The submodules that an
// index names come first, regardless of the bound.
func (t *tree) search(w workspace, most int) (f findings) {
	s := search{workspace: w, old: t.nodes, oldIndexes: t.indexes, now: time.Now(), found: &f}
	s.nodes = make(map[string]*node, len(t.nodes))
	s.dirs.Most = most
	s.submodules()
	s.run(todo{".", plain})
	t.nodes, t.indexes = s.nodes, s.indexes
	seen := make(map[place]bool, len(f.places))
	f.places = slices.DeleteFunc(f.places, func(at place) bool {
		was := seen[at]
		seen[at] = true
		return was
	})
	return f
}

func (s *search) run(first todo) {
	s.dirs.Push(first, false)
	for {
		next, more, full := s.dirs.Next()
		switch {
		case !more:
			return
		case full:
			s.found.unseen = next.path
			return
		}
		s.visit(next)
	}
}

type todo struct {
	path string
	kind kind
}

// search is one search.
type search struct {
	workspace
	old, nodes          map[string]*node
	oldIndexes, indexes map[string]*indexNode
	now                 time.Time
	dirs                nearest.Queue[todo]
	found               *findings
}

func (s *search) visit(d todo) {
	n := s.old[d.path]
	if now, there := s.lookAt(d.path); n == nil || n.fresh || !there || n.stamp != now {
		n = s.read(d.path)
	}
	s.nodes[d.path] = n
	if !n.complete && s.found.unseen == "" {
		s.found.unseen = d.path
	}
	for _, name := range n.protected {
		if d.kind == plain && len(s.found.protected) < maxProtected {
			s.found.protected = append(s.found.protected, path.Join(d.path, name))
		}
	}
	for _, name := range n.git {
		s.found.places = append(s.found.places, place{path.Join(d.path, name), repository})
	}
	n.below(d, s)
}

// below adds the directories in d to the search, and d to the places if it is a
// repository.
func (n *node) below(d todo, s *search) {
	push := func(name string, k kind) {
		s.dirs.Push(todo{path.Join(d.path, name), k}, k == plain && nearest.Late(d.path, name))
	}
	each := func(k kind) {
		for _, name := range n.dirs {
			push(name, k)
		}
	}
	switch d.kind {
	case plain:
		if n.parts.Complete() {
			s.found.places = append(s.found.places, place{d.path, plain})
		}
		for _, name := range n.git {
			push(name, repository)
		}
		each(plain)
	case modules:
		if !n.parts.HEAD && !n.config {
			each(modules)
			return
		}
		s.found.places = append(s.found.places, place{d.path, repository})
		fallthrough
	case repository:
		for _, name := range n.dirs {
			switch name {
			case "modules":
				push(name, modules)
			case "worktrees":
				push(name, worktrees)
			}
		}
	case worktrees:
		for _, name := range n.dirs {
			s.found.places = append(s.found.places, place{path.Join(d.path, name), worktree})
		}
	case worktree: // not searched
	}
}

// read lists a directory. It treats one that is gone or cannot be entered as
// empty, as git does.
func (s *search) read(at string) *node {
	n := &node{complete: true}
	f, made, err := s.openListable(at)
	if made {
		s.found.notices = append(s.found.notices, madeReadable(at))
	}
	if err != nil {
		n.complete = nolink.IsGone(err) || errors.Is(err, errClosed)
		if isExhausted(err) {
			s.found.err = err
		}
		return n
	}
	defer f.Close()
	n.stamp = stampOfDir(f)
	n.fresh = !n.stamp.settled(s.now)
	in := protect.In(at)
	room := s.dirs.Room()
	all := eachEntry(f, func(e os.DirEntry) { n.complete = n.take(in, e, room) && n.complete })
	n.complete = n.complete && all
	n.fresh = n.fresh || !n.complete
	slices.Sort(n.dirs)
	return n
}

// isExhausted reports whether an error comes from a lack of resources and not
// from the opened file.
func isExhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

// take records one entry of a directory; false if there is no room for it.
func (n *node) take(in protect.Place, e os.DirEntry, room int) bool {
	name := e.Name()
	n.parts.Add(name)
	n.config = n.config || name == "config"
	switch {
	case strings.EqualFold(name, gitrepo.Dir):
		n.git = append(n.git, name)
	case !e.IsDir():
		if in.Named(name) != "" && !strings.Contains(name, movedMark) {
			n.protected = append(n.protected, name)
		}
	case len(n.dirs) >= room:
		return false
	default:
		n.dirs = append(n.dirs, name)
	}
	return true
}
