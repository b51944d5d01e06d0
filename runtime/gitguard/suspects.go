package gitguard

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxSuspects bounds the answer of Suspects.
const maxSuspects = 200

// Suspect is something in a workspace that git on the host would run. Two are
// equal when they are the same thing with the same content.
type Suspect struct {
	Path string // relative to the workspace, with slashes
	What string // what is wrong with it: "is a hook"

	sum [sha256.Size]byte
}

// String says it all, with the cure.
func (s Suspect) String() string {
	return fmt.Sprintf("%s %s: git run there would run programs for it; look at it, and remove it if you do not want that", s.Path, s.What)
}

// Suspects looks through a workspace for repositories that have git run programs:
// hooks, settings, a commondir, a .git that leads to such a repository in the
// workspace by a link or an uncommon path. Bare repositories count, and those of
// submodules. It reads at most 20,000 directories, the nearest first, and what it
// has not seen is a Suspect as well. It runs nothing and follows no link.
func Suspects(dir string) ([]Suspect, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	s := suspicion{root: root, dir: dir}
	unseen, err := search(dir, maxSuspectDirs, s.place)
	if err != nil {
		return nil, err
	}
	if unseen != "" {
		s.add(unseen, armed{what: fmt.Sprintf("and what comes after it was not searched for repositories: there are more than %d directories", maxSuspectDirs)})
	}
	if len(s.found) > maxSuspects {
		s.found = append(s.found[:maxSuspects], Suspect{Path: s.found[maxSuspects].Path, What: fmt.Sprintf("and %d more", len(s.found)-maxSuspects-1)})
	}
	return s.found, nil
}

// New returns what is in now but was not in before, in the order of now.
func New(before, now []Suspect) (added []Suspect) {
	old := make(map[Suspect]bool, len(before))
	for _, s := range before {
		old[s] = true
	}
	for _, s := range now {
		if !old[s] {
			added = append(added, s)
		}
	}
	return added
}

// suspicion is one search.
type suspicion struct {
	root  *os.Root
	dir   string
	found []Suspect
}

func (s *suspicion) add(repo string, a armed) {
	found := Suspect{Path: path.Join(repo, a.path), What: a.what, sum: a.sum}
	if !slices.Contains(s.found, found) {
		s.found = append(s.found, found)
	}
}

// place looks at a .git or a bare repository.
func (s *suspicion) place(at string) {
	info, err := s.root.Lstat(at)
	switch {
	case err != nil:
	case info.IsDir():
		s.repo(at)
	default:
		s.pointer(at)
	}
}

func (s *suspicion) repo(at string) {
	git, err := enter(s.root, at)
	if err != nil {
		s.add(at, armed{what: "cannot be looked at: " + err.Error()})
		return
	}
	defer git.Close()
	for _, rel := range repositories(git) {
		r, err := enter(git, rel)
		if err != nil {
			continue // it has just gone
		}
		for _, a := range inspect(r, rel != "." || isModule(at), nil) {
			s.add(path.Join(at, rel), a)
		}
		r.Close()
	}
}

// isModule tells whether the repository at a path is that of a submodule.
func isModule(at string) bool {
	return strings.HasPrefix(at, gitDir+"/modules/") || strings.Contains(at, "/"+gitDir+"/modules/")
}

// pointer looks at a .git that is a link, or a file that says gitdir. A repository
// outside of the workspace is beyond commands.
func (s *suspicion) pointer(at string) {
	above, err := enter(s.root, path.Dir(at))
	if err != nil {
		return
	}
	defer above.Close()
	name := path.Base(at)
	target, err := above.Readlink(name)
	if err != nil {
		text, _, err := readFile(above, name, maxFile)
		said, isPointer := strings.CutPrefix(string(text), "gitdir:")
		if err != nil || !isPointer {
			return // git takes it for no repository
		}
		target = strings.TrimSpace(said)
	}
	s.follow(at, filepath.FromSlash(target), sumOf(above, name))
}

// follow looks at what a pointer leads to.
func (s *suspicion) follow(at, target string, sum [sha256.Size]byte) {
	odd := strings.TrimSuffix(target, string(filepath.Separator)) != filepath.Clean(target) // by way of a link and back
	for _, dir := range []string{"/proc/", "/dev/"} {                                       // they lead each process elsewhere
		odd = odd || strings.HasPrefix(target, dir)
	}
	if odd {
		s.add(at, armed{what: fmt.Sprintf("leads to %.100q", target), sum: sum})
		return
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(s.dir, filepath.FromSlash(path.Dir(at)), target)
	}
	own, err := filepath.EvalSymlinks(s.dir)
	if err != nil {
		return
	}
	if real, err := filepath.EvalSymlinks(target); err == nil {
		target = real
	}
	if rel, err := filepath.Rel(own, target); err == nil && filepath.IsLocal(rel) {
		if info, err := s.root.Lstat(filepath.ToSlash(rel)); err == nil && info.IsDir() {
			s.repo(filepath.ToSlash(rel))
		}
	}
}
