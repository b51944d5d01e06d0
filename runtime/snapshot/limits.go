package snapshot

import "time"

// Default caps of a Tracker; see Options.
const (
	// MaxFiles bounds the entries of a scan, left out ones included.
	MaxFiles = 500_000
	// MaxFileBytes bounds a file whose content is kept.
	MaxFileBytes = 64 << 20
	// MaxStoreBytes bounds the store of one workspace, in blocks of the disk.
	MaxStoreBytes = 8 << 30
	// MaxLeft bounds the names in Outcome.Left; Outcome.LeftTotal counts all.
	MaxLeft = 1000
)

const (
	// maxDepth bounds how deep directories lie: opening one costs its depth.
	maxDepth = 200
	// maxDirNames bounds what is read of one directory at a time.
	maxDirNames = 1_000_000
	// maxDiffBytes bounds a file whose lines are compared.
	maxDiffBytes = 1 << 20
	// maxPatchBytes bounds a whole patch.
	maxPatchBytes = 32 << 20
	// maxWorkers bounds the directories and files examined at the same time.
	maxWorkers = 8
	// batch is how many files of one directory a worker reads at a time.
	batch = 64
	// bufferBytes is each worker's buffer.
	bufferBytes = 128 << 10
	// cloneBytes is the size from which sharing blocks is faster than copying
	// them.
	cloneBytes = 64 << 10
	// maxLinks bounds the symbolic links followed for one path, as Linux does.
	maxLinks = 40
	// block is the least disk space of a stored object.
	block = 4096
	// racy is how long after a change another one can leave the same time stamp:
	// a tick of the kernel's clock, or two seconds on FAT.
	racy = 2 * time.Second
)
