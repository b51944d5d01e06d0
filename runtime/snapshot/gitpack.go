package snapshot

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
	"sort"
	"strings"
)

// Types of a packed object (gitformat-pack(5)).
const (
	packBlob     = 3
	packOfsDelta = 6
	packRefDelta = 7
)

// maxDeltas bounds a chain of deltas; git makes 50 at most, or as configured 4095.
const maxDeltas = 4096

var errPack = errors.New("a pack that is not understood")

// pack is one pack with its index, version 2.
type pack struct {
	data, idx *os.File
	count     int64
}

// packedBlob looks into every pack.
func packedBlob(r *os.Root, id blobID, limit int64) ([]byte, error) {
	dir, err := r.OpenRoot("objects/pack")
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	names, err := readNames(dir)
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

func openPack(dir *os.Root, base string) (*pack, error) {
	idx, err := dir.OpenFile(base+".idx", os.O_RDONLY|openNonblock, 0)
	if err != nil {
		return nil, err
	}
	data, err := dir.OpenFile(path.Base(base)+".pack", os.O_RDONLY|openNonblock, 0)
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

// word reads a number of the index; past its end it is 0, which finds nothing.
func (p *pack) word(at int64) uint32 {
	var b [4]byte
	_, _ = p.idx.ReadAt(b[:], at)
	return binary.BigEndian.Uint32(b[:])
}

// find returns where in the pack an object is.
func (p *pack) find(id blobID) (offset int64, ok bool) {
	const names = 8 + 256*4
	low := int64(0)
	if id[0] > 0 {
		low = int64(p.word(8 + int64(id[0]-1)*4))
	}
	high := int64(p.word(8 + int64(id[0])*4))
	if low > high || high > p.count {
		return 0, false
	}
	var got blobID
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

// blob returns the content of a blob, its deltas applied.
func (p *pack) blob(id blobID, limit int64) ([]byte, error) {
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

// object inflates what is at offset; base is where the object lies that a delta
// is relative to.
func (p *pack) object(offset, limit int64) (kind int, data []byte, base int64, err error) {
	in := bufio.NewReader(io.NewSectionReader(p.data, offset, 1<<62))
	b, err := in.ReadByte()
	if err != nil {
		return 0, nil, 0, err
	}
	kind = int(b >> 4 & 7)
	for b&0x80 != 0 { // the size, which the stream tells too
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
		var id blobID
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

// applyDeltas applies the last delta first.
func applyDeltas(data []byte, deltas [][]byte, limit int64) ([]byte, error) {
	for i := len(deltas) - 1; i >= 0; i-- {
		var err error
		if data, err = applyDelta(data, deltas[i], limit); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func applyDelta(base, delta []byte, limit int64) ([]byte, error) {
	from, n := binary.Uvarint(delta)
	if n <= 0 || from != uint64(len(base)) {
		return nil, errPack
	}
	delta = delta[n:]
	size, n := binary.Uvarint(delta)
	if n <= 0 || size > uint64(limit) {
		return nil, errPack
	}
	delta = delta[n:]
	out := make([]byte, 0, size)
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		var piece []byte
		if op&0x80 != 0 {
			var at, length int
			at, delta = deltaNumber(delta, op, 0, 4)
			length, delta = deltaNumber(delta, op, 4, 3)
			if length == 0 {
				length = 0x10000
			}
			if delta == nil || at+length > len(base) {
				return nil, errPack
			}
			piece = base[at : at+length]
		} else {
			if op == 0 || int(op) > len(delta) {
				return nil, errPack
			}
			piece, delta = delta[:op], delta[op:]
		}
		if uint64(len(out)+len(piece)) > size {
			return nil, errPack
		}
		out = append(out, piece...)
	}
	if uint64(len(out)) != size {
		return nil, errPack
	}
	return out, nil
}

// deltaNumber reads those of count bytes, the lowest first, whose bit is set in
// op from bit first on. rest is nil when delta is too short.
func deltaNumber(delta []byte, op byte, first, count int) (value int, rest []byte) {
	if delta == nil {
		return 0, nil
	}
	for i := range count {
		if op>>(first+i)&1 == 0 {
			continue
		}
		if len(delta) == 0 {
			return 0, nil
		}
		value |= int(delta[0]) << (8 * i)
		delta = delta[1:]
	}
	return value, delta
}
