package files

import (
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"sort"
	"unicode/utf8"
)

// chunkBytes is the distance of the places whose line numbers an index keeps.
const chunkBytes = 1 << 20

// index knows the lines of a large file: so that a second look at it needs not read
// all of it again.
type index struct {
	real   string
	stamp  stamp
	sum    uint64
	size   int64
	starts []int // newlines before each chunk
	lines  int
}

// Part is a part of a text.
type Part struct {
	Lines  [][]byte // without their line ends
	First  int      // number of the first one, from 1
	Total  int      // lines of the whole text
	Cut    bool     // the last of Lines is longer than it is here
	Beyond bool     // First is after the last line
}

// Bounds of a Part.
type Bounds struct {
	First int // from 1
	Lines int
	Chars int // of the lines together, with Extra for each
	Extra int
}

// Lines reads a part of a file of any size, in constant memory: at least one line,
// else only whole ones. The first look reads the file to its end, to count; later
// ones read only the part. real and info identify the file for that, and the file
// counts as seen.
func (s *Seen) Lines(real string, info fs.FileInfo, f io.ReadSeeker, b Bounds) (Part, error) {
	x := s.indexOf(real, info)
	if x == nil {
		var seed maphash.Seed
		if s != nil {
			seed = s.seed
		} else {
			seed = maphash.MakeSeed()
		}
		var err error
		if x, err = makeIndex(f, seed); err != nil {
			return Part{}, err
		}
		x.real, x.stamp = real, stampOf(info, nil)
		s.keep(x)
	}
	if s != nil && real != "" {
		s.mu.Lock()
		s.put(real, info).sum = x.sum
		s.shrink()
		s.mu.Unlock()
	}
	return x.part(f, b)
}

func (s *Seen) indexOf(real string, info fs.FileInfo) *index {
	if s == nil || info == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.indexes {
		if x.real == real && x.stamp.is(stampOf(info, nil)) {
			return x
		}
	}
	return nil
}

func (s *Seen) keep(x *index) {
	if s == nil || x.stamp.info == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.indexes = append(s.indexes, x); len(s.indexes) > maxIndex {
		s.indexes = s.indexes[1:]
	}
}

func makeIndex(f io.ReadSeeker, seed maphash.Seed) (*index, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	var h maphash.Hash
	h.SetSeed(seed)
	x := &index{}
	buf := make([]byte, chunkBytes)
	newlines, last := 0, byte('\n')
	for {
		n, err := io.ReadFull(f, buf)
		if n > 0 {
			x.starts = append(x.starts, newlines)
			newlines += bytes.Count(buf[:n], []byte("\n"))
			_, _ = h.Write(buf[:n]) // never fails
			x.size += int64(n)
			last = buf[n-1]
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	x.lines = newlines
	if last != '\n' {
		x.lines++
	}
	x.sum = h.Sum64()
	return x, nil
}

// part reads the part from the chunk in which its first line begins.
func (x *index) part(f io.ReadSeeker, b Bounds) (Part, error) {
	p := Part{First: b.First, Total: x.lines}
	if b.First > x.lines {
		p.Beyond = true
		return p, nil
	}
	skip := b.First - 1 // newlines before the line
	chunk := max(0, sort.SearchInts(x.starts, skip)-1)
	if _, err := f.Seek(int64(chunk)*chunkBytes, io.SeekStart); err != nil {
		return Part{}, err
	}
	r := &lineReader{r: f, buf: make([]byte, 64<<10)}
	if err := r.skip(skip - x.starts[chunk]); errors.Is(err, io.EOF) {
		return Part{}, errors.New("it became shorter meanwhile; read it again")
	} else if err != nil {
		return Part{}, err
	}
	room := b.Chars
	for len(p.Lines) < b.Lines && b.First+len(p.Lines) <= x.lines && room > b.Extra {
		line, cut, err := r.line(utf8.UTFMax * (room - b.Extra))
		if err != nil {
			return Part{}, err
		}
		chars := utf8.RuneCount(line)
		if cut = cut || chars > room-b.Extra; cut && len(p.Lines) > 0 {
			break
		}
		if cut {
			line = firstChars(line, room-b.Extra)
		}
		p.Lines, p.Cut = append(p.Lines, line), cut
		room -= chars + b.Extra
	}
	return p, nil
}

// firstChars returns the first characters of a text. A byte that is no UTF-8
// counts as one.
func firstChars(text []byte, most int) []byte {
	n := 0
	for range most {
		_, size := utf8.DecodeRune(text[n:])
		n += size
	}
	return text[:n]
}

// lineReader reads lines of any length.
type lineReader struct {
	r    io.Reader
	buf  []byte
	rest []byte // of buf, not yet read
}

func (r *lineReader) fill() error {
	n, err := r.r.Read(r.buf)
	r.rest = r.buf[:n]
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// skip reads n newlines.
func (r *lineReader) skip(n int) error {
	for n > 0 {
		if len(r.rest) == 0 {
			if err := r.fill(); err != nil {
				return err
			}
		}
		i := bytes.IndexByte(r.rest, '\n')
		if i < 0 {
			r.rest = nil
			continue
		}
		r.rest = r.rest[i+1:]
		n--
	}
	return nil
}

// line reads one line without its end; cut says that it has more than most bytes,
// and is not read to its end.
func (r *lineReader) line(most int) (line []byte, cut bool, err error) {
	for {
		if len(r.rest) == 0 {
			if err := r.fill(); errors.Is(err, io.EOF) {
				return line, false, nil
			} else if err != nil {
				return nil, false, err
			}
		}
		i := bytes.IndexByte(r.rest, '\n')
		piece := r.rest
		if i >= 0 {
			piece = r.rest[:i]
		}
		if len(line)+len(piece) > max(most, 0) {
			return append(line, piece[:max(most, 0)-len(line)]...), true, nil
		}
		line = append(line, piece...)
		if i >= 0 {
			r.rest = r.rest[i+1:]
			return line, false, nil
		}
		r.rest = nil
	}
}
