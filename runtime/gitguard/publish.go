package gitguard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// publishing moves a repository from a staged directory to its final path; with
// all it also moves files that form no repository.
type publishing struct {
	root   *os.Root
	dir    string // the workspace
	base   string // the name of the directory that staged is in
	staged string
	all    bool
}

// publish does that under a lock on base. It removes empty directories.
func (p publishing) publish(lock *os.File) []string {
	_ = lockPatiently(lock)
	d := disarming{root: p.root}
	at := path.Join(p.base, p.staged)
	moved := false
	err := nolink.Within(p.root, p.base, func(r *os.Root) error {
		if r.Remove(p.staged) == nil || !exists(r, p.staged) { // it was empty, or published before
			return nil
		}
		if !p.all && !exists(r, path.Join(p.staged, "HEAD")) {
			return nil
		}
		d.disarmAll(p.dir, at)
		if p.base != gitrepo.Dir || !isStaging(p.root, gitrepo.Dir) {
			return elsewhere(p.root, at, &d)
		}
		moved = true
		err := moveUp(r, p.staged)
		for i, n := range d.notices {
			d.notices[i] = strings.ReplaceAll(n, at, gitrepo.Dir) // its path now
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.say("the repository that commands made cannot be moved to its place (%v): it is in %s", err, at)
	}
	if moved {
		d.unfit(p.dir)
	}
	return d.told()
}

// disarmAll disarms a repository and those of its submodules and worktrees.
func (d *disarming) disarmAll(dir, at string) {
	w, err := openWorkspace(filepath.Join(dir, filepath.FromSlash(at)))
	if err != nil {
		d.say("%s cannot be looked at (%v): run no git there", at, err)
		return
	}
	defer w.close()
	s := search{workspace: w, found: &findings{}, nodes: map[string]*node{}}
	s.dirs.Most = maxGuardDirs
	s.run(todo{".", repository})
	d.repo(place{at, repository}, nil)
	for _, p := range append(s.found.places, place{".", repository}) {
		if p.path != "." {
			d.repo(place{path.Join(at, p.path), p.kind}, nil)
		}
		links, _ := new(linkSearch).in(w, p, s.now)
		for _, link := range links {
			d.moveAway(path.Join(at, link), whatLink)
		}
	}
}

// elsewhere moves the repository that commands made to another name, because
// the host has made one meanwhile.
func elsewhere(root *os.Root, at string, d *disarming) error {
	to := gitrepo.Dir + suffix("moved")
	if err := root.Rename(at, to); err != nil {
		return err
	}
	d.say("a repository was made on the host meanwhile: the one that commands made is %s now", to)
	return nil
}

func moveUp(r *os.Root, staged string) error {
	entries, err := fs.ReadDir(r.FS(), staged)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		if e.Name() != "HEAD" && !strings.HasPrefix(e.Name(), stagedPrefix) {
			names = append(names, e.Name())
		}
	}
	for _, name := range append(names, "HEAD") {
		err := r.Rename(path.Join(staged, name), name)
		if name == "HEAD" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("move %s: %w", name, err)
		}
	}
	return r.RemoveAll(staged)
}
