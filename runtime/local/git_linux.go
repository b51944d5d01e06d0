package local

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// Bounds of the search for the repositories of submodules. With more directories
// or deeper ones, all of .git/modules is read-only.
const (
	maxModuleDepth = 6
	maxModules     = 200
	maxGitConfig   = 1 << 20
)

const gitDir = ".git"

// gitLook is what of a workspace's .git is to be guarded: .git and the directories
// of submodules are mounted onto themselves, so that they cannot be renamed, and
// what names programs (hooks, the configuration) is read-only in them. So commands
// are kept from what git on the host would run for them.
//
// No link is followed on the way to any of it: a command of an earlier supervisor
// may have put it there.
type gitLook struct {
	parts []gitPart // parents before what lies in them
	repos []string  // relative to the workspace; none if .git is no directory

	workspace string
	root      int // the workspace, while the search lasts
	prepare   bool
	visited   int
}

// gitPart is something to be mounted onto itself, and what was there. A file that
// is replaced on the host is not guarded any more: the mount goes with the old one.
type gitPart struct {
	path     string // relative to the workspace
	readOnly bool
	dir      bool
	dev, ino uint64
	changed  unix.Timespec // when read-only: the same number may be given to another file
}

// same ignores when a writable directory changed: commands may change it.
func (p gitPart) same(q gitPart) bool {
	if !p.readOnly {
		p.changed, q.changed = unix.Timespec{}, unix.Timespec{}
	}
	return p == q
}

// lookGit looks at the workspace's .git. With prepare it makes what a command
// could otherwise be the first to make: hooks and config, empty, which git takes
// for the same as none.
func lookGit(workspace string, prepare bool) (gitLook, error) {
	g := gitLook{workspace: workspace, prepare: prepare}
	var err error
	if g.root, err = unix.Open(workspace, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return g, fmt.Errorf("open %s: %w", workspace, err)
	}
	defer func() { _ = unix.Close(g.root) }()
	git, found, err := g.look(gitDir)
	switch {
	case err != nil || !found:
		return g, err
	case !git.dir: // a worktree's or a submodule's: it names the repository
		return g, g.add(gitDir, true)
	}
	g.parts, g.repos = []gitPart{git}, []string{gitDir}
	if err := g.addModules(); err != nil {
		return g, err
	}
	for _, repo := range g.repos {
		if err := g.addRepo(repo); err != nil {
			return g, err
		}
	}
	return g, nil
}

// holds tells whether what was found is still what is there.
func (g gitLook) holds() bool {
	now, err := lookGit(g.workspace, false)
	return err == nil && slices.EqualFunc(now.parts, g.parts, gitPart.same) && slices.Equal(now.repos, g.repos)
}

// beneath opens a path in the workspace. A link anywhere in it is ELOOP.
func (g *gitLook) beneath(rel string, flags uint64) (int, error) {
	return unix.Openat2(g.root, rel, &unix.OpenHow{
		Flags: flags | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	})
}

// look tells what is at a path. Links and special files are errors.
func (g *gitLook) look(rel string) (part gitPart, found bool, err error) {
	fd, err := g.beneath(rel, unix.O_PATH)
	if errors.Is(err, unix.ENOENT) {
		return part, false, nil
	}
	if err == nil {
		part, err = partAt(fd, rel)
		_ = unix.Close(fd)
	}
	if errors.Is(err, unix.ELOOP) {
		err = errors.New("is a symbolic link, which cannot be protected: put there what it leads to, or for .git a file that says gitdir")
	}
	if err != nil {
		return part, false, fmt.Errorf("%s %w", filepath.Join(g.workspace, rel), err)
	}
	return part, true, nil
}

func partAt(fd int, rel string) (gitPart, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return gitPart{}, err
	}
	kind := st.Mode & unix.S_IFMT
	if kind != unix.S_IFDIR && kind != unix.S_IFREG {
		return gitPart{}, errors.New("is a special file, which cannot be protected: remove it")
	}
	return gitPart{path: rel, dir: kind == unix.S_IFDIR, dev: uint64(st.Dev), ino: st.Ino, changed: st.Ctim}, nil //nolint:unconvert // not on all machines
}

// add notes what is at a path, if anything is.
func (g *gitLook) add(rel string, readOnly bool) error {
	part, found, err := g.look(rel)
	if err != nil || !found {
		return err
	}
	part.readOnly = readOnly
	g.parts = append(g.parts, part)
	return nil
}

// addRepo adds what names programs in one repository.
func (g *gitLook) addRepo(repo string) error {
	if g.prepare {
		if err := g.makeMissing(repo); err != nil {
			return fmt.Errorf("protect %s: %w", filepath.Join(g.workspace, repo), err)
		}
	}
	for _, name := range []string{"hooks", "config", "config.worktree", "commondir"} {
		if err := g.add(path.Join(repo, name), true); err != nil {
			return err
		}
	}
	return nil
}

func (g *gitLook) makeMissing(repo string) error {
	dir, err := g.beneath(repo, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(dir) }()
	if err := unix.Mkdirat(dir, "hooks", 0o755); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("make hooks: %w", err)
	}
	names := []string{"config"}
	if g.usesWorktreeConfig(repo) {
		names = append(names, "config.worktree")
	}
	for _, name := range names {
		fd, err := unix.Openat(dir, name, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
		if err == nil {
			_ = unix.Close(fd)
		} else if !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("make %s: %w", name, err)
		}
	}
	return nil
}

// usesWorktreeConfig tells whether git reads config.worktree too.
func (g *gitLook) usesWorktreeConfig(repo string) bool {
	fd, err := g.beneath(path.Join(repo, "config"), unix.O_RDONLY|unix.O_NONBLOCK)
	if err != nil {
		return false
	}
	f := os.NewFile(uintptr(fd), "config")
	defer func() { _ = f.Close() }()
	text, _ := io.ReadAll(io.LimitReader(f, maxGitConfig))
	return bytes.Contains(bytes.ToLower(text), []byte("worktreeconfig"))
}

// addModules adds the repositories of submodules.
func (g *gitLook) addModules() error {
	const modules = gitDir + "/modules"
	part, found, err := g.look(modules)
	if err != nil || !found {
		return err
	}
	before := len(g.parts)
	g.parts = append(g.parts, part)
	complete := part.dir
	if complete {
		if complete, err = g.search(modules, maxModuleDepth); err != nil {
			return err
		}
	}
	if !complete {
		part.readOnly = true
		g.parts, g.repos = append(g.parts[:before], part), g.repos[:1]
	}
	return nil
}

// search adds the directories and repositories below dir; false if these are too
// many or cannot be listed.
func (g *gitLook) search(dir string, depth int) (complete bool, err error) {
	names, ok := g.list(dir)
	if !ok || depth == 0 {
		return false, nil
	}
	for _, name := range names {
		sub := path.Join(dir, name)
		part, found, err := g.look(sub)
		if err != nil || !found || !part.dir {
			continue // no repository of ours, and a link stays one
		}
		if g.visited++; g.visited > maxModules {
			return false, nil
		}
		g.parts = append(g.parts, part)
		if g.exists(path.Join(sub, "HEAD")) || g.exists(path.Join(sub, "config")) { // a command may have removed one
			g.repos = append(g.repos, sub)
			sub = path.Join(sub, "modules")
			part, found, err = g.look(sub)
			if err != nil {
				return false, err
			}
			if !found || !part.dir {
				continue
			}
			g.parts = append(g.parts, part)
		}
		if complete, err := g.search(sub, depth-1); err != nil || !complete {
			return false, err
		}
	}
	return true, nil
}

// exists tells whether anything is there, be it a link.
func (g *gitLook) exists(rel string) bool {
	_, found, err := g.look(rel)
	return found || err != nil
}

// list names what is in a directory, if that is not too much.
func (g *gitLook) list(dir string) (names []string, ok bool) {
	fd, err := g.beneath(dir, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, false
	}
	f := os.NewFile(uintptr(fd), dir)
	defer func() { _ = f.Close() }()
	names, err = f.Readdirnames(maxModules + 1)
	slices.Sort(names)
	return names, (err == nil || errors.Is(err, io.EOF)) && len(names) <= maxModules
}

// gitGuards takes what is to be guarded, to be mounted onto itself.
func (s *spec) gitGuards() ([]mount, error) {
	g, err := lookGit(s.Workspace, true)
	if err != nil {
		return nil, err
	}
	if g.root, err = unix.Open(s.Workspace, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(g.root) }()
	mounts := make([]mount, 0, len(g.parts))
	for _, part := range g.parts {
		m, err := g.guard(part)
		if err != nil {
			return nil, fmt.Errorf("protect %s: %w", filepath.Join(s.Workspace, part.path), err)
		}
		mounts = append(mounts, m)
	}
	return mounts, nil
}

// guard takes one part by its descriptor, so that it is what was looked at.
func (g *gitLook) guard(part gitPart) (mount, error) {
	fd, err := g.beneath(part.path, unix.O_PATH)
	if err != nil {
		return mount{}, err
	}
	defer func() { _ = unix.Close(fd) }()
	now, err := partAt(fd, part.path)
	if err != nil {
		return mount{}, err
	}
	if now.dev != part.dev || now.ino != part.ino || now.dir != part.dir {
		return mount{}, errors.New("it was replaced just now; try again")
	}
	attrs := uint64(unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV)
	if part.readOnly {
		attrs |= unix.MOUNT_ATTR_RDONLY
	}
	return cloneFrom(fd, "", unix.AT_EMPTY_PATH, filepath.Join(g.workspace, part.path), attrs)
}

// redirects watches for the one file that no mount can keep from being made:
// commondir, by which a repository takes its configuration from elsewhere.
type redirects struct {
	workspace string
	watched   []string // relative to the workspace, and not there when watching began
}

func watchRedirects(workspace string, git gitLook) redirects {
	w := redirects{workspace: workspace}
	repos := git.repos
	if len(git.parts) == 0 {
		repos = []string{gitDir} // a command may make it
	}
	for _, repo := range repos {
		rel := path.Join(repo, "commondir")
		if !slices.ContainsFunc(git.parts, func(p gitPart) bool { return p.path == rel }) {
			w.watched = append(w.watched, rel)
		}
	}
	return w
}

// remove removes what a command has made of them, and says so.
func (w redirects) remove(out io.Writer) {
	for _, rel := range w.watched {
		if _, err := os.Lstat(filepath.Join(w.workspace, rel)); err != nil {
			continue
		}
		root, err := os.OpenRoot(w.workspace)
		if err == nil {
			err = root.RemoveAll(rel)
			_ = root.Close()
		}
		if err != nil {
			_, _ = fmt.Fprintf(out, "\n[%s could not be removed, though git on the host would run what it leads to: %v]\n", rel, err)
			continue
		}
		_, _ = fmt.Fprintf(out, "\n[%s was removed: git on the host would run what it leads to]\n", rel)
	}
}
