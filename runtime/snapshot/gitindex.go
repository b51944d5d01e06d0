package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

// blobID is the SHA-1 by which git names a blob.
type blobID [20]byte

// gitIndex is git's index (gitformat-index(5), versions 2 to 4).
type gitIndex struct {
	entries []indexEntry // by path
	written int64        // its own mtime, nanoseconds
	exact   bool         // blobs are what is in the files, see takesLiterally
}

type indexEntry struct {
	path         string
	ctime, mtime int64 // nanoseconds
	ino          uint32
	mode         uint32
	size         uint32
	id           blobID
	plain        bool // in stage 0, and no flag says that the stat is not to be trusted
}

var errIndex = errors.New("an index that is not understood")

// statBytes is the length of an entry's fixed part but for the id and flags.
const statBytes = 40

func readIndex(gitDir *os.Root) (*gitIndex, error) {
	f, err := gitDir.OpenFile("index", os.O_RDONLY|openNonblock, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxIndexBytes {
		return nil, errIndex
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, err
	}
	x, err := parseIndex(data)
	if err != nil {
		return nil, err
	}
	x.written = info.ModTime().UnixNano()
	return x, nil
}

// parseIndex refuses what it cannot read in full: a split or sparse index too.
func parseIndex(data []byte) (*gitIndex, error) {
	if len(data) < 12+20 || string(data[:4]) != "DIRC" {
		return nil, errIndex
	}
	version, count := binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	if version < 2 || version > 4 || int64(count)*(statBytes+22) > int64(len(data)) {
		return nil, fmt.Errorf("%w: version %d, %d entries", errIndex, version, count)
	}
	x := &gitIndex{entries: make([]indexEntry, 0, count)}
	rest, last := data[12:len(data)-20], ""
	for range count {
		e, n, ok := parseEntry(rest, version, last)
		if !ok || e.path < last {
			return nil, errIndex
		}
		x.entries = append(x.entries, e)
		rest, last = rest[n:], e.path
	}
	for len(rest) >= 8 {
		// Extensions that begin with a small letter change what the entries mean.
		size := binary.BigEndian.Uint32(rest[4:])
		if rest[0] >= 'a' && rest[0] <= 'z' || int64(size)+8 > int64(len(rest)) {
			return nil, errIndex
		}
		rest = rest[8+size:]
	}
	return x, nil
}

// parseEntry reads the entry at the beginning of p, which takes n bytes.
func parseEntry(p []byte, version uint32, last string) (e indexEntry, n int, ok bool) {
	const fixed = statBytes + len(e.id) + 2
	if len(p) < fixed {
		return e, 0, false
	}
	word := func(i int) uint32 { return binary.BigEndian.Uint32(p[4*i:]) }
	e.ctime, e.mtime = nano(word(0), word(1)), nano(word(2), word(3))
	e.ino, e.mode, e.size = word(5), word(6), word(9)
	copy(e.id[:], p[statBytes:])
	flags := binary.BigEndian.Uint16(p[fixed-2:])
	e.plain = flags&0xb000 == 0 // neither assumed valid nor in a later stage
	n = fixed
	if flags&0x4000 != 0 { // extended: skip-worktree, intent-to-add
		if version < 3 || len(p) < fixed+2 {
			return e, 0, false
		}
		e.plain = e.plain && binary.BigEndian.Uint16(p[fixed:])&0x6000 == 0
		n += 2
	}
	keep := ""
	if version == 4 {
		drop, size := varint(p[n:])
		if size == 0 || drop > uint64(len(last)) {
			return e, 0, false
		}
		n += size
		keep = last[:len(last)-int(drop)]
	}
	end := bytes.IndexByte(p[n:], 0)
	if end < 0 {
		return e, 0, false
	}
	e.path = keep + string(p[n:n+end])
	n += end + 1
	if version < 4 {
		n = (n + 7) &^ 7 // padded, by 1 to 8 bytes of NUL
	}
	return e, n, n <= len(p)
}

func nano(seconds, nanoseconds uint32) int64 {
	return int64(seconds)*1e9 + int64(nanoseconds)
}

// varint reads a number as git's offsets are written: 7 bits a byte, the
// highest first, and one more for every further byte.
func varint(p []byte) (value uint64, size int) {
	for i, b := range p {
		if i == 9 {
			break
		}
		value = value<<7 | uint64(b&0x7f)
		if b&0x80 == 0 {
			return value, i + 1
		}
		value++
	}
	return 0, 0
}

// at returns where the path is, or would be.
func (x *gitIndex) at(name string) int {
	return sort.Search(len(x.entries), func(i int) bool { return x.entries[i].path >= name })
}

func (x *gitIndex) has(name string, isDir bool) bool {
	if x == nil {
		return false
	}
	if isDir {
		name += "/"
	}
	i := x.at(name)
	return i < len(x.entries) && (x.entries[i].path == name || isDir && strings.HasPrefix(x.entries[i].path, name))
}

// blob is exact only where the file system tells a ctime and an inode.
func (x *gitIndex) blob(name string, e *entry) (id blobID, ok bool) {
	i := x.at(name)
	if i == len(x.entries) || x.entries[i].path != name || e.stamp.ctime == 0 {
		return id, false
	}
	in := &x.entries[i]
	same := in.plain && in.mode&0o170000 == 0o100000 &&
		in.size == uint32(e.stamp.size) && in.ino == uint32(e.stamp.ino) &&
		in.mtime == e.stamp.mtime && in.ctime == e.stamp.ctime
	// What was changed when, or after, the index was written can have changed once
	// more under the same stamp ("racy git" in git's documentation).
	return in.id, same && in.mtime < x.written && in.ctime < x.written
}
