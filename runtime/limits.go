package runtime

// Caps of a workspace. Those of an executor stand in Limits.
const (
	// MaxPathBytes bounds a path; it is Linux's PATH_MAX.
	MaxPathBytes = 4096
	// MaxFileBytes bounds a file that WriteFile writes.
	MaxFileBytes = 64 << 20

	// MaxCopyFiles and MaxCopyBytes are the default caps of a copy.
	MaxCopyFiles = 100_000
	MaxCopyBytes = 10 << 30

	// MaxListEntries is the default cap of a listing.
	MaxListEntries = 10_000

	// maxListed bounds how many entries of a directory a listing looks at.
	maxListed = 1_000_000
	// maxLinks bounds the symbolic links followed for one path, as Linux does.
	maxLinks = 40
	// maxCountedBytes bounds a file whose lines are counted.
	maxCountedBytes = 1 << 20
	// maxEdits bounds a diff: its work grows with their square.
	maxEdits = 4000
	// maxQuoted bounds how much of a refused path an error repeats.
	maxQuoted = 100
)

// Sizes that bound the memory and the open files of a copy.
const (
	// copyChunk is how much is copied between two checks of the context.
	copyChunk = 8 << 20
	// smallFile is the size up to which reading and writing is faster than a
	// copy in the kernel; each worker has a buffer of that size.
	smallFile = 64 << 10
	// maxCopyWorkers bounds the files copied at the same time.
	maxCopyWorkers = 8
	// copyBatch is how many files of one directory a worker takes at a time, and
	// copyQueue how many such batches wait: each holds two open directories.
	copyBatch = 64
	copyQueue = 16
)
