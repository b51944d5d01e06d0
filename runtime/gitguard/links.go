package gitguard

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// Git follows a symbolic link where it writes a file of its own: with one at
// COMMIT_EDITMSG the next commit writes a text that commands chose over any file of
// the user's. So no command may leave a link in a repository's directory.

// maxLinkDirs bounds the directories of one repository in which links are looked for.
const maxLinkDirs = 10_000

const (
	whatLink   = "is a symbolic link, through which git would write"
	whatUnseen = "and the directories after it were not searched for symbolic links, through which git would write"
)

// linkDir is the links and directories in one directory of a repository.
type linkDir struct {
	stamp stamp
	fresh bool
	links []string
	dirs  []string
}

// linkSearch finds the links in repositories. It reads only directories that
// have changed since the last search.
type linkSearch struct {
	repos map[string]map[string]*linkDir
}

// in returns the links in the repository at a place, relative to the workspace;
// unseen is the first directory that was not searched.
func (t *linkSearch) in(w workspace, repo place, now time.Time) (found []string, unseen string) {
	if t.repos == nil || len(t.repos) > maxRepos {
		t.repos = map[string]map[string]*linkDir{}
	}
	old := t.repos[repo.path]
	next := make(map[string]*linkDir, len(old))
	t.repos[repo.path] = next
	for queue := []string{"."}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		full := path.Join(repo.path, at)
		if len(next) == maxLinkDirs {
			return found, full
		}
		d := old[at]
		if is, there := w.lookAt(full); d == nil || d.fresh || !there || d.stamp != is {
			var complete bool
			if d, complete = readLinks(w, full, todo{at, repo.kind}, now); !complete && unseen == "" {
				unseen = full
			}
		}
		next[at] = d
		for _, name := range d.links {
			found = append(found, path.Join(full, name))
		}
		for _, name := range d.dirs {
			queue = append(queue, path.Join(at, name))
		}
	}
	return found, unseen
}

// readLinks lists a directory, whose path in its repository is in.path.
func readLinks(w workspace, full string, in todo, now time.Time) (d *linkDir, complete bool) {
	d = &linkDir{fresh: true}
	f, _, err := w.openListable(full)
	if err != nil {
		return d, nolink.IsGone(err) || errors.Is(err, errClosed)
	}
	defer f.Close()
	d.stamp = stampOfDir(f)
	d.fresh = !d.stamp.settled(now)
	complete = eachEntry(f, func(e os.DirEntry) {
		switch {
		case e.Type()&fs.ModeSymlink != 0 && isLookedAt(in.path, in.kind, e.Name()) && !mayLink(w, full, in.path, e.Name()):
			d.links = append(d.links, e.Name())
		case e.IsDir() && holdsWritten(in.path, e.Name()):
			d.dirs = append(d.dirs, e.Name())
		}
	})
	slices.Sort(d.links)
	slices.Sort(d.dirs)
	return d, complete
}

// gitFiles and gitDirs are what git writes in a repository's directory, besides names
// that end in one of gitEnds.
var (
	gitFiles = []string{"head", "index", "packed-refs", "shallow", "description", "auto_merge", "gc.log", "gc.pid", "gitdir", "locked", "objects", "modules", "worktrees", "lfs"}
	gitDirs  = []string{"branches", "info", "logs", "notes_merge_worktree", "objects", "rebase-apply", "rebase-merge", "refs", "remotes", "rr-cache", "sequencer"}
	gitEnds  = []string{"_head", "_msg", "_editmsg", "_mode", "_rr", "_log", "_ref", "_start", "_edit.diff", "_edit.patch"}
)

// isLookedAt reports whether a link of that name is searched for. It leaves out
// files that inspect examines itself, and files that were moved away. In a bare
// repository's directory only git's own files count: the user can have
// worktrees and files in it.
func isLookedAt(at string, k kind, name string) bool {
	if strings.Contains(name, movedMark) {
		return false
	}
	if at != "." {
		return true
	}
	lower := strings.ToLower(name)
	if k == plain && !slices.Contains(gitFiles, lower) && !slices.Contains(gitDirs, lower) &&
		!slices.ContainsFunc(gitEnds, func(end string) bool { return strings.HasSuffix(lower, end) }) {
		return false
	}
	return name != "hooks" && name != gitrepo.CommonDir && !slices.Contains(gitrepo.ConfigFiles, name) && !slices.Contains(sequencerDirs, name)
}

// holdsWritten reports whether git writes files in a directory of a repository
// under names that a command can predict. Objects get another name first.
func holdsWritten(at, name string) bool {
	switch at {
	case ".":
		return slices.Contains(gitDirs, strings.ToLower(name))
	case "objects":
		return name == "info" || name == "pack"
	}
	return true
}

// mayLink reports whether a link is a HEAD as old versions of git make it.
func mayLink(w workspace, full, at, name string) bool {
	if at != "." || name != "HEAD" {
		return false
	}
	to, err := w.root.Readlink(path.Join(full, name))
	return err == nil && strings.HasPrefix(to, "refs/") && path.Clean(to) == to
}

// linkMark returns the path and the target of a link, to distinguish it from a
// later one.
func linkMark(w workspace, at string) string {
	to, err := w.root.Readlink(at)
	if err != nil {
		return ""
	}
	return at + "\x00" + to
}

// linksIn records the links in a repository, or moves new ones away.
func (l *look) linksIn(repo place) {
	found, unseen := l.links.in(l.workspace, repo, l.now)
	for _, at := range found {
		mark := linkMark(l.workspace, at)
		switch {
		case mark == "" || l.linked[mark]:
		case l.learn || l.partial && l.older(at):
			l.linked[mark] = true
		default:
			l.moved.moveAway(at, whatLink)
		}
	}
	if unseen != "" && !l.linked[repo.path] {
		l.linked[repo.path] = true
		l.notices = append(l.notices, unseen+" "+whatUnseen)
	}
}
