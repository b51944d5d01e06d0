package gitrepo

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// Types of a packed object (gitformat-pack(5)).
const (
	packBlob     = 3
	packOfsDelta = 6
	packRefDelta = 7
)

// maxPacks bounds the names in a directory of packs.
const maxPacks = 100_000

// maxDeltas bounds a chain of deltas; git makes 50 at most, or as configured 4095.
const maxDeltas = 4096

var errPack = errors.New("a pack that is not understood")

// pack is one pack with its index, version 2.
type pack struct {
	data, idx *os.File
	count     int64
}

// packedBlob searches all packs.
func packedBlob(r *os.Root, id BlobID, limit int64) ([]byte, error) {
	dir, err := r.OpenRoot("objects/pack")
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	names, err := packNames(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		base, ok := strings.CutSuffix(name, ".idx")
		if !ok {
			continue
		}
		p, err := openPack(dir, base)
		if err != nil {
			continue
		}
		data, err := p.blob(id, limit)
		p.close()
		if !errors.Is(err, os.ErrNotExist) {
			return data, err
		}
	}
	return nil, os.ErrNotExist
}

// packNames lists a directory of packs.
func packNames(dir *os.Root) ([]string, error) {
	f, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	names, err := f.Readdirnames(maxPacks)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	slices.Sort(names)
	return names, nil
}

func openPack(dir *os.Root, base string) (*pack, error) {
	idx, err := dir.OpenFile(base+".idx", os.O_RDONLY|nolink.Nonblock, 0)
	if err != nil {
		return nil, err
	}
	data, err := dir.OpenFile(path.Base(base)+".pack", os.O_RDONLY|nolink.Nonblock, 0)
	if err != nil {
		_ = idx.Close()
		return nil, err
	}
	p := &pack{data: data, idx: idx}
	head := make([]byte, 8)
	if _, err := idx.ReadAt(head, 0); err != nil || !bytes.Equal(head, []byte("\xfftOc\x00\x00\x00\x02")) {
		p.close()
		return nil, errPack
	}
	p.count = int64(p.word(8 + 255*4))
	return p, nil
}

func (p *pack) close() {
	_ = p.data.Close()
	_ = p.idx.Close()
}

// word reads a number of the index. It is 0 past the end, where nothing is found.
func (p *pack) word(at int64) uint32 {
	var b [4]byte
	_, _ = p.idx.ReadAt(b[:], at)
	return binary.BigEndian.Uint32(b[:])
}

// find returns the offset of an object in the pack.
func (p *pack) find(id BlobID) (offset int64, ok bool) {
	const names = 8 + 256*4
	low := int64(0)
	if id[0] > 0 {
		low = int64(p.word(8 + int64(id[0]-1)*4))
	}
	high := int64(p.word(8 + int64(id[0])*4))
	if low > high || high > p.count {
		return 0, false
	}
	var got BlobID
	read := func(i int64) int {
		if _, err := p.idx.ReadAt(got[:], names+i*int64(len(got))); err != nil {
			return 1
		}
		return bytes.Compare(got[:], id[:])
	}
	i := low + int64(sort.Search(int(high-low), func(i int) bool { return read(low+int64(i)) >= 0 }))
	if i == high || read(i) != 0 {
		return 0, false
	}
	offsets := names + p.count*int64(len(id)+4) // behind the names and their checksums
	offset = int64(p.word(offsets + i*4))
	if offset&(1<<31) != 0 { // beyond 2 GiB: an entry in the table of large ones
		large := offsets + p.count*4 + (offset&^(1<<31))*8
		offset = int64(p.word(large))<<32 | int64(p.word(large+4))
	}
	return offset, offset > 0
}

// blob returns the content of a blob with its deltas applied.
func (p *pack) blob(id BlobID, limit int64) ([]byte, error) {
	offset, ok := p.find(id)
	if !ok {
		return nil, os.ErrNotExist
	}
	var deltas [][]byte
	for range maxDeltas {
		kind, data, base, err := p.object(offset, limit)
		if err != nil {
			return nil, err
		}
		if kind != packOfsDelta && kind != packRefDelta {
			if kind != packBlob {
				return nil, errors.New("not a blob")
			}
			return applyDeltas(data, deltas, limit)
		}
		deltas = append(deltas, data)
		offset = base
	}
	return nil, fmt.Errorf("%w: endless deltas", errPack)
}

// object inflates the object at offset. base is the offset of the object that a delta
// applies to.
func (p *pack) object(offset, limit int64) (kind int, data []byte, base int64, err error) {
	in := bufio.NewReader(io.NewSectionReader(p.data, offset, 1<<62))
	b, err := in.ReadByte()
	if err != nil {
		return 0, nil, 0, err
	}
	kind = int(b >> 4 & 7)
	for b&0x80 != 0 { // the size, which the end of the stream gives too
		if b, err = in.ReadByte(); err != nil {
			return 0, nil, 0, err
		}
	}
	switch kind {
	case packOfsDelta:
		head, _ := in.Peek(10)
		back, n := varint(head)
		if n == 0 || back == 0 || back >= uint64(offset) {
			return 0, nil, 0, errPack
		}
		_, _ = in.Discard(n)
		base = offset - int64(back)
	case packRefDelta:
		var id BlobID
		if _, err := io.ReadFull(in, id[:]); err != nil {
			return 0, nil, 0, err
		}
		var ok bool
		if base, ok = p.find(id); !ok {
			return 0, nil, 0, fmt.Errorf("%w: a base is missing", errPack)
		}
	}
	z, err := zlib.NewReader(in)
	if err != nil {
		return 0, nil, 0, err
	}
	data, err = readLimited(z, limit)
	return kind, data, base, err
}
