package gitrepo

import (
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// Pointer is the content of a .git that is a file or a symbolic link. The zero value
// means that git does not take it for a repository.
type Pointer struct {
	Target string // as written
	Repo   string // the directory in the workspace that it names, "" for none
	Odd    bool   // Target is outside of the workspace, or its path can change its meaning
}

// ReadPointer reads the .git at a path in the workspace dir, which root has open. It
// follows no link on the way there.
func ReadPointer(root *os.Root, dir, at string) (p Pointer) {
	above, err := nolink.Parent(root, at)
	if err != nil {
		return p
	}
	defer func() { _ = above.Close() }()
	name := path.Base(at)
	if p.Target, err = above.Readlink(name); err != nil {
		text, _, err := nolink.ReadFile(above, name, maxFile)
		said, is := strings.CutPrefix(string(text), "gitdir:")
		if err != nil || !is {
			return p
		}
		p.Target = strings.TrimSpace(said)
	}
	p.follow(dir, at)
	return p
}

func (p *Pointer) follow(dir, at string) {
	target := filepath.FromSlash(p.Target)
	p.Odd = !straight(p.Target)
	for _, dir := range []string{"/proc/", "/dev/"} { // each process sees others there
		p.Odd = p.Odd || strings.HasPrefix(target, dir)
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(dir, filepath.FromSlash(path.Dir(at)), target)
	}
	real, err := filepath.EvalSymlinks(target)
	if p.Odd || err != nil {
		return // a missing target may exist inside of a container
	}
	own, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return
	}
	rel, err := filepath.Rel(own, real)
	switch info, statErr := os.Lstat(real); {
	case err != nil || !filepath.IsLocal(rel):
		p.Odd = true
	case statErr == nil && info.IsDir():
		p.Repo = filepath.ToSlash(rel)
	}
}

// straight reports that a path has no ".." after a name and no repeated separator.
func straight(p string) bool {
	p = strings.TrimSuffix(p, "/")
	for strings.HasPrefix(p, "./") {
		p = p[2:]
	}
	return p == path.Clean(p)
}
