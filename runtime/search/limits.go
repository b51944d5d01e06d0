package search

import (
	"sync"
	"time"
)

// Bounds of a search.
const (
	// Timeout is how long Glob and Grep search.
	Timeout = 10 * time.Second
	// MaxGlob is the number of paths that Glob returns.
	MaxGlob = 200
	// MaxContext is the number of context lines that Grep returns before and after a
	// match.
	MaxContext = 10
	// MaxLine is the number of characters that Grep returns of a line.
	MaxLine = 1000
	// DefaultMatches and MaxMatches bound the lines that Grep returns.
	DefaultMatches, MaxMatches = 100, 10_000

	findTimeout = 2 * time.Second // of Find, which a user waits for at each key
	maxFind     = 1000            // paths that Find returns
	maxQuery    = 256             // bytes of Find's query

	maxEntries   = 2_000_000 // names that are looked at
	maxPattern   = 4096      // bytes of a pattern
	maxBranches  = 1024      // patterns that the braces of one stand for
	maxProgram   = 5000      // instructions of a compiled expression
	maxTold      = 5         // problems that are told by name
	maxToldPath  = 300       // bytes of such a name
	maxKeptBytes = 8 << 20   // of the lines of one result
	maxWorkers   = 8
	maxPathBytes = 4096 // Linux's PATH_MAX; no tool takes a longer path

	dirBuffer  = 64 << 10
	fileBuffer = 1 << 20   // a file up to this size is read at once, and a longer one in such pieces
	headBytes  = 8 << 10   // a NUL in the first bytes of a file makes it binary
	matchBytes = 16 << 10  // a longer line is matched piece by piece
	nearBytes  = 4 * 1000  // of a long line on both sides of a match: MaxLine characters
	ctxBytes   = 64 << 10  // in which context lines are looked for, before and after
	batchFiles = 64        // files of a directory that a worker takes at a time
	maxSets    = 1000      // sets of states that a matcher keeps
	maxBuilt   = 10 * 1000 // sets that it builds before it gives up
)

// buffers holds buffers for directories.
var buffers = sync.Pool{New: func() any { b := make([]byte, dirBuffer); return &b }}
