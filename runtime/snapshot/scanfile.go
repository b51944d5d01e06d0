package snapshot

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// A scan in a file: scanMagic, the workspace, git's directory, and each
// directory with its entries. Numbers are varints, texts have their length
// before them. It is written in each turn that changes files, so writing must
// be fast.
const scanMagic = "pygent scan 2\n"

// maxScanText bounds a name, path or note in the file, in bytes.
const maxScanText = 1 << 20

func scanKinds() [5]Kind { return [5]Kind{File, Dir, Link, Special, Absent} }

// Bits of an entry, above its kind, which is its index in scanKinds.
const (
	scanRacy    = 1 << 3
	scanIgnored = 1 << 4
	scanHeld    = 5 // the holding begins at this bit
)

// writeScan writes m. The error is that of the first failed write.
func writeScan(to io.Writer, dir string, m *manifest) error {
	w := scanWriter{bufio.NewWriterSize(to, bufferBytes), nil}
	kinds := map[Kind]uint64{}
	for i, k := range scanKinds() {
		kinds[k] = uint64(i)
	}
	w.text(scanMagic)
	w.text(dir)
	w.text(m.git)
	w.number(uint64(len(m.dirs)))
	for name, list := range m.dirs {
		w.text(name)
		w.number(uint64(len(list)))
		for i := range list {
			w.entry(&list[i], kinds)
		}
		if err := w.flush(); err != nil {
			return err
		}
	}
	if err := w.flush(); err != nil {
		return err
	}
	return w.out.Flush()
}

type scanWriter struct {
	out *bufio.Writer
	buf []byte
}

func (w *scanWriter) number(n uint64) { w.buf = binary.AppendUvarint(w.buf, n) }

func (w *scanWriter) text(s string) {
	w.number(uint64(len(s)))
	w.buf = append(w.buf, s...)
}

func (w *scanWriter) entry(e *entry, kinds map[Kind]uint64) {
	bits := kinds[e.kind] | uint64(e.held)<<scanHeld
	if e.racy {
		bits |= scanRacy
	}
	if e.ignored {
		bits |= scanIgnored
	}
	w.number(bits)
	w.text(e.name)
	w.text(e.note)
	p := e.stamp
	for _, n := range [...]int64{p.size, p.mtime, p.ctime} {
		w.buf = binary.AppendVarint(w.buf, n)
	}
	for _, n := range [...]uint64{p.ino, p.dev, uint64(p.uid), uint64(p.gid), uint64(e.mode)} {
		w.number(n)
	}
	if e.held != heldNowhere {
		w.buf = append(w.buf, e.hash[:]...)
	}
}

func (w *scanWriter) flush() error {
	_, err := w.out.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// readScan reads the scan of the workspace dir that writeScan wrote.
func readScan(from io.Reader, dir string) (*manifest, error) {
	r := scanReader{in: bufio.NewReaderSize(from, bufferBytes)}
	if magic, of := r.text(), r.text(); r.err != nil || magic != scanMagic || of != dir {
		return nil, errLost
	}
	m := &manifest{git: r.text(), dirs: map[string][]entry{}}
	for n := r.number(); n > 0 && r.err == nil; n-- {
		name := r.text()
		list := []entry{} // do not trust the count before the entries are read
		for k := r.number(); k > 0 && r.err == nil; k-- {
			list = append(list, r.entry())
		}
		m.dirs[name] = list
	}
	if r.err != nil {
		return nil, fmt.Errorf("%w: %w", errLost, r.err)
	}
	return m, nil
}

// scanReader keeps the first error, after which it returns zero values.
type scanReader struct {
	in  *bufio.Reader
	err error
}

func (r *scanReader) number() (n uint64) {
	if r.err == nil {
		n, r.err = binary.ReadUvarint(r.in)
	}
	return n
}

func (r *scanReader) signed() (n int64) {
	if r.err == nil {
		n, r.err = binary.ReadVarint(r.in)
	}
	return n
}

func (r *scanReader) bytes(to []byte) {
	if r.err == nil {
		_, r.err = io.ReadFull(r.in, to)
	}
}

func (r *scanReader) text() string {
	n := r.number()
	if n > maxScanText && r.err == nil {
		r.err = fmt.Errorf("a text of %d bytes", n)
	}
	if r.err != nil || n == 0 {
		return ""
	}
	buf := make([]byte, n)
	r.bytes(buf)
	return string(buf)
}

func (r *scanReader) entry() (e entry) {
	bits, kinds := r.number(), scanKinds()
	kind, held := bits&(scanRacy-1), bits>>scanHeld
	if (kind >= uint64(len(kinds)) || held > uint64(heldGit)) && r.err == nil {
		r.err = fmt.Errorf("an entry of the kind %#x", bits)
	}
	if r.err != nil {
		return e
	}
	e = entry{kind: kinds[kind], held: holding(held), racy: bits&scanRacy != 0, ignored: bits&scanIgnored != 0}
	e.name, e.note = r.text(), r.text()
	e.stamp = stamp{size: r.signed(), mtime: r.signed(), ctime: r.signed(), ino: r.number(), dev: r.number()}
	e.stamp.uid, e.stamp.gid, e.mode = uint32(r.number()), uint32(r.number()), uint32(r.number())
	if e.held != heldNowhere {
		r.bytes(e.hash[:])
	}
	return e
}
