package gitguard

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

const (
	maxDisarmed = 10 // notices of one search
	movedMark   = ".moved-"
)

// disarming moves away files that git on the host would run. It renames them in
// their directory.
type disarming struct {
	root    *os.Root
	notices []string
	last    string
}

// repo disarms one repository.
func (d *disarming) repo(at place, before known) {
	r, err := nolink.Dir(d.root, at.path)
	if nolink.IsGone(err) {
		return
	}
	if err != nil {
		d.say("%s cannot be looked at (%v): run no git there", at.path, err)
		return
	}
	defer r.Close()
	for _, a := range inspect(r, at, before) {
		d.move(r, at.path, a)
	}
}

// moveAway moves away the file at a path.
func (d *disarming) moveAway(at, what string) {
	above, err := nolink.Dir(d.root, path.Dir(at))
	if err != nil {
		d.say("%s is reached by a link now: run no git there", at)
		return
	}
	defer above.Close()
	d.move(above, path.Dir(at), armed{path: path.Base(at), what: what})
}

// unfit moves away files that prevent guarding the workspace's own .git.
func (d *disarming) unfit(dir string) {
	for range maxDisarmed {
		_, err := find(dir, finder{})
		var bad *unfitError
		if !errors.As(err, &bad) {
			return
		}
		d.moveAway(bad.path, bad.what+", which cannot be guarded")
	}
}

// move renames an armed file in r, whose path is rel, to a name that has no
// meaning for git.
func (d *disarming) move(r *os.Root, rel string, a armed) {
	moved := a.path + suffix("moved")
	info, err := r.Lstat(a.path)
	if err == nil {
		err = r.Rename(a.path, moved)
	}
	kept := ""
	if err == nil && a.keep != nil {
		err = replace(r, a.path, info, a.keep)
		kept = "; the rest of it stays"
	}
	full := path.Join(rel, a.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		d.say("with %s git on the host would run what commands wrote, and it cannot be moved away: %v; run no git here before it is gone", full, err)
	default:
		d.say("%s was moved to %s%s: with it git on the host would run what commands wrote, because it %s; if you want it, move it back yourself", full, path.Base(moved), kept, a.what)
	}
	d.last = rel
}

func (d *disarming) say(format string, args ...any) {
	d.notices = append(d.notices, fmt.Sprintf(format, args...))
}

// told returns the first maxDisarmed notices, and how many more there are.
func (d *disarming) told() []string {
	if more := len(d.notices) - maxDisarmed; more > 0 {
		return append(d.notices[:maxDisarmed:maxDisarmed], fmt.Sprintf("and %d more in %s", more, d.last))
	}
	return d.notices
}

// suffix returns a random suffix for a new name.
func suffix(what string) string {
	return "." + what + "-" + strings.ToLower(rand.Text()[:8])
}
