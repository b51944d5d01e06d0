package gitguard

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// Bounds of what is searched.
const (
	maxModules     = 200     // directories in .git/modules; with more, all of it is read-only
	maxModuleDepth = 6       // with a deeper one, all of it is read-only
	maxNested      = 50      // repositories besides the workspace's own
	maxHooks       = 1000    // entries of a hooks directory
	maxFile        = 1 << 20 // bytes of a configuration, or of a hook that is copied
)

// finder collects the parts of a Guard.
type finder struct {
	Guard
	prepare bool
	opts    Options
}

// addPlace adds the repository at a path, if there is one.
func (f *finder) addPlace(root *os.Root, at string) error {
	if f.hasRepo(at) {
		return nil // it was added already, as the target of a .git
	}
	err := nolink.Within(root, path.Dir(at), func(above *os.Root) error { return f.addIn(above, path.Base(at), at) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (f *finder) addIn(above *os.Root, name, at string) error {
	info, err := f.look(above, name, at)
	if err != nil {
		return err
	}
	if at == gitrepo.Dir {
		if staged, err := f.addStaged(above, info); staged || err != nil {
			return err
		}
	}
	f.places = append(f.places, at)
	switch {
	case info == nil:
		return nil
	case !info.IsDir(): // of a worktree or a submodule: it names the repository
		if err := f.add(above, name, at); err != nil {
			return err
		}
		return f.addTarget(at)
	}
	f.addDir(at, info)
	return nolink.Within(above, name, func(r *os.Root) error {
		modules, err := f.addModules(r, at)
		if err != nil {
			return err
		}
		for _, rel := range append([]string{"."}, modules...) {
			if err := nolink.Within(r, rel, func(r *os.Root) error { return f.addRepo(r, path.Join(at, rel)) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// addTarget adds the repository in the workspace that a .git leads to.
func (f *finder) addTarget(at string) error {
	w, err := openWorkspace(f.dir)
	if err != nil {
		return err
	}
	defer w.close()
	p := w.leads(at)
	locked := func(part Part) bool { return part.ReadOnly && strings.HasPrefix(p.Repo+"/", part.Path+"/") }
	if p.Repo == "" || p.Odd || f.hasRepo(p.Repo) || slices.ContainsFunc(f.Parts, locked) {
		return nil
	}
	return nolink.Within(w.root, p.Repo, func(r *os.Root) error {
		info, err := r.Stat(".")
		if err != nil {
			return err
		}
		f.addDir(p.Repo, info)
		return f.addRepo(r, p.Repo)
	})
}

func (f *finder) hasRepo(at string) bool {
	return slices.ContainsFunc(f.repos, func(r repo) bool { return r.path == at })
}

// addRepo adds the parts of the repository r that name programs.
func (f *finder) addRepo(r *os.Root, rel string) error {
	if f.prepare {
		if err := makeMissing(r); err != nil {
			return fmt.Errorf("protect %s: %w", filepath.Join(f.dir, filepath.FromSlash(rel)), err)
		}
	}
	if f.opts.Placeholders {
		if err := f.placehold(r, rel); err != nil {
			return fmt.Errorf("protect %s: %w", filepath.Join(f.dir, filepath.FromSlash(rel)), err)
		}
	}
	f.repos = append(f.repos, repo{rel, exists(r, gitrepo.CommonDir)})
	for _, name := range []string{"hooks", "config", "config.worktree", gitrepo.CommonDir, "worktrees"} {
		if err := f.add(r, name, path.Join(rel, name)); err != nil {
			return err
		}
	}
	if _, err := r.Lstat("info/attributes"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	info, err := f.look(r, "info", path.Join(rel, "info"))
	if err != nil || info == nil || !info.IsDir() {
		return err
	}
	f.addDir(path.Join(rel, "info"), info)
	return nolink.Within(r, "info", func(in *os.Root) error { return f.add(in, "attributes", path.Join(rel, "info/attributes")) })
}

func makeMissing(r *os.Root) error {
	if err := r.Mkdir("hooks", 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make hooks: %w", err)
	}
	if err := separateHooks(r); err != nil {
		return err
	}
	if err := makeEmpty(r, "config"); err != nil {
		return err
	}
	text, _, err := nolink.ReadFile(r, "config", maxFile)
	if err == nil && bytes.Contains(bytes.ToLower(text), []byte("worktreeconfig")) { // git reads that too
		return makeEmpty(r, "config.worktree")
	}
	return nil
}

func makeEmpty(r *os.Root, name string) error {
	f, err := r.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make %s: %w", name, err)
	}
	return f.Close()
}

// separateHooks replaces each hook with several names by a copy, so that it
// cannot be changed by another name.
func separateHooks(r *os.Root) error {
	hooks, err := nolink.Dir(r, "hooks")
	if errors.Is(err, syscall.ENOTDIR) {
		return nil // a link is refused later, and a file holds no hooks
	}
	if err != nil {
		return err
	}
	defer hooks.Close()
	entries, _ := list(hooks, maxHooks)
	for _, e := range entries {
		info, err := hooks.Lstat(e.Name())
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if _, err := separate(hooks, e.Name(), info); err != nil {
			return fmt.Errorf("hooks/%s: %w", e.Name(), err)
		}
	}
	return nil
}

// addModules adds the directories of submodules' repositories and returns their
// paths. If they are too many, modules becomes read-only as a whole.
func (f *finder) addModules(r *os.Root, rel string) (found []string, err error) {
	info, err := f.look(r, "modules", path.Join(rel, "modules"))
	if err != nil || info == nil {
		return nil, err
	}
	before := len(f.Parts)
	f.addDir(path.Join(rel, "modules"), info)
	s := moduleSearch{finder: f, git: r, rel: rel}
	complete := info.IsDir()
	if complete {
		if complete, err = s.in("modules", maxModuleDepth); err != nil {
			return nil, err
		}
	}
	if !complete {
		f.Parts = f.Parts[:before]
		return nil, f.add(r, "modules", path.Join(rel, "modules"))
	}
	return s.found, nil
}

// moduleSearch looks for the repositories of submodules.
type moduleSearch struct {
	*finder
	git     *os.Root
	rel     string
	visited int
	found   []string // relative to git
}

// in searches a directory; false if there is too much or it cannot be listed.
func (s *moduleSearch) in(name string, depth int) (complete bool, err error) {
	r, err := nolink.Dir(s.git, name)
	if err != nil {
		return false, err
	}
	defer r.Close()
	entries, ok := list(r, maxModules)
	if !ok || depth == 0 {
		return false, nil
	}
	for _, e := range entries {
		info, err := r.Lstat(e.Name())
		if err != nil || !info.IsDir() {
			continue // no repository; a link is not followed
		}
		if s.visited++; s.visited > maxModules {
			return false, nil
		}
		below := path.Join(name, e.Name())
		s.addDir(path.Join(s.rel, below), info)
		sub, err := nolink.Dir(r, e.Name())
		if err != nil {
			return false, err
		}
		isRepo := exists(sub, "HEAD") || exists(sub, "config") // a command may have removed one
		var modules fs.FileInfo
		if isRepo {
			s.found = append(s.found, below)
			below = path.Join(below, "modules")
			modules, err = s.look(sub, "modules", path.Join(s.rel, below))
		}
		sub.Close()
		if err != nil {
			return false, err
		}
		if isRepo {
			if modules == nil || !modules.IsDir() {
				continue
			}
			s.addDir(path.Join(s.rel, below), modules)
		}
		if complete, err := s.in(below, depth-1); err != nil || !complete {
			return false, err
		}
	}
	return true, nil
}
