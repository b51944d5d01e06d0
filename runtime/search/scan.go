package search

import (
	"bytes"
	"errors"
	"io"
	"sync/atomic"
)

// scanner searches one file after the other. It is for one goroutine.
type scanner struct {
	m    *matcher
	stop *atomic.Bool
	buf  []byte // as long as the longest file, but fileBuffer at most

	context int // lines
	most    int // lines that are kept of a file

	// Of the file that is searched now.
	src   Source
	text  []byte // all of it, nil where it is longer than the buffer
	base  int64  // the offset of buf[0]
	found *FileMatches
	kept  int   // bytes
	line  int   // number of the line that is at counted
	at    int64 // an offset at the beginning of a line
	keep  bool
}

var (
	errBinary  = errors.New("binary") // a file is not searched, as it is no text
	errStopped = errors.New("stopped")
)

// scan searches a file and returns its matches, nil for none. keep is false where only
// their number counts. Beside errStopped it returns those so far.
func (s *scanner) scan(name string, src Source, keep bool) (*FileMatches, error) {
	if need := int(min(src.Size(), fileBuffer)); len(s.buf) < need {
		s.buf = make([]byte, min(max(2*need, dirBuffer), fileBuffer))
	}
	s.src, s.text, s.base, s.found, s.kept, s.line, s.at, s.keep = src, nil, 0, &FileMatches{Path: name}, 0, 1, 0, keep
	n, whole, err := s.fill(0)
	if err != nil {
		return nil, err
	}
	head := s.buf[:n]
	if whole {
		s.text = fromUTF16(head)
		head = s.text
	}
	if bytes.IndexByte(head[:min(len(head), headBytes)], 0) >= 0 {
		return nil, errBinary
	}
	skip := 0
	if bytes.HasPrefix(head, []byte("\uFEFF")) {
		skip = len("\uFEFF")
	}
	if whole {
		s.search(s.text, skip)
	} else if err := s.pieces(n, skip); err != nil {
		return nil, err
	}
	if s.stop.Load() {
		err = errStopped
	}
	if s.found.Matches == 0 {
		return nil, err
	}
	s.addContext()
	return s.found, err
}

// fill reads into the buffer from a position on until it is full or the file ends. What is
// added to the file meanwhile does not count, so that the search of a log ends.
func (s *scanner) fill(from int) (n int, whole bool, err error) {
	want := int(min(int64(len(s.buf)-from), s.src.Size()-s.base-int64(from)))
	if want <= 0 {
		return from, true, nil
	}
	got, err := s.src.ReadAt(s.buf[from:from+want], s.base+int64(from))
	n = from + got
	return n, got < want || s.base+int64(n) >= s.src.Size(), ignoreEOF(err)
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// pieces searches a file that is larger than the buffer, which has its first n bytes.
func (s *scanner) pieces(n, skip int) error {
	for whole := false; ; {
		if s.stop.Load() {
			return nil
		}
		end := n
		if !whole {
			end = bytes.LastIndexByte(s.buf[:n], '\n') + 1
		}
		if end == 0 && n > 0 {
			rest, err := s.longLine(n)
			if err != nil || rest < 0 {
				return err
			}
			n, whole, skip = rest, s.base+int64(rest) >= s.src.Size(), 0
			continue
		}
		s.search(s.buf[:end], skip)
		if whole {
			return nil
		}
		s.count(s.buf[:end], s.base+int64(end))
		copy(s.buf, s.buf[end:n])
		s.base += int64(end)
		var err error
		if n, whole, err = s.fill(n - end); err != nil {
			return err
		}
		skip = 0
	}
}

// search looks for matches in whole lines, which begin at the buffer's beginning.
func (s *scanner) search(data []byte, from int) {
	for {
		begin, end, ok := s.m.next(data, from)
		if !ok {
			return
		}
		s.found.Matches++
		if s.keeps() {
			s.count(data[:begin], s.base+int64(begin))
			s.add(data[begin:end], s.position(data[begin:end]), s.base+int64(begin), int64(end-begin))
		}
		from = end + 1
	}
}

// keeps reports whether a further line is kept.
func (s *scanner) keeps() bool {
	return s.keep && len(s.found.Lines) < s.most && s.kept < maxKeptBytes
}

// position returns where a line matches; only a long one has to be cut there.
func (s *scanner) position(line []byte) int {
	if len(line) <= MaxLine {
		return 0
	}
	if s.m.whole {
		return max(0, bytes.Index(line, s.m.literal))
	}
	if loc := s.m.re.FindReaderIndex(&runes{r: bytes.NewReader(line), stop: s.stop}); loc != nil {
		return loc[0]
	}
	return 0
}

// count counts lines up to an offset that is the end of data, which begins at s.base.
func (s *scanner) count(data []byte, upTo int64) {
	s.line += bytes.Count(data[s.at-s.base:], []byte("\n"))
	s.at = upTo
}

func (s *scanner) add(text []byte, match int, offset, size int64) {
	l := Line{Number: s.line, Text: cutAround(text, match), Match: true, offset: offset, size: size}
	s.kept += len(l.Text)
	s.found.Lines = append(s.found.Lines, l)
}
