package gitguard

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// maxNamed is how many settings of one file are named.
const maxNamed = 5

// armed is a file in a repository that would make git run a program.
type armed struct {
	path string // relative to the repository
	what string // why, for notices: "sets core.pager"
	keep []byte // the harmless content that replaces it; nil: nothing replaces it
	sum  [sha256.Size]byte
}

// known is the set of what made git run programs in a repository, or could, by
// the marks of armed files and settings.
type known map[string]bool

func (a armed) mark() string { return a.path + "\x00" + string(a.sum[:]) }

func settingMark(file string, s gitrepo.Setting) string {
	return file + "\x00" + s.Name() + "\x00" + s.Value
}

// inspect finds the armed files of a repository, but not in those of its
// submodules. It leaves out what is known.
func inspect(r *os.Root, at place, before known) (found []armed) {
	if a, is := inspectCommonDir(r, at.kind); is && !before[a.mark()] {
		found = append(found, a)
	}
	for _, a := range inspectHooks(r) {
		if !before[a.mark()] {
			found = append(found, a)
		}
	}
	for _, name := range gitrepo.ConfigFiles {
		if a, is := inspectConfig(r, name, isModule(at.path), before); is {
			found = append(found, a)
		}
	}
	return append(found, inspectSequencer(r, before)...)
}

// learn returns all that inspect would find, and all settings.
func learn(r *os.Root, at place) known {
	k := known{}
	if a, is := inspectCommonDir(r, at.kind); is {
		k[a.mark()] = true
	}
	for _, a := range inspectHooks(r) {
		k[a.mark()] = true
	}
	for _, file := range gitrepo.ConfigFiles {
		text, _, err := nolink.ReadFile(r, file, maxFile)
		if err != nil {
			continue
		}
		all, err := gitrepo.ParseConfig(string(text))
		if err != nil {
			k[armed{path: file, sum: sumOf(r, file)}.mark()] = true
		}
		for _, s := range all {
			k[settingMark(file, s)] = true
		}
	}
	learnSequencer(r, k)
	return k
}

// learnKept adds to k the contents of the parts of a repository that commands
// cannot write: all changes there are the user's.
func learnKept(r *os.Root, at place, keeps func(name string) bool, k known) known {
	files := []string{"hooks/"}
	if !keeps("hooks") {
		files = nil
	}
	for _, file := range gitrepo.ConfigFiles {
		if keeps(file) {
			files = append(files, file+"\x00")
		}
	}
	if len(files) == 0 {
		return k
	}
	all := known{}
	maps.Copy(all, k)
	for mark := range learn(r, at) {
		if slices.ContainsFunc(files, func(prefix string) bool { return strings.HasPrefix(mark, prefix) }) {
			all[mark] = true
		}
	}
	return all
}

// isModule reports whether the repository at a path belongs to a submodule.
func isModule(at string) bool {
	return strings.HasPrefix(at, gitrepo.Dir+"/modules/") || strings.Contains(at, "/"+gitrepo.Dir+"/modules/")
}

// inspectCommonDir finds a commondir that makes git take configuration and
// hooks from elsewhere. A worktree takes them from its own repository.
func inspectCommonDir(r *os.Root, k kind) (a armed, is bool) {
	if !exists(r, gitrepo.CommonDir) {
		return a, false
	}
	a = armed{path: gitrepo.CommonDir, what: "has git take configuration and hooks from elsewhere", sum: sumOf(r, gitrepo.CommonDir)}
	text, _, err := nolink.ReadFile(r, gitrepo.CommonDir, maxFile)
	if err != nil {
		return a, true
	}
	to := strings.TrimRight(string(text), "\r\n")
	ownRepository := k == worktree && to == "../.."
	return a, !ownRepository && !gitrepo.IsOwn(to)
}

func inspectHooks(r *os.Root) (found []armed) {
	const name = "hooks"
	info, err := r.Lstat(name)
	if err != nil || info.Mode().IsRegular() {
		return nil
	}
	hooks, err := nolink.Dir(r, name)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return []armed{{path: name, what: "cannot be listed", sum: sumOf(r, name)}}
	case err != nil:
		return []armed{{path: name, what: "is no directory of its own", sum: sumOf(r, name)}}
	}
	defer hooks.Close()
	entries, ok := list(hooks, maxHooks)
	if !ok {
		return []armed{{path: name, what: fmt.Sprintf("has more than %d entries, or cannot be read", maxHooks)}}
	}
	for _, e := range entries {
		if !mayBeHook(e) {
			continue
		}
		info, err := hooks.Lstat(e.Name())
		if err == nil && (info.Mode()&fs.ModeSymlink != 0 || isProgram(info)) {
			found = append(found, armed{path: path.Join(name, e.Name()), what: "is a hook", sum: sumOf(hooks, e.Name())})
		}
	}
	return found
}

// mayBeHook reports whether git can run an entry as a hook, by its name and
// type.
func mayBeHook(e fs.DirEntry) bool {
	return !e.IsDir() && !strings.HasSuffix(e.Name(), ".sample") && !strings.Contains(e.Name(), movedMark)
}

func inspectConfig(r *os.Root, name string, module bool, before known) (armed, bool) {
	if !exists(r, name) {
		return armed{}, false
	}
	text, _, err := nolink.ReadFile(r, name, maxFile)
	if err != nil {
		return armed{path: name, what: "cannot be read: " + err.Error()}, true
	}
	a := armed{path: name, sum: sha256.Sum256(text), keep: []byte{}}
	all, err := gitrepo.ParseConfig(string(text))
	if err != nil {
		a.what = err.Error()
		return a, !before[a.mark()]
	}
	var names []string
	kept := all[:0:0]
	for _, s := range all {
		if !runs(s, module) || before[settingMark(name, s)] {
			kept = append(kept, s)
		} else if name := fmt.Sprintf("%.60q", s.Name()); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return a, false
	}
	a.keep = gitrepo.FormatConfig(kept)
	a.what = "sets " + strings.Join(names[:min(len(names), maxNamed)], ", ")
	if more := len(names) - maxNamed; more > 0 {
		a.what += fmt.Sprintf(" and %d more", more)
	}
	return a, true
}

// sumOf returns a hash of the contents of a file or link. It is zero for other
// types and large files.
func sumOf(r *os.Root, name string) (sum [sha256.Size]byte) {
	if text, _, err := nolink.ReadFile(r, name, maxFile); err == nil {
		sum = sha256.Sum256(text)
	} else if target, err := r.Readlink(name); err == nil {
		sum = sha256.Sum256([]byte(target))
	}
	return sum
}
