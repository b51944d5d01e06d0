package gitguard

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

const gitDir = ".git"

// Part is something to be mounted onto itself. A file that is replaced on the host
// is not guarded any more: the mount goes with the old one.
type Part struct {
	Path     string // relative to the workspace, with slashes
	ReadOnly bool
	Dir      bool

	info fs.FileInfo
}

// same ignores when a writable directory changed: commands may change it.
func (p Part) same(q Part) bool {
	return p.Path == q.Path && p.ReadOnly == q.ReadOnly && p.Dir == q.Dir && os.SameFile(p.info, q.info) &&
		(!p.ReadOnly || changed(p.info).Equal(changed(q.info))) // the same number may be given to another file
}

// Guard is what of a workspace's repositories commands are to be kept from. The
// zero value guards nothing.
type Guard struct {
	Parts   []Part   // parents before what lies in them
	Notices []string // what could not be guarded, and why

	dir    string
	places []place // where repositories are; .git of the workspace first
	repos  []repo
	known  map[string]known // by the path of a repository: what it had git run
	fit    bool             // nothing was there that could not be guarded
}

// place is a .git, or the directory of a bare repository.
type place struct {
	path string
	info fs.FileInfo // nil: nothing was there
}

// repo is the directory of a repository.
type repo struct {
	path      string
	commonDir bool // it had one
}

// Look finds the parts of the workspace's own .git, and makes nothing. dir is the
// workspace on the host. A link or a special file in the place of a part is an
// error that names it: it could not be a mount point.
func Look(dir string) (Guard, error) {
	g, err := find(dir, false, nil)
	g.fit = err == nil
	g.learn()
	return g, err
}

// Prepare makes what is missing, and finds the parts of .git and of the nested
// repositories. Its errors are those of Look, but a nested repository that cannot
// be guarded is a notice. No command may be running.
func Prepare(dir string) (Guard, error) {
	var nested []string
	unseen, err := search(dir, maxGuardDirs, func(at string) {
		if at != gitDir {
			nested = append(nested, at)
		}
	})
	if err != nil {
		return Guard{}, err
	}
	left := nested[min(len(nested), maxNested):]
	g, err := find(dir, true, nested[:len(nested)-len(left)])
	g.fit = err == nil
	g.learn()
	if unseen != "" {
		g.Notices = append(g.Notices, fmt.Sprintf("repositories below the workspace are guarded as far as %d directories go; %s and what comes after it was not searched", maxGuardDirs, unseen))
	}
	if len(left) > 0 {
		g.Notices = append(g.Notices, fmt.Sprintf("only %d repositories below the workspace are guarded; %s and %d more are not: look at their hooks and config before you run git there", maxNested, left[0], len(left)-1))
	}
	return g, err
}

func find(dir string, prepare bool, nested []string) (Guard, error) {
	f := finder{Guard: Guard{dir: dir}, prepare: prepare}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return f.Guard, err
	}
	defer root.Close()
	if err := f.addPlace(root, gitDir); err != nil {
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

// Holds tells whether what was found is still what is there. It does not search
// for further nested repositories.
func (g Guard) Holds() bool {
	if g.dir == "" {
		return true
	}
	nested := make([]string, 0, len(g.places))
	for _, p := range g.places {
		if p.path != gitDir {
			nested = append(nested, p.path)
		}
	}
	now, err := find(g.dir, false, nested)
	return err == nil && slices.EqualFunc(now.Parts, g.Parts, Part.same) && slices.Equal(now.repos, g.repos)
}

// unfitError says what is in the place of a part and cannot be a mount point.
type unfitError struct {
	dir, path string // the workspace, and relative to it
	what      string // "is a symbolic link"
	cure      string
}

func (e *unfitError) Error() string {
	return fmt.Sprintf("%s %s, which cannot be protected: %s", filepath.Join(e.dir, filepath.FromSlash(e.path)), e.what, e.cure)
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

// HasGit tells whether the workspace had a .git that is a directory.
func (g Guard) HasGit() bool {
	return len(g.places) > 0 && g.places[0].info != nil && g.places[0].info.IsDir()
}

// Tell writes notices in the way in which results have them.
func Tell(out io.Writer, notices []string) {
	for _, n := range notices {
		_, _ = fmt.Fprintf(out, "\n[%s]\n", n)
	}
}

// look tells what is at name in r, nil when nothing is. rel is the same from the
// workspace.
func (f *finder) look(r *os.Root, name, rel string) (fs.FileInfo, error) {
	info, err := r.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, &unfitError{f.dir, rel, "is a symbolic link", "put there what it leads to, or for .git a file that says gitdir"}
	case !info.IsDir() && !info.Mode().IsRegular():
		return nil, &unfitError{f.dir, rel, "is a special file", "remove it"}
	default:
		return info, nil
	}
	return nil, fmt.Errorf("%s %w", filepath.Join(f.dir, filepath.FromSlash(rel)), err)
}

// add notes what is at name in r, if anything is.
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

// addDir notes a directory whose content commands may change, but not its name.
func (f *finder) addDir(rel string, info fs.FileInfo) {
	if rel != "." {
		f.Parts = append(f.Parts, Part{Path: path.Clean(rel), Dir: true, info: info})
	}
}
