package gitrepo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"sort"
	"strings"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// ErrIndex says that git would refuse an index, or that this parser cannot read all of it.
var ErrIndex = errors.New("is not understood")

// Lengths in an index.
const (
	indexHead = 12
	statBytes = 40 // of an entry's fixed part but for the id and flags
	shortID   = 20 // SHA-1
	longID    = 32 // SHA-256
)

// rawEntry is an undecoded entry of an index.
type rawEntry struct {
	path  []byte // valid until the next entry is read
	stat  []byte
	id    []byte
	flags uint16
	more  uint16 // flags of version 3
}

// word is a number of the entry's fixed part.
func (e *rawEntry) word(i int) uint32 { return binary.BigEndian.Uint32(e.stat[4*i:]) }

// parseIndex calls visit with each entry of an index (gitformat-index(5),
// versions 2 to 4). required lists the extensions that change what the entries
// mean: those of a split index and of a sparse index. idBytes is the length of
// an object id, which the index itself does not say.
func parseIndex(data []byte, idBytes int, visit func(*rawEntry) error) (required []string, err error) {
	if len(data) < indexHead+idBytes || string(data[:4]) != "DIRC" {
		return nil, ErrIndex
	}
	version, count := binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	if version < 2 || version > 4 || int64(count)*int64(statBytes+idBytes+2) > int64(len(data)) {
		return nil, ErrIndex
	}
	rest := data[indexHead : len(data)-idBytes]
	var e rawEntry
	for range count {
		n := e.read(rest, version, idBytes)
		if n == 0 {
			return nil, ErrIndex
		}
		if err := visit(&e); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	for len(rest) >= 8 {
		size := int64(binary.BigEndian.Uint32(rest[4:])) + 8
		if size > int64(len(rest)) {
			return nil, ErrIndex
		}
		if rest[0] >= 'a' && rest[0] <= 'z' {
			required = append(required, string(rest[:4]))
		}
		rest = rest[size:]
	}
	if len(rest) > 0 {
		return nil, ErrIndex
	}
	return required, nil
}

// read decodes the entry at the beginning of p and returns its length, 0 for an
// invalid one. In version 4 the entry names how much of the previous path its own path shares.
func (e *rawEntry) read(p []byte, version uint32, idBytes int) (n int) {
	n = statBytes + idBytes + 2
	if len(p) < n {
		return 0
	}
	e.stat, e.id, e.flags, e.more = p[:statBytes], p[statBytes:n-2], binary.BigEndian.Uint16(p[n-2:]), 0
	if e.flags&0x4000 != 0 {
		if len(p) < n+2 {
			return 0
		}
		e.more = binary.BigEndian.Uint16(p[n:])
		n += 2
	}
	keep := 0
	if version == 4 {
		drop, size := varint(p[n:])
		if size == 0 || drop > uint64(len(e.path)) {
			return 0
		}
		keep, n = len(e.path)-int(drop), n+size //nolint:gosec // drop is at most the length of the path
	}
	end := bytes.IndexByte(p[n:], 0)
	if end < 0 {
		return 0
	}
	e.path = append(e.path[:keep], p[n:n+end]...)
	n += end + 1
	if version < 4 {
		n = (n + 7) &^ 7 // padded, by 1 to 8 bytes of NUL
	}
	if n > len(p) {
		return 0
	}
	return n
}

// varint reads a number as git's offsets are written: 7 bits a byte, the
// highest first, and one more for every further byte.
func varint(p []byte) (value uint64, size int) {
	for i, b := range p[:min(len(p), 9)] {
		value = value<<7 | uint64(b&0x7f)
		if b&0x80 == 0 {
			return value, i + 1
		}
		value++
	}
	return 0, 0
}

// index lists the tracked files.
type index struct {
	entries []indexEntry // by path
	written int64        // mtime of the index file, nanoseconds
	literal bool         // blobs are what is in the files, see takesLiterally
}

type indexEntry struct {
	path  string
	file  File
	mode  uint32
	id    BlobID
	plain bool // in stage 0, and no flag says that the stat is not to be trusted
}

func readIndex(gitDir *os.Root) (*index, error) {
	data, info, err := nolink.ReadFile(gitDir, "index", maxIndex)
	if err != nil {
		return nil, err
	}
	x, err := newIndex(data)
	if err != nil {
		return nil, err
	}
	x.written = info.ModTime().UnixNano()
	return x, nil
}

// newIndex refuses an index that it cannot read in full, such as a split or sparse one.
func newIndex(data []byte) (*index, error) {
	x := &index{}
	if len(data) >= indexHead {
		x.entries = make([]indexEntry, 0, min(int(binary.BigEndian.Uint32(data[8:])), len(data)/(statBytes+shortID+2)))
	}
	last := ""
	required, err := parseIndex(data, shortID, func(e *rawEntry) error {
		one := indexEntry{
			path: string(e.path),
			file: File{
				CTime: nano(e.word(0), e.word(1)), MTime: nano(e.word(2), e.word(3)),
				Inode: uint64(e.word(5)), Size: int64(e.word(9)),
			},
			mode: e.word(6),
			id:   BlobID(e.id),
			// Neither assumed valid nor in a later stage, nor skipped or only intended.
			plain: e.flags&0xb000 == 0 && e.more&0x6000 == 0,
		}
		if one.path < last {
			return ErrIndex
		}
		x.entries, last = append(x.entries, one), one.path
		return nil
	})
	if err != nil || len(required) > 0 {
		return nil, ErrIndex
	}
	return x, nil
}

func nano(seconds, nanoseconds uint32) int64 {
	return int64(seconds)*1e9 + int64(nanoseconds)
}

// at returns the position of a path in the order of entries.
func (x *index) at(name string) int {
	return sort.Search(len(x.entries), func(i int) bool { return x.entries[i].path >= name })
}

func (x *index) has(name string, isDir bool) bool {
	if x == nil {
		return false
	}
	if isDir {
		name += "/"
	}
	i := x.at(name)
	return i < len(x.entries) && (x.entries[i].path == name || isDir && strings.HasPrefix(x.entries[i].path, name))
}

// blob needs a file system that has ctimes and inodes.
func (x *index) blob(name string, f File) (id BlobID, ok bool) {
	i := x.at(name)
	if i == len(x.entries) || x.entries[i].path != name || f.CTime == 0 {
		return id, false
	}
	in := &x.entries[i]
	f.Size, f.Inode = int64(uint32(f.Size)), uint64(uint32(f.Inode)) //nolint:gosec // an index keeps the low 32 bits
	same := in.plain && in.mode&0o170000 == 0o100000 && in.file == f
	// A file that was changed when the index was written, or later, can have changed
	// again without another time stamp ("racy git" in git's documentation).
	return in.id, same && f.MTime < x.written && f.CTime < x.written
}
