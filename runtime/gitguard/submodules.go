package gitguard

import (
	"fmt"
	"os"
	"path"

	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// Bounds of the indexes that are read to find submodules.
const (
	maxIndex    = 64 << 20 // bytes of one
	maxIndexes  = 100
	maxGitlinks = 5000
)

// indexNode is the content of an index.
type indexNode struct {
	stamp stamp
	fresh bool
	paths []string
	err   error
}

// submodules adds the submodules of the workspace's own repository, and theirs,
// to the front of the search: git enters them by itself, at any depth.
func (s *search) submodules() {
	type repo struct{ tree, git string }
	queue := []repo{{".", gitrepo.Dir}}
	next, count := map[string]*indexNode{}, 0
	for ; len(queue) > 0; queue = queue[1:] {
		git := s.resolve(queue[0].git)
		if git == "" || next[git] != nil {
			continue
		}
		if len(next) == maxIndexes || count > maxGitlinks {
			s.unread(queue[0].git, gitrepo.ErrMany)
			break
		}
		n := s.index(git)
		next[git] = n
		if old := s.oldIndexes[git]; n.err != nil && !nolink.IsGone(n.err) && (old == nil || old.err == nil) {
			s.unread(path.Join(git, "index"), n.err)
		}
		count += len(n.paths)
		for _, at := range n.paths {
			at = path.Join(queue[0].tree, at)
			below := repo{at, path.Join(at, gitrepo.Dir)}
			if _, there := s.lookAt(below.git); there {
				s.found.places = append(s.found.places, place{below.git, repository})
				queue = append(queue, below)
			}
		}
	}
	s.indexes = next
}

func (s *search) unread(at string, err error) {
	s.found.unread = append(s.found.unread, armed{path: at, what: fmt.Sprintf("cannot be read for all submodules (%v), which git enters by itself", err)})
}

// resolve returns the directory of the repository that a .git is or leads to,
// "" for none in the workspace.
func (s *search) resolve(at string) string {
	switch is, there := s.lookAt(at); {
	case !there:
		return ""
	case is.mode.IsDir():
		return at
	}
	return s.leads(at).Repo
}

// index reads a repository's index if it has changed.
func (s *search) index(git string) *indexNode {
	is, there := s.lookAt(path.Join(git, "index"))
	if n := s.oldIndexes[git]; n != nil && !n.fresh && there && n.stamp == is {
		return n
	}
	n := &indexNode{stamp: is, fresh: !is.settled(s.now)}
	if !there {
		return n
	}
	n.err = nolink.Within(s.root, git, func(r *os.Root) error {
		text, _, err := nolink.ReadFile(r, "index", maxIndex)
		if err == nil {
			n.paths, err = gitrepo.Gitlinks(text, maxGitlinks)
		}
		return err
	})
	return n
}
