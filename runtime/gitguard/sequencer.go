package gitguard

import (
	"crypto/sha256"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// The state that git keeps of an unfinished rebase, cherry-pick or am can name
// programs, which git rebase --continue and the like then run. A command may
// leave such a state for the next command or the user to continue: only the
// parts that would run are removed.

// todoFiles list the remaining steps.
var todoFiles = []string{"rebase-merge/git-rebase-todo", "sequencer/todo"}

const rebaseDir = "rebase-merge"

var sequencerDirs = []string{rebaseDir, "rebase-apply", "sequencer"}

// strategies are git's built-in ones; for another one it runs a program, whose
// name can be a path.
var strategies = []string{"", "ort", "recursive", "resolve", "octopus", "ours", "subtree"}

// optionFiles are files with options, each with a function that reports whether
// its text is harmless.
var optionFiles = map[string]func(text string) bool{
	"rebase-merge/strategy": func(text string) bool { return slices.Contains(strategies, strings.TrimSpace(text)) },
	"sequencer/opts": func(text string) bool {
		all, err := gitrepo.ParseConfig(text)
		return err == nil && !slices.ContainsFunc(all, func(s gitrepo.Setting) bool {
			return s.Key == "strategy" && !slices.Contains(strategies, s.Value)
		})
	},
	// git apply --unsafe-paths, in any abbreviation, writes outside of the tree.
	"rebase-apply/apply-opt": func(text string) bool { return !strings.Contains(text, "--uns") },
}

// isExec reports whether git runs a line of a todo file.
func isExec(line string) bool {
	line = strings.TrimLeft(line, " \t")
	for _, word := range []string{"exec", "x"} {
		if rest, is := strings.CutPrefix(line, word); is && (rest == "" || strings.ContainsAny(rest[:1], " \t\r")) {
			return true
		}
	}
	return false
}

func lineMark(file, line string) string { return file + "\x00line\x00" + strings.TrimSpace(line) }

// inspectSequencer finds files that name programs which git would run to
// continue.
func inspectSequencer(r *os.Root, before known) (found []armed) {
	for _, dir := range sequencerDirs {
		info, err := r.Lstat(dir)
		if err == nil && !info.IsDir() {
			if a := (armed{path: dir, what: "is no directory of its own", sum: sumOf(r, dir)}); !before[a.mark()] {
				found = append(found, a)
			}
		}
	}
	for _, name := range todoFiles {
		if a, is := inspectTodo(r, name, before); is {
			found = append(found, a)
		}
	}
	for name, harmless := range optionFiles {
		if !exists(r, name) {
			continue
		}
		a := armed{path: name, what: "names a program or a path that git would use to go on", sum: sumOf(r, name)}
		text, _, err := nolink.ReadFile(r, name, maxFile)
		if (err != nil || !harmless(string(text))) && !before[a.mark()] {
			found = append(found, a)
		}
	}
	inRebase := func(a armed) bool { return path.Dir(a.path) == rebaseDir }
	if slices.ContainsFunc(found, inRebase) && !before[rebaseDir] && invented(r) {
		found = slices.DeleteFunc(found, inRebase)
		found = append(found, armed{path: rebaseDir, what: "is no rebase of git's and names programs to go on with"})
	}
	slices.SortFunc(found, func(a, b armed) int { return strings.Compare(a.path, b.path) })
	return found
}

func inspectTodo(r *os.Root, name string, before known) (a armed, is bool) {
	if !exists(r, name) {
		return a, false
	}
	text, _, err := nolink.ReadFile(r, name, maxFile)
	if err != nil {
		return armed{path: name, what: "cannot be read: " + err.Error()}, true
	}
	a = armed{path: name, what: "has exec lines", sum: sha256.Sum256(text), keep: []byte{}}
	for line := range strings.Lines(string(text)) {
		if isExec(strings.TrimSuffix(line, "\n")) && !before[lineMark(name, line)] {
			is = true
			continue
		}
		a.keep = append(a.keep, line...)
	}
	return a, is
}

// invented reports whether git did not write a rebase's state: git detaches
// HEAD first, and records what it rebases and onto what.
func invented(r *os.Root) bool {
	head, _, err := nolink.ReadFile(r, "HEAD", maxFile)
	if err != nil || strings.HasPrefix(string(head), "ref:") {
		return true
	}
	for _, name := range []string{"head-name", "onto", "orig-head"} {
		if text, _, err := nolink.ReadFile(r, path.Join(rebaseDir, name), maxFile); err != nil || strings.TrimSpace(string(text)) == "" {
			return true
		}
	}
	return false
}

func learnSequencer(r *os.Root, k known) {
	for _, dir := range sequencerDirs {
		if exists(r, dir) {
			k[dir] = true
			k[armed{path: dir, sum: sumOf(r, dir)}.mark()] = true
		}
	}
	for _, name := range todoFiles {
		text, _, err := nolink.ReadFile(r, name, maxFile)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if isExec(strings.TrimSuffix(line, "\n")) {
				k[lineMark(name, line)] = true
			}
		}
	}
	for name := range optionFiles {
		k[armed{path: name, sum: sumOf(r, name)}.mark()] = true
	}
}
