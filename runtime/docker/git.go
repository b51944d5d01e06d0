package docker

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.uber.org/zap"
)

// gitReadOnly are the parts of a repository by which git on the host comes to
// run code, or to look for such parts elsewhere. They are read-only where they
// exist.
var gitReadOnly = []string{"hooks", "config", "config.worktree", "commondir", "info/attributes", "worktrees"}

// Bounds of the search for the repositories of submodules. With more of them,
// or deeper ones, all of .git/modules is read-only.
const (
	maxModules     = 50
	maxModuleDepth = 4
)

const (
	gitDir    = ".git"
	commonDir = "commondir"
)

// gitGuard is what of the workspace's .git commands are kept from, and how it
// all was at that time. Names are relative to the workspace, with slashes.
type gitGuard struct {
	repos    []string               // .git and those of submodules; none when .git is no directory
	self     []string               // bound onto themselves, writable: a mount point cannot be renamed and replaced
	readOnly []string               // bound read-only
	seen     map[string]fs.FileInfo // all these, and nil for what was not there
}

// prepareGit makes what a command could otherwise be the first to make, and
// then looks. dir is the workspace on the host.
func prepareGit(dir string) (gitGuard, error) {
	g, err := lookGit(dir)
	if err != nil || len(g.repos) == 0 {
		return g, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return g, err
	}
	defer root.Close()
	made := false
	for _, repo := range g.repos {
		if hooks := path.Join(repo, "hooks"); g.seen[hooks] == nil {
			if err := root.Mkdir(hooks, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
				return g, fmt.Errorf("make %s, so that commands cannot: %w", filepath.Join(dir, hooks), err)
			}
			made = true
		}
		config := path.Join(repo, "config")
		if _, err := root.Lstat(path.Join(repo, "HEAD")); err != nil || g.seen[config] != nil {
			continue // without HEAD git takes it for no repository
		}
		f, err := root.OpenFile(config, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644) // empty is like none
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return g, fmt.Errorf("make %s, so that commands cannot: %w", filepath.Join(dir, config), err)
		}
		_ = f.Close()
		made = true
	}
	if !made {
		return g, nil
	}
	return lookGit(dir)
}

// lookGit finds what to keep commands from. It refuses links and special files
// in such places: they cannot be mount points, and what a link names is outside
// of our care.
func lookGit(dir string) (gitGuard, error) {
	g := gitGuard{seen: make(map[string]fs.FileInfo)}
	info, err := g.look(dir, gitDir)
	switch {
	case err != nil || info == nil:
		return g, err
	case !info.IsDir(): // a worktree's or submodule's pointer to its repository elsewhere
		g.readOnly = []string{gitDir}
		return g, nil
	}
	g.self, g.repos = []string{gitDir}, []string{gitDir}
	modules := path.Join(gitDir, "modules")
	info, err = g.look(dir, modules)
	switch {
	case err != nil:
		return g, err
	case info != nil && !g.addModules(dir, modules, maxModuleDepth):
		g.repos, g.readOnly = g.repos[:1], []string{modules}
	}
	for _, repo := range g.repos {
		for _, name := range gitReadOnly {
			if err := g.protect(dir, path.Join(repo, name)); err != nil {
				return g, err
			}
		}
	}
	return g, nil
}

// addModules adds the repositories below name, a directory; false when they are
// too many, too deep or unreadable.
func (g *gitGuard) addModules(dir, name string, depth int) bool {
	entries, ok := readSome(filepath.Join(dir, name))
	if !ok || depth == 0 {
		return false
	}
	for _, entry := range entries {
		below := path.Join(name, entry.Name())
		if !entry.IsDir() {
			continue
		}
		// A command can remove HEAD, but not a guarded configuration.
		if exists(filepath.Join(dir, below, "HEAD")) || exists(filepath.Join(dir, below, "config")) {
			g.repos = append(g.repos, below)
			below = path.Join(below, "modules")
			if !exists(filepath.Join(dir, below)) {
				continue
			}
		}
		if len(g.repos) > maxModules || !g.addModules(dir, below, depth-1) {
			return false
		}
	}
	return true
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// readSome lists a directory of at most maxModules entries.
func readSome(dir string) (entries []fs.DirEntry, ok bool) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	entries, err = f.ReadDir(maxModules + 1)
	return entries, (err == nil || errors.Is(err, io.EOF)) && len(entries) <= maxModules
}

// protect makes name read-only if it exists, and keeps the directories that
// lead there from being renamed.
func (g *gitGuard) protect(dir, name string) error {
	var above []string
	for i := len(gitDir) + 1; i < len(name); i++ {
		if name[i] != '/' {
			continue
		}
		info, err := g.look(dir, name[:i])
		if err != nil || info == nil || !info.IsDir() {
			return err
		}
		above = append(above, name[:i])
	}
	info, err := g.look(dir, name)
	if err != nil || info == nil {
		return err
	}
	for _, name := range above {
		if !slices.Contains(g.self, name) {
			g.self = append(g.self, name)
		}
	}
	g.readOnly = append(g.readOnly, name)
	return nil
}

// look notes what is at name, nil when nothing is.
func (g *gitGuard) look(dir, name string) (fs.FileInfo, error) {
	source := filepath.Join(dir, filepath.FromSlash(name))
	info, err := os.Lstat(source)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		g.seen[name] = nil
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look at %s: %w", source, err)
	case !info.IsDir() && !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is a link or a special file, so it cannot be kept from commands; replace it with the file or directory it stands for", source)
	}
	g.seen[name] = info
	return info, nil
}

// holds tells whether the guard still fits what is on the host. A file that was
// replaced there, as git does with its configuration, is not guarded any more:
// the mount goes with the old one.
func (g gitGuard) holds(dir string) bool {
	now, err := lookGit(dir)
	if err != nil || len(now.seen) != len(g.seen) {
		return false
	}
	for name, was := range g.seen {
		is, known := now.seen[name]
		switch {
		case !known, (was == nil) != (is == nil):
			return false
		case was == nil:
			continue
		case !os.SameFile(was, is), was.Mode().Type() != is.Mode().Type():
			return false
		case slices.Contains(g.readOnly, name) && !was.ModTime().Equal(is.ModTime()):
			return false // the same number, given to another file
		}
	}
	return true
}

// disarm moves away a commondir that a command has made, which would have git
// on the host take its configuration and hooks from elsewhere, and tells out. It
// cannot be prevented: an empty one to mount over would break the repository.
func (g gitGuard) disarm(dir string, out io.Writer, log *zap.Logger) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return
	}
	defer root.Close()
	repos := g.repos
	if len(repos) == 0 {
		repos = []string{gitDir}
	}
	for _, repo := range repos {
		name := path.Join(repo, commonDir)
		if g.seen[name] != nil {
			continue
		}
		if _, err := root.Lstat(name); err != nil {
			continue
		}
		moved := fmt.Sprintf("%s.moved-%.8s", name, strings.ToLower(randomID()))
		err := root.Rename(name, moved)
		log.Warn("a command made a git commondir", zap.String("file", name), zap.Error(err))
		if err != nil {
			_, _ = fmt.Fprintf(out, "\n[%s would have git run what commands wrote, and cannot be moved away: %v; run no git here before it is gone]\n", name, err)
			continue
		}
		_, _ = fmt.Fprintf(out, "\n[%s was moved to %s: it would have git on the host run what commands wrote]\n", name, path.Base(moved))
	}
}
