package gitguard

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// maxSuspects bounds the answer of Suspects.
const maxSuspects = 200

// Suspect is a file in a workspace that git on the host would run. Two are
// equal if path and content are.
type Suspect struct {
	Path string // relative to the workspace, with slashes
	What string // what is wrong with it: "is a hook"

	sum [sha256.Size]byte
}

// String returns all of it, with advice.
func (s Suspect) String() string {
	return fmt.Sprintf("%s %s: because of it, git run there would run programs; look at it, and remove it if you do not want that", s.Path, s.What)
}

// Suspects searches a workspace for repositories that make git run programs:
// hooks, settings, a commondir, exec lines of a rebase, a .git that leads out
// of the workspace or by an uncommon path. Bare repositories count, and those
// of submodules and worktrees. It reads at most 20,000 directories, the nearest
// first, and adds a Suspect for what it has not searched. It runs nothing and
// follows no link.
func Suspects(dir string) ([]Suspect, error) {
	w, err := openWorkspace(dir)
	if err != nil {
		return nil, err
	}
	defer w.close()
	s := suspicion{workspace: w}
	found := new(tree).search(w, maxSuspectDirs)
	for _, at := range found.places {
		s.place(at)
	}
	for _, a := range found.unread {
		s.add(".", a)
	}
	if found.unseen != "" {
		s.add(found.unseen, armed{what: fmt.Sprintf("and the directories after it were not searched for repositories: there are more than %d directories, or it cannot be listed", maxSuspectDirs)})
	}
	if len(s.found) > maxSuspects {
		s.found = append(s.found[:maxSuspects], Suspect{Path: s.found[maxSuspects].Path, What: fmt.Sprintf("and %d more", len(s.found)-maxSuspects-1)})
	}
	return s.found, nil
}

// New returns those of now that are not in before, in the order of now.
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
	workspace
	found []Suspect
}

func (s *suspicion) add(repo string, a armed) {
	found := Suspect{Path: path.Join(repo, a.path), What: a.what, sum: a.sum}
	if !slices.Contains(s.found, found) {
		s.found = append(s.found, found)
	}
}

// place examines a repository, or a .git that leads to one.
func (s *suspicion) place(at place) {
	info, err := s.root.Lstat(at.path)
	switch {
	case err != nil:
	case info.IsDir():
		s.repo(at)
	default:
		p := s.leads(at.path)
		switch {
		case p.Odd:
			s.add(at.path, armed{what: fmt.Sprintf("leads to %.100q", p.Target), sum: sumOf(s.root, at.path)})
		case p.Repo != "":
			s.repo(place{p.Repo, kindOf(p.Repo)})
		}
	}
}

func (s *suspicion) repo(at place) {
	r, err := nolink.Dir(s.root, at.path)
	if err != nil {
		s.add(at.path, armed{what: "cannot be looked at: " + err.Error()})
		return
	}
	defer r.Close()
	for _, a := range inspect(r, at, nil) {
		s.add(at.path, a)
	}
	links, unseen := new(linkSearch).in(s.workspace, at, time.Now())
	for _, link := range links {
		s.add(link, armed{what: whatLink, sum: sumOf(s.root, link)})
	}
	if unseen != "" {
		s.add(unseen, armed{what: whatUnseen})
	}
}
