package gitguard

import (
	"path"
	"slices"

	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// repoState is the state of a repository at the last search.
type repoState struct {
	dir    fileID // of its directory
	stamps []stamp
	hooks  []string // names of possible hooks
	known  known    // what the user makes git run there
	blind  bool     // it could not be read when known should have been learned
}

// repo examines a repository. It relies on stamps only where no command can
// write: a write through a memory mapping of a file changes no stamp.
func (l *look) repo(at place, dir stamp) {
	if l.seen[at.path] {
		return
	}
	l.seen[at.path] = true
	l.linksIn(at)
	old := l.find(at.path, dir.id())
	now, names := l.stamps(at.path, old)
	if old != nil && slices.Equal(old.stamps, now) && (l.learn || l.isKept(at.path)) {
		return
	}
	next := &repoState{dir: dir.id(), stamps: now, hooks: names}
	if old != nil {
		next.known, next.blind = old.known, old.blind
	}
	l.read(at, old == nil, next)
	l.note(at.path, next)
}

// find returns the state of a repository, also of one that was moved.
func (l *look) find(at string, dir fileID) *repoState {
	old := l.repos[at]
	if old != nil && old.dir == dir || dir.inode == 0 {
		return old
	}
	if l.byDir == nil {
		l.byDir = make(map[fileID]*repoState, len(l.repos))
		for _, r := range l.repos {
			l.byDir[r.dir] = r
		}
	}
	if moved := l.byDir[dir]; moved != nil {
		return moved
	}
	return old
}

// note records the state of a repository. The old state must not be found any
// more: a new directory can have the inode number of one that is gone.
func (l *look) note(at string, next *repoState) {
	if l.byDir != nil {
		if old := l.repos[at]; old != nil && l.byDir[old.dir] == old {
			delete(l.byDir, old.dir)
		}
		l.byDir[next.dir] = next
	}
	l.repos[at] = next
}

// isKept reports whether commands can write nothing that git runs in a
// repository.
func (l *look) isKept(at string) bool {
	if at == gitrepo.Dir && l.guard.Stages() {
		return true // commands see their staged one
	}
	for _, name := range sequencerDirs {
		if _, there := l.lookAt(path.Join(at, name)); there {
			return false
		}
	}
	for _, name := range []string{"hooks", "config", gitrepo.CommonDir} {
		if !l.guard.keeps(l.workspace.root, path.Join(at, name)) {
			return false
		}
	}
	return true
}

// read learns a repository, or disarms it. It drops the stamps if they are too
// recent to show a later change.
func (l *look) read(at place, isNew bool, next *repoState) {
	l.changed = true
	if l.learn || (isNew && l.partial || next.blind) && l.older(at.path) {
		r, err := nolink.Dir(l.workspace.root, at.path)
		if err == nil {
			next.known = learn(r, at)
			r.Close()
		}
		next.blind = err != nil && !nolink.IsGone(err)
	} else {
		if r, err := nolink.Dir(l.workspace.root, at.path); err == nil {
			next.known = learnKept(r, at, func(name string) bool { return l.guard.keeps(l.workspace.root, path.Join(at.path, name)) }, next.known)
			r.Close()
		}
		before := len(l.moved.notices)
		l.moved.repo(at, next.known)
		if len(l.moved.notices) > before {
			next.stamps = nil // examine it again
		}
	}
	if slices.ContainsFunc(next.stamps, func(s stamp) bool { return !s.settled(l.now) && !s.mode.IsDir() }) {
		next.stamps = nil
	}
}

// watched are the files of a repository that a Watch checks, besides its hooks.
var watched = append(append([]string{"config", "config.worktree", gitrepo.CommonDir}, sequencerDirs...), "rebase-merge/git-rebase-todo",
	"rebase-merge/strategy", "rebase-apply/apply-opt", "sequencer/todo", "sequencer/opts", "info", "modules", "worktrees")

// stamps returns the stamps of the watched files and hooks of a repository;
// names are its hooks.
func (l *look) stamps(at string, old *repoState) (all []stamp, names []string) {
	all = make([]stamp, 0, len(watched)+2)
	hooks := l.stamp(at + "/hooks")
	all = append(all, hooks)
	for _, name := range watched {
		all = append(all, l.stamp(at+"/"+name))
	}
	if old != nil && len(old.stamps) > 0 && old.stamps[0] == hooks && hooks.settled(l.now) {
		names = old.hooks
	} else {
		names = l.hookNames(at + "/hooks")
	}
	for _, name := range names {
		all = append(all, l.stamp(at+"/hooks/"+name))
	}
	return all, names
}

func (l *look) hookNames(at string) (names []string) {
	f, err := l.openDir(at)
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(maxHooks + 1)
	for _, e := range entries {
		if mayBeHook(e) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}
