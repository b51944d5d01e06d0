package search

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// walk goes through the directories of a workspace, with several workers and in no
// particular order, and calls visit with what is not left out.
type walk struct {
	ctx    context.Context // lives as long as the search
	root   *os.Root
	opener opener
	outer  *gitrepo.Rules // the user's own
	only   *pattern       // nil: all files
	dirs   bool           // directories are visited too

	// visit gets files and links of one directory that is open during the call. Several
	// workers call it at a time; n is the worker's number.
	visit func(n int, at *place, open folder, e entry)

	pool    *pool
	entries atomic.Int64
	missed  missed

	// What was left when ctx ended.
	unvisited, unlisted atomic.Int64
}

// place is a directory.
type place struct {
	path  string // "." for the workspace
	at    positions
	repo  *repo
	elems []string // of the path in the repository
	rules *gitrepo.Rules
	// tracked is set in an ignored directory with files that git tracks: only those
	// count.
	tracked bool
	free    bool // all counts: the search names an ignored directory here or above
}

// repo is a working tree in the workspace, or around it.
type repo struct {
	tree *gitrepo.Tree // nil outside of git
	top  string        // the workspace-relative path of its top; "." for one around the workspace
}

// tracks reports whether git tracks a file, or a file in a directory.
func (r *repo) tracks(name string, isDir bool) bool {
	if r.tree == nil {
		return false
	}
	if r.top != "." {
		name = strings.TrimPrefix(name, r.top+"/")
	}
	return r.tree.Tracks(name, isDir)
}

// child returns the path of a name in a directory.
func (p *place) child(name string) string {
	if p.path == "." {
		return name
	}
	return p.path + "/" + name
}

// newWalk opens the workspace. The caller closes the walk.
func newWalk(ctx context.Context, ws *runtime.Workspace) (*walk, error) {
	root, err := ws.OpenRoot()
	if err != nil {
		return nil, err
	}
	w := &walk{ctx: ctx, root: root, outer: gitrepo.UserRules()}
	if w.opener, err = makeOpener(root); err != nil {
		_ = root.Close()
		return nil, err
	}
	return w, nil
}

// makeOpener is replaced by tests of what other systems have.
var makeOpener = newOpener

func (w *walk) close() {
	w.opener.close()
	_ = w.root.Close()
}

// place returns a directory of the workspace whose path has no links. It is visited
// even where it is ignored, as the caller has named it. The pattern begins there, and
// with fromTop also at the top of the workspace.
func (w *walk) place(ws *runtime.Workspace, name string, fromTop bool) (*place, error) {
	if slices.Contains(strings.Split(name, "/"), gitrepo.Dir) {
		return nil, errRepository
	}
	at := &place{path: ".", repo: &repo{tree: gitrepo.Find(ws.Dir(), w.outer), top: "."}, rules: w.outer}
	if w.only != nil {
		at.at = w.only.start()
	}
	if tree := at.repo.tree; tree != nil {
		at.elems, at.rules = tree.Within, tree.Rules
	}
	for elem := range strings.SplitSeq(name, "/") {
		if elem == "." {
			break
		}
		open, err := w.opener.open(at.path)
		if err != nil {
			return nil, err
		}
		w.enter(at, open, func(name string) bool { _, _, err := open.stat(name); return err == nil })
		open.close()
		ignored := !at.free && w.ignores(at, elem, true)
		next := at.below(elem)
		next.free = at.free || ignored
		if w.only != nil {
			if next.at = nil; fromTop {
				next.at = w.only.enter(at.at, elem, false)
			}
		}
		at = next
	}
	if w.only != nil {
		for _, i := range w.only.starts {
			at.at = w.only.reach(at.at, i)
		}
	}
	return at, nil
}

// below returns the place of a directory in this one.
func (p *place) below(name string) *place {
	next := *p
	next.path = p.child(name)
	if !p.free {
		next.elems = append(slices.Clip(p.elems), name)
	}
	return &next
}

// enter takes the rules of a directory into account.
func (w *walk) enter(at *place, open folder, has func(name string) bool) {
	if at.free {
		return
	}
	if at.path != "." && has(gitrepo.Dir) { // git looks at it as a repository of its own
		tree := gitrepo.Nested(w.root, at.path, w.outer)
		at.repo, at.elems, at.rules, at.tracked = &repo{tree, at.path}, nil, tree.Rules, false
	}
	if !has(".gitignore") {
		return
	}
	if text, err := readRules(open); err == nil {
		at.rules = at.rules.With(text, len(at.elems))
	}
}

// ignores reports whether git ignores a name.
func (w *walk) ignores(at *place, name string, isDir bool) bool {
	if !at.tracked && !at.rules.Ignore(at.elems, name, isDir) {
		return false
	}
	return isDir || !at.repo.tracks(at.child(name), false)
}

// dir lists a directory: it visits the files, and puts off the directories.
func (w *walk) dir(n int, at *place) {
	if w.ctx.Err() != nil {
		w.unlisted.Add(1)
		return
	}
	open, err := w.opener.open(at.path)
	if err != nil {
		w.missed.add(at.path+"/", err)
		return
	}
	shared := &sharedFolder{folder: open}
	shared.users.Add(1)
	defer shared.done()
	all, err := open.list(nil)
	if err != nil {
		w.missed.add(at.path+"/", err)
	}
	if w.entries.Add(int64(len(all))) > maxEntries {
		w.missed.add(at.path+"/", errTooMany)
		return
	}
	w.enter(at, open, func(name string) bool {
		return slices.ContainsFunc(all, func(e entry) bool { return e.name == name })
	})
	seen := all[:0]
	var below []job
	for _, e := range all {
		visited, inner := w.judge(at, e)
		if inner != nil {
			below = append(below, func(n int) { w.dir(n, inner) })
		}
		if visited {
			seen = append(seen, e)
		}
	}
	w.pool.add(below...)
	for len(seen) > batchFiles {
		batch := seen[len(seen)-batchFiles:]
		seen = seen[:len(seen)-batchFiles]
		shared.users.Add(1)
		w.pool.add(func(n int) {
			defer shared.done()
			w.files(n, at, open, batch)
		})
	}
	w.files(n, at, open, seen)
}

// files visits files of an open directory.
func (w *walk) files(n int, at *place, open folder, some []entry) {
	for i, e := range some {
		if w.ctx.Err() != nil {
			w.unvisited.Add(int64(len(some) - i))
			return
		}
		w.visit(n, at, open, e)
	}
}

// judge says whether an entry is visited, and which directory comes of it.
func (w *walk) judge(at *place, e entry) (visited bool, inner *place) {
	if e.kind == other || e.name == gitrepo.Dir || runtime.IsTemp(e.name) {
		return false, nil
	}
	isDir := e.kind == dir
	ignored := !at.free && w.ignores(at, e.name, isDir)
	if !isDir {
		return w.wanted(at, e.name, ignored), nil
	}
	next := at.below(e.name)
	if w.only != nil {
		if next.at = w.only.enter(at.at, e.name, ignored); len(next.at) > 0 {
			next.free = next.free || ignored
			return false, w.fits(next)
		}
		if !ignored {
			return false, nil
		}
		next.at = w.only.enter(at.at, e.name, false)
	}
	if ignored {
		if w.only != nil && len(next.at) == 0 || !at.repo.tracks(next.path, true) {
			return false, nil
		}
		next.tracked = true
	}
	return w.dirs, w.fits(next)
}

// fits returns the place, or nil for one that no path can name.
func (w *walk) fits(at *place) *place {
	if len(at.path) >= maxPathBytes {
		w.missed.add(at.path, syscall.ENAMETOOLONG)
		return nil
	}
	return at
}

// wanted reports whether a file is visited. An ignored one has to be named.
func (w *walk) wanted(at *place, name string, ignored bool) bool {
	if w.only == nil {
		return !ignored
	}
	return w.only.matches(at.at, name, ignored)
}

// run visits all below a place until ctx ends.
func (w *walk) run(at *place) {
	w.pool = newPool()
	w.pool.add(func(n int) { w.dir(n, at) })
	w.pool.run()
}

// sharedFolder is closed by its last user.
type sharedFolder struct {
	folder
	users atomic.Int32
}

func (s *sharedFolder) done() {
	if s.users.Add(-1) == 0 {
		s.close()
	}
}

// errRepository refuses the insides of repositories.
var errRepository = &runtime.InvalidError{Field: "path", Reason: "is in " + gitrepo.Dir + ", which is not searched"}

var errTooMany = errors.New("there are too many files")

// vanished reports whether an error means that something was removed or replaced
// during the search, which is not told.
func vanished(err error) bool {
	return slices.ContainsFunc([]error{fs.ErrNotExist, syscall.ENOTDIR, syscall.ELOOP, nolink.ErrReplaced, errSpecial}, func(is error) bool { return errors.Is(err, is) })
}

// readRules returns the text of an open directory's ignore file.
func readRules(open folder) (string, error) {
	f, err := open.open(".gitignore")
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	if f.Size() > gitrepo.MaxRules {
		return "", errTooMany
	}
	text := make([]byte, f.Size())
	n, err := f.ReadAt(text, 0)
	if n == 0 && err != nil {
		return "", err
	}
	return string(text[:n]), nil
}
