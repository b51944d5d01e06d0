package gitguard

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/gitrepo"
)

// Part is a file or directory to be mounted onto itself, or at Path if it is
// From elsewhere. A file that is replaced on the host is no longer guarded: the
// mount stays with the old one.
type Part struct {
	Path     string // relative to the workspace, with slashes
	From     string // its path on the host, also relative; "" is Path
	ReadOnly bool
	Dir      bool

	info fs.FileInfo
}

// Source returns the part's path on the host, relative to the workspace, with
// slashes.
func (p Part) Source() string { return cmp.Or(p.From, p.Path) }

// same reports whether p and q are the same part. It ignores when a writable
// directory was changed, because commands may change it.
func (p Part) same(q Part) bool {
	return p.Path == q.Path && p.From == q.From && p.ReadOnly == q.ReadOnly && p.Dir == q.Dir && os.SameFile(p.info, q.info) &&
		(!p.ReadOnly || changed(p.info).Equal(changed(q.info))) // another file may have got the same inode number
}

// Guard lists the parts of a workspace's repositories that commands must not
// change. The zero value guards nothing.
type Guard struct {
	Parts   []Part   // parents before their children
	Notices []string // what could not be guarded, and why

	dir    string
	places []string // paths of repositories; .git of the workspace first, if it exists
	repos  []repo
	staged *staging // what commands see as .git; nil if there was a repository
	held   []held
	tree   tree // what the search found, for a Watch
}

// repo is the directory of a repository.
type repo struct {
	path      string
	commonDir bool // it had one
}

// Options say what Prepare may do. The zero value changes as little as
// possible.
type Options struct {
	// Placeholders makes files that commands must not make first. Release
	// removes them. It is for a runtime that mounts all parts.
	Placeholders bool
}

// Prepare makes missing parts, and finds the parts of .git and of the nested
// repositories. If a part is a link or a special file, the error names it: it
// could not be a mount point. For a nested repository that is a notice. No
// command may be running. Release releases the guard.
func Prepare(dir string, opts Options) (Guard, error) {
	w, err := openWorkspace(dir)
	if err != nil {
		return Guard{}, err
	}
	var t tree
	found := t.search(w, maxGuardDirs)
	w.close()
	var nested []string
	for _, at := range found.places {
		if at.path != gitrepo.Dir && (at.kind == plain || strings.EqualFold(path.Base(at.path), gitrepo.Dir)) {
			nested = append(nested, at.path)
		}
	}
	left := nested[min(len(nested), maxNested):]
	g, err := find(dir, finder{prepare: true, opts: opts}, nested[:len(nested)-len(left)]...)
	if err != nil {
		g.Release()
		return Guard{}, err
	}
	g.tree = t
	if found.unseen != "" {
		g.Notices = append(g.Notices, fmt.Sprintf("repositories below the workspace are guarded as far as %d directories go; %s and the directories after it were not searched", maxGuardDirs, found.unseen))
	}
	if len(left) > 0 {
		g.Notices = append(g.Notices, fmt.Sprintf("only %d repositories below the workspace are guarded; %s and %d more are not: look at their hooks and config before you run git there", maxNested, left[0], len(left)-1))
	}
	return g, nil
}

func find(dir string, f finder, nested ...string) (Guard, error) {
	f.dir = dir
	root, err := os.OpenRoot(dir)
	if err != nil {
		return f.Guard, err
	}
	defer root.Close()
	if err := f.addPlace(root, gitrepo.Dir); err != nil {
		return f.Guard, err
	}
	for _, at := range nested {
		parts, places, repos := len(f.Parts), len(f.places), len(f.repos)
		if err := f.addPlace(root, at); err != nil {
			f.Parts, f.places, f.repos = f.Parts[:parts], f.places[:places], f.repos[:repos]
			f.Notices = append(f.Notices, fmt.Sprintf("the repository at %s is not guarded: %v", at, err))
		}
	}
	return f.Guard, nil
}

// Holds reports whether the parts that were found are still there unchanged. It
// does not search for further nested repositories.
func (g Guard) Holds() bool {
	if g.dir == "" {
		return true
	}
	nested := slices.DeleteFunc(slices.Clone(g.places), func(at string) bool { return at == gitrepo.Dir })
	now, err := find(g.dir, finder{Guard: Guard{staged: g.staged}}, nested...)
	return err == nil && slices.EqualFunc(now.Parts, g.Parts, Part.same) && slices.Equal(now.repos, g.repos)
}

// unfitError names a part that cannot be a mount point, and says why.
type unfitError struct {
	dir, path string // the workspace, and a path relative to it
	what      string // "is a symbolic link"
	cure      string
}

func (e *unfitError) Error() string {
	return fmt.Sprintf("%s %s, which cannot be protected: %s", filepath.Join(e.dir, filepath.FromSlash(e.path)), e.what, e.cure)
}

// keeps reports whether a file or directory of the workspace is still the part
// that commands have read-only.
func (g Guard) keeps(root *os.Root, at string) bool {
	i := slices.IndexFunc(g.Parts, func(p Part) bool { return p.ReadOnly && p.Path == at })
	if i < 0 {
		return false
	}
	now, err := root.Lstat(at)
	return err == nil && os.SameFile(now, g.Parts[i].info)
}

// ReadOnly lists the paths that commands must not change.
func (g Guard) ReadOnly() (paths []string) {
	for _, p := range g.Parts {
		if p.ReadOnly {
			paths = append(paths, p.Path)
		}
	}
	return paths
}

// HasGit reports whether the workspace had a .git that is a directory.
func (g Guard) HasGit() bool {
	return slices.ContainsFunc(g.Parts, func(p Part) bool { return p.Path == gitrepo.Dir && p.Dir && p.From == "" })
}

// Tell writes notices in the form that results use.
func Tell(out io.Writer, notices []string) {
	for _, n := range notices {
		_, _ = fmt.Fprintf(out, "\n[%s]\n", n)
	}
}

// look returns the info of name in r, nil if nothing is there. rel is its path
// relative to the workspace.
func (f *finder) look(r *os.Root, name, rel string) (fs.FileInfo, error) {
	info, err := r.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, &unfitError{f.dir, rel, "is a symbolic link", "replace it by what it leads to, or for .git by a file that says gitdir"}
	case !info.IsDir() && !info.Mode().IsRegular():
		return nil, &unfitError{f.dir, rel, "is a special file", "remove it"}
	default:
		return info, nil
	}
	return nil, fmt.Errorf("%s %w", filepath.Join(f.dir, filepath.FromSlash(rel)), err)
}

// add records name in r as a read-only part, if it exists.
func (f *finder) add(r *os.Root, name, rel string) error {
	info, err := f.look(r, name, rel)
	if err != nil || info == nil {
		return err
	}
	if f.prepare && !info.IsDir() {
		if info, err = separate(r, name, info); err != nil {
			return fmt.Errorf("protect %s: %w", filepath.Join(f.dir, filepath.FromSlash(rel)), err)
		}
	}
	f.Parts = append(f.Parts, Part{Path: rel, ReadOnly: true, Dir: info.IsDir(), info: info})
	return nil
}

// addDir records a directory whose contents, but not whose name, commands may
// change.
func (f *finder) addDir(rel string, info fs.FileInfo) {
	if rel != "." {
		f.Parts = append(f.Parts, Part{Path: path.Clean(rel), Dir: true, info: info})
	}
}
