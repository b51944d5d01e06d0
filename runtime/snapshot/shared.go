package snapshot

import (
	"path"
	"slices"
)

// Why a change is not reverted although the file is as the turn left it.
const (
	sharedWrite   = "a tool of another session's turn wrote it at the same time"
	sharedCommand = "a command of another session's turn, which ran at the same time, may have changed it"
)

// share keeps the differences that the turn own has made, as far as that is
// known: without commands these are the files that its tools wrote. A file that
// a tool of an overlapping turn wrote belongs to that turn. share marks a file
// that both turns wrote, or that a command of either may have changed.
func share(pairs []pair, own *seenTurn, beside []*seenTurn) []pair {
	mine, theirs, commands := toolPaths{}, toolPaths{}, false
	mine.add(own.wrote)
	for _, s := range beside {
		theirs.add(s.wrote)
		commands = commands || s.commands
	}
	pairs = slices.DeleteFunc(pairs, func(p pair) bool {
		return !mine.has(p.path) && (theirs.has(p.path) || !own.commands)
	})
	for i := range pairs {
		switch p := &pairs[i]; {
		case theirs.has(p.path) && p.before.Kind != Dir && p.after.Kind != Dir: // directories are removed only if they are empty
			p.shared = sharedWrite
		case !mine.has(p.path) && commands:
			p.shared = sharedCommand
		}
	}
	return pairs
}

// toolPaths are the paths that tools were to write: false for the directories
// above them, which tools make too.
type toolPaths map[string]bool

func (c toolPaths) add(wrote map[string]bool) {
	for name := range wrote {
		c[name] = true
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, known := c[dir]; !known {
				c[dir] = false
			}
		}
	}
}

// has reports whether name is one of the paths, or below one that a tool wrote:
// a tool can fill a directory.
func (c toolPaths) has(name string) bool {
	if _, ok := c[name]; ok {
		return true
	}
	for !c[name] && name != "." {
		name = path.Dir(name)
	}
	return c[name]
}
