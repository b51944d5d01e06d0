package snapshot

import (
	"path"
	"slices"
)

// Why a change is not taken back although the file is as the turn left it.
const (
	sharedWrite   = "a tool of another session's turn wrote it at the same time"
	sharedCommand = "a command of another session's turn, which ran at the same time, may have changed it"
)

// share keeps of the differences what the turn own has made, as far as that is
// known: without commands those are the files that its tools wrote. Of turns beside
// it, a file that a tool wrote is its turn's; what was written by two, or may have
// been changed by a command of either, is marked.
func share(pairs []pair, own *seenTurn, beside []*seenTurn) []pair {
	mine, theirs, commands := claims{}, claims{}, false
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
		case theirs.has(p.path) && p.before.Kind != Dir && p.after.Kind != Dir: // those go when they are empty
			p.shared = sharedWrite
		case !mine.has(p.path) && commands:
			p.shared = sharedCommand
		}
	}
	return pairs
}

// claims are what tools were to write, by path: false for the directories that lead
// there, which they make on the way.
type claims map[string]bool

func (c claims) add(wrote map[string]bool) {
	for name := range wrote {
		c[name] = true
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, known := c[dir]; !known {
				c[dir] = false
			}
		}
	}
}

// has tells whether name is one of those, or below one: a tool can fill a directory.
func (c claims) has(name string) bool {
	if _, ok := c[name]; ok {
		return true
	}
	for !c[name] && name != "." {
		name = path.Dir(name)
	}
	return c[name]
}
