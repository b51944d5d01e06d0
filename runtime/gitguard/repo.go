package gitguard

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Bounds of what is looked at.
const (
	maxModules     = 200     // directories in .git/modules; with more, all of it is read-only
	maxModuleDepth = 6       // likewise
	maxNested      = 50      // repositories besides the workspace's own
	maxHooks       = 1000    // entries of a hooks directory
	maxFile        = 1 << 20 // bytes of a configuration, or of a hook that is copied
)

const commonDir = "commondir"

// finder is a guard that is being put together.
type finder struct {
	Guard
	prepare bool
}

// addPlace adds what is at a place. Nothing there is no error.
func (f *finder) addPlace(root *os.Root, at string) error {
	err := within(root, path.Dir(at), func(above *os.Root) error { return f.addIn(above, path.Base(at), at) })
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
	f.places = append(f.places, place{at, info})
	switch {
	case info == nil:
		return nil
	case !info.IsDir(): // a worktree's or a submodule's: it names the repository
		return f.add(above, name, at)
	}
	f.addDir(at, info)
	return within(above, name, func(r *os.Root) error {
		modules, err := f.addModules(r, at)
		if err != nil {
			return err
		}
		for _, rel := range append([]string{"."}, modules...) {
			if err := within(r, rel, func(r *os.Root) error { return f.addRepo(r, path.Join(at, rel)) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// addRepo adds what names programs in the repository that r is.
func (f *finder) addRepo(r *os.Root, rel string) error {
	if f.prepare {
		if err := makeMissing(r); err != nil {
			return fmt.Errorf("protect %s: %w", filepath.Join(f.dir, filepath.FromSlash(rel)), err)
		}
	}
	f.repos = append(f.repos, repo{rel, exists(r, commonDir)})
	for _, name := range []string{"hooks", "config", "config.worktree", commonDir, "worktrees"} {
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
	return within(r, "info", func(in *os.Root) error { return f.add(in, "attributes", path.Join(rel, "info/attributes")) })
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
	text, _, err := readFile(r, "config", maxFile)
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

// separateHooks leaves no hook with another name by which it could be changed.
func separateHooks(r *os.Root) error {
	hooks, err := step(r, "hooks")
	if errors.Is(err, errNoDir) {
		return nil // a link is refused later, and a file is no place for hooks
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

// addModules adds the directories in which submodules have their repositories, and
// names these. When they are too many, modules is read-only as a whole.
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
	r, err := enter(s.git, name)
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
			continue // no repository of ours, and a link stays one
		}
		if s.visited++; s.visited > maxModules {
			return false, nil
		}
		below := path.Join(name, e.Name())
		s.addDir(path.Join(s.rel, below), info)
		sub, err := step(r, e.Name())
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
