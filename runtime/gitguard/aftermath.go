package gitguard

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// Aftermath completes at a server's start the work of a Watch whose server was
// killed while commands ran, which began at since: it moves away files that
// make git on the host run programs, and reports them. Call Sweep after it,
// because a placeholder shows that a repository was guarded.
//
// It treats a file as made by commands when the file, or a directory between it
// and its repository, has changed since; and all files of a repository that was
// not guarded and whose HEAD, objects or refs have changed. Such a file can be
// the user's, made at that time, as in a Watch, or until this server's start:
// it is kept, beside its old path. Commands can put a placeholder into a
// repository of theirs; then Aftermath does not find what they made there
// before since. guarded reports whether the workspace's .git could be guarded:
// the parts of it that commands had read-only are the user's.
//
// It reads at most 20,000 directories. For a workspace that is gone it does
// nothing.
func Aftermath(dir string, since time.Time, guarded bool) (notices []string) {
	ws, err := openWorkspace(dir)
	if err != nil {
		return nil
	}
	defer ws.close()
	a := aftermath{workspace: ws, since: since, guarded: guarded, moved: disarming{root: ws.root}}
	a.own()
	found := new(tree).search(ws, maxSuspectDirs)
	for _, at := range found.places {
		a.place(at)
	}
	notices = a.moved.told()
	if found.unseen != "" || found.err != nil {
		notices = append(notices, fmt.Sprintf("%s and the directories after it were not searched for files of commands that git would run: look before you run git there", path.Join(".", found.unseen)))
	}
	return notices
}

// aftermath is one search.
type aftermath struct {
	workspace
	since   time.Time
	guarded bool
	moved   disarming
}

// own checks whether git takes the workspace itself for a repository now.
func (a *aftermath) own() {
	if gitrepo.IsComplete(func(name string) bool { return exists(a.root, name) }) && a.isNew(".") {
		a.moved.moveAway("HEAD", "makes the workspace a repository of its own")
	}
}

func (a *aftermath) place(at place) {
	switch s, there := a.lookAt(at.path); {
	case !there:
	case s.mode.IsDir():
		a.repo(at)
	default:
		a.pointer(at)
	}
}

func (a *aftermath) pointer(at place) {
	p := a.leads(at.path)
	kept := a.guarded && at.path == gitrepo.Dir
	switch {
	case p.Target == "":
	case p.Odd && !kept && !a.older(path.Dir(at.path), path.Base(at.path)):
		a.moved.moveAway(at.path, fmt.Sprintf("leads to %.100q", p.Target))
	case p.Repo != "":
		a.repo(place{p.Repo, kindOf(p.Repo)})
	}
}

func (a *aftermath) repo(at place) {
	r, err := nolink.Dir(a.root, at.path)
	if err != nil {
		if !nolink.IsGone(err) {
			a.moved.say("%s cannot be looked at (%v): run no git there", at.path, err)
		}
		return
	}
	defer r.Close()
	text, _, _ := nolink.ReadFile(r, gitrepo.CommonDir, maxFile)
	isNew := string(text) != placeholderText && !a.kept(at.path, gitrepo.CommonDir) && a.isNew(at.path)
	for _, found := range inspect(r, at, nil) {
		if !a.kept(at.path, found.path) && (isNew || !a.older(at.path, found.path)) {
			a.moved.move(r, at.path, found)
		}
	}
}

// kept reports whether commands had the file read-only.
func (a *aftermath) kept(repo, name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return a.guarded && (repo == gitrepo.Dir || strings.HasPrefix(repo, gitrepo.Dir+"/")) &&
		(first == "hooks" || first == gitrepo.CommonDir || slices.Contains(gitrepo.ConfigFiles, first))
}

// isNew reports whether a part that makes the directory a repository has
// changed since.
func (a *aftermath) isNew(repo string) bool {
	return slices.ContainsFunc([]string{"HEAD", "objects", "refs", gitrepo.CommonDir}, func(name string) bool { return !a.older(repo, name) })
}

// older reports whether neither the file nor a directory between it and repo
// has changed since.
func (a *aftermath) older(repo, name string) bool {
	for ; name != "."; name = path.Dir(name) {
		if s, there := a.lookAt(path.Join(repo, name)); there && !s.settled(a.since) {
			return false
		}
	}
	return true
}
