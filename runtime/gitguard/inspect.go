package gitguard

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// maxNamed is how many settings of one file are named.
const maxNamed = 5

// armed is something in a repository by which git would run a program.
type armed struct {
	path string // relative to the repository
	what string // the words for it: "sets core.pager"
	keep []byte // what may stand in its place; nil: nothing
	sum  [sha256.Size]byte
}

// inspect looks for all that is armed in a repository, which may be that of a
// submodule: in itself, not in those of its own submodules. What is known counts
// for nothing.
func inspect(r *os.Root, module bool, before known) (found []armed) {
	if exists(r, commonDir) {
		found = append(found, armed{path: commonDir, what: "has git take configuration and hooks from elsewhere", sum: sumOf(r, commonDir)})
	}
	for _, a := range inspectHooks(r) {
		if !before[a.mark()] {
			found = append(found, a)
		}
	}
	for _, name := range configFiles {
		if a, is := inspectConfig(r, name, module, before); is {
			found = append(found, a)
		}
	}
	return found
}

func inspectHooks(r *os.Root) (found []armed) {
	const name = "hooks"
	info, err := r.Lstat(name)
	if err != nil || info.Mode().IsRegular() {
		return nil
	}
	hooks, err := step(r, name)
	if err != nil {
		return []armed{{path: name, what: "is no directory of its own"}}
	}
	defer hooks.Close()
	entries, ok := list(hooks, maxHooks)
	if !ok {
		return []armed{{path: name, what: fmt.Sprintf("has more than %d entries, or cannot be read", maxHooks)}}
	}
	for _, e := range entries {
		info, err := hooks.Lstat(e.Name())
		switch {
		case err != nil || info.IsDir() || strings.HasSuffix(e.Name(), ".sample") || strings.Contains(e.Name(), movedMark):
		case info.Mode()&fs.ModeSymlink != 0, isProgram(info):
			found = append(found, armed{path: path.Join(name, e.Name()), what: "is a hook", sum: sumOf(hooks, e.Name())})
		}
	}
	return found
}

func inspectConfig(r *os.Root, name string, module bool, before known) (armed, bool) {
	if !exists(r, name) {
		return armed{}, false
	}
	text, _, err := readFile(r, name, maxFile)
	if err != nil {
		return armed{path: name, what: "cannot be read: " + err.Error()}, true
	}
	a := armed{path: name, sum: sha256.Sum256(text), keep: []byte{}}
	all, err := parseConfig(string(text))
	if err != nil {
		a.what = err.Error()
		return a, !before[a.mark()]
	}
	var names []string
	kept := all[:0:0]
	for _, s := range all {
		if !s.runs(module) || before[s.mark(name)] {
			kept = append(kept, s)
		} else if name := fmt.Sprintf("%.60q", s.name()); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return a, false
	}
	a.keep = writeConfig(kept)
	a.what = "sets " + strings.Join(names[:min(len(names), maxNamed)], ", ")
	if more := len(names) - maxNamed; more > 0 {
		a.what += fmt.Sprintf(" and %d more", more)
	}
	return a, true
}

// sumOf tells contents apart; what is no small file has none.
func sumOf(r *os.Root, name string) (sum [sha256.Size]byte) {
	if text, _, err := readFile(r, name, maxFile); err == nil {
		sum = sha256.Sum256(text)
	} else if target, err := r.Readlink(name); err == nil {
		sum = sha256.Sum256([]byte(target))
	}
	return sum
}
