package specials

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of a search and of its results.
const (
	maxDirs    = 1000    // below each searched directory
	maxEntries = 200_000 // of all directories together
	maxSockets = 200     // masked sockets, devices included
	maxFIFOs   = 100     // masked FIFOs, counted separately: a command can make any number
	maxNamed   = 5       // in a notice
)

// LookAgain is how long a command must have run alone for a call of Fresh after
// it to be worth its time.
const LookAgain = 100 * time.Millisecond

// Kinds of parts.
const (
	Socket = "socket"
	FIFO   = "FIFO"
	Device = "device"
)

// Part is one file that commands must not reach.
type Part struct {
	Path string // absolute, below one of the given directories
	Kind string
}

// Guard is the result of a search of some directories. Its maker may change
// Parts and Notices; a nil Guard has found nothing. It is safe for concurrent
// use after Watch.
type Guard struct {
	Parts   []Part
	Notices []string // what is masked, and what is not

	mu     sync.Mutex // guards the fields below
	given  []string
	search []place
	all    []place           // search, and the directories of Watch
	known  map[uint64]uint64 // by cookie: the last round in which it was served
	round  uint64
	buf    []byte
	masked map[identity]bool
	idle   []inode   // FIFOs that no program had open
	again  time.Time // when Opened checks again
	fresh  []string
	blind  bool // the kernel does not list sockets
}

// place is a directory: its path for commands, and its path without links.
type place struct {
	at, real string
	dev      uint32 // as the kernel lists it; 0: cannot be compared
}

// inode distinguishes files that exist at the same time.
type inode struct{ dev, ino uint64 }

// identity distinguishes a file from earlier ones with the same name or inode
// number.
type identity struct {
	inode
	changed uint64
}

// add adds a part; false if there are too many of its kind.
func (g *Guard) add(p Part, counts map[string]int) bool {
	kind, most := p.Kind, maxSockets
	if kind == FIFO {
		most = maxFIFOs
	} else {
		kind = Socket
	}
	if counts[kind]++; counts[kind] > most {
		return false
	}
	g.Parts = append(g.Parts, p)
	return true
}

// has reports whether a path is a part already, or must not be one.
func (g *Guard) has(path string) bool {
	return slices.Contains(g.given, path) || slices.ContainsFunc(g.Parts, func(p Part) bool { return p.Path == path })
}

// tell adds the notice about masked files. dir is the workspace.
func (g *Guard) tell(dir string) {
	if len(g.Parts) == 0 {
		return
	}
	paths := make([]string, len(g.Parts))
	for i, p := range g.Parts {
		paths[i] = p.Path
	}
	g.Notices = append(g.Notices, "commands do not reach what these sockets, FIFOs and devices lead to on the host: "+Names(dir, paths))
}

// Names lists paths for a notice, those in dir relative to it.
func Names(dir string, paths []string) string {
	var names []string
	for _, path := range paths[:min(len(paths), maxNamed)] {
		if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
			path = rel
		}
		names = append(names, fmt.Sprintf("%q", path))
	}
	text := strings.Join(names, ", ")
	if more := len(paths) - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Reachable returns the notice about sockets that Fresh has found while
// commands run. dir is the workspace.
func Reachable(dir string, fresh []string) string {
	return fmt.Sprintf("programs on the host have begun to serve the socket %s; commands can connect to it until no other command or job runs here", Names(dir, fresh))
}
