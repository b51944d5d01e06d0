package gitguard

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

const (
	maxDisarmed = 10 // notices of one command
	movedMark   = ".moved-"
)

// Disarm moves away, after a command, what it made that git on the host would run
// and that no mount could prevent, and tells of each: a commondir in a guarded
// repository, and all that is armed in a .git that was not there before, or not
// the same; and what has come to be armed in a configuration or in hooks that
// changed since, for when the host replaces these no mount guards them any more.
// Links and special files go too where they would keep the guard from being
// prepared anew, and so all further commands from running. What is moved lies
// beside its place.
//
// Stale tells that there is such a .git. Commands can change it until the guard is
// prepared anew, for which none may be running.
func (g Guard) Disarm() (notices []string, stale bool) {
	if g.dir == "" || g.Holds() {
		return nil, false
	}
	root, err := os.OpenRoot(g.dir)
	if err != nil {
		return nil, false
	}
	defer root.Close()
	d := disarming{root: root}
	for _, p := range g.places {
		if d.made(p) {
			stale = true
			d.place(p.path)
		}
	}
	for _, repo := range g.repos {
		name := path.Join(repo.path, commonDir)
		if _, err := root.Lstat(name); err == nil && !repo.commonDir {
			d.commonDir(repo.path)
		}
		if g.changed(root, repo.path) {
			d.changed(repo.path, g.known[repo.path])
		}
	}
	if g.fit {
		d.unfit(g.dir)
	}
	if more := len(d.notices) - maxDisarmed; more > 0 {
		d.notices = append(d.notices[:maxDisarmed], fmt.Sprintf("and %d more in %s", more, d.last))
	}
	return d.notices, stale
}

// disarming is one call of Disarm.
type disarming struct {
	root    *os.Root
	notices []string
	last    string
}

// made tells whether something is at a place that was not there.
func (d *disarming) made(p place) bool {
	info, err := d.root.Lstat(p.path)
	return err == nil && (p.info == nil || !os.SameFile(info, p.info))
}

// place disarms a new repository and those of its submodules.
func (d *disarming) place(at string) {
	r, err := enter(d.root, at)
	if errors.Is(err, errNoDir) { // it would make a repository of another directory
		d.pointer(at)
		return
	}
	if err != nil {
		d.say("%s cannot be looked at (%v): run no git there", at, err)
		return
	}
	defer r.Close()
	for _, rel := range repositories(r) {
		d.repo(r, rel, path.Join(at, rel))
	}
}

// pointer moves away what leads to a repository elsewhere.
func (d *disarming) pointer(at string) {
	dir, name := path.Split(at)
	above, err := enter(d.root, path.Clean(dir))
	if err != nil {
		d.say("%s is reached by a link now: run no git there", at)
		return
	}
	defer above.Close()
	d.move(above, path.Clean(dir), armed{path: name, what: "leads to a repository that is not guarded"})
}

func (d *disarming) repo(git *os.Root, rel, name string) {
	r, err := enter(git, rel)
	if err != nil {
		d.say("%s cannot be looked at (%v): run no git there", name, err)
		return
	}
	defer r.Close()
	for _, a := range inspect(r, rel != ".", nil) {
		d.move(r, name, a)
	}
}

func (d *disarming) commonDir(repo string) {
	r, err := enter(d.root, repo)
	if err != nil {
		return // it is gone, or is another one, which is new then
	}
	defer r.Close()
	d.move(r, repo, armed{path: commonDir, what: "has git take configuration and hooks from elsewhere"})
}

// changed disarms what a guarded repository did not have git run before.
func (d *disarming) changed(repo string, before known) {
	r, err := enter(d.root, repo)
	if err != nil {
		return // it is gone, or is another one, which is new then
	}
	defer r.Close()
	for _, a := range inspect(r, isModule(repo), before) {
		if a.path != commonDir {
			d.move(r, repo, a)
		}
	}
}

// unfit moves away what keeps the workspace's own .git from being guarded. It was
// not there before.
func (d *disarming) unfit(dir string) {
	for range maxDisarmed {
		_, err := find(dir, false, nil)
		var bad *unfitError
		if !errors.As(err, &bad) {
			return
		}
		above, err := enter(d.root, path.Dir(bad.path))
		if err != nil {
			return // it is gone
		}
		d.move(above, path.Dir(bad.path), armed{path: path.Base(bad.path), what: bad.what + ", which cannot be guarded"})
		above.Close()
	}
}

// move moves what is armed in r, which is called rel, to a name that means nothing.
func (d *disarming) move(r *os.Root, rel string, a armed) {
	moved := a.path + suffix("moved")
	info, err := r.Lstat(a.path)
	if err == nil {
		err = r.Rename(a.path, moved)
	}
	kept := ""
	if err == nil && a.keep != nil {
		err = replace(r, a.path, info, a.keep)
		kept = "; its other settings stay"
	}
	full := path.Join(rel, a.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		d.say("%s would have git on the host run what commands wrote, and cannot be moved away: %v; run no git here before it is gone", full, err)
	default:
		d.say("%s was moved to %s%s: it would have git on the host run what commands wrote, for it %s; if you want it, take it back yourself", full, path.Base(moved), kept, a.what)
	}
	d.last = rel
}

func (d *disarming) say(format string, args ...any) {
	d.notices = append(d.notices, fmt.Sprintf(format, args...))
}

// repositories are that of a .git and those of its submodules, as far as they can
// be found: a Guard looks at the same, or takes all of modules.
func repositories(r *os.Root) []string {
	s := moduleSearch{finder: &finder{}, git: r}
	if info, err := r.Lstat("modules"); err == nil && info.IsDir() {
		_, _ = s.in("modules", maxModuleDepth)
	}
	return append([]string{"."}, s.found...)
}

// suffix makes a name that nothing else has.
func suffix(what string) string {
	return "." + what + "-" + strings.ToLower(rand.Text()[:8])
}
