package search

import (
	"bufio"
	"bytes"
	"io"
	"sync/atomic"
)

// longLine searches the line that fills the buffer and goes on, in constant memory. It
// leaves the buffer with what follows the line and returns how many bytes that are, or
// -1 at the end of the file.
func (s *scanner) longLine(n int) (rest int, err error) {
	begin := s.base
	end, at, sure, err := s.stream(n)
	if err != nil || s.stop.Load() {
		return -1, err
	}
	if at >= 0 && !sure {
		if at = s.locate(begin, end); at < 0 && s.endsCR(end) {
			at = s.locate(begin, end-1)
		}
	}
	if at >= 0 {
		s.found.Matches++
		if s.keeps() {
			s.addLong(begin, end, at)
		}
	}
	if end >= s.src.Size() {
		return -1, nil
	}
	s.base = end + 1
	s.line++
	s.at = s.base
	n, err = s.src.ReadAt(s.buf, s.base)
	if n == 0 {
		return -1, nil
	}
	return n, ignoreEOF(err)
}

// locate returns where the expression matches a line of the file, -1 for nowhere.
func (s *scanner) locate(begin, end int64) int64 {
	line := bufio.NewReaderSize(io.NewSectionReader(s.src, begin, end-begin), dirBuffer)
	loc := s.m.re.FindReaderIndex(&runes{r: line, stop: s.stop})
	if loc == nil || s.stop.Load() {
		return -1
	}
	return int64(loc[0])
}

// endsCR reports whether there is a carriage return before an offset.
func (s *scanner) endsCR(end int64) bool {
	var last [1]byte
	n, _ := s.src.ReadAt(last[:], end-1)
	return n == 1 && last[0] == '\r'
}

// stream finds the end of the line, and whether it may match: at is where, counted from
// its beginning, -1 for nowhere. sure means that it does.
func (s *scanner) stream(n int) (end, at int64, sure bool, err error) {
	begin := s.base
	at = -1
	f := feeder{m: s.m, set: firstSet}
	for off := begin; ; {
		data := s.buf[:n]
		newline := bytes.IndexByte(data, '\n')
		if newline >= 0 {
			data = data[:newline]
		}
		if at < 0 {
			at = f.feed(data, off-begin)
		}
		off += int64(len(data))
		if newline >= 0 || off >= s.src.Size() || s.stop.Load() {
			end = off
			break
		}
		if n, err = s.src.ReadAt(s.buf, off); n == 0 {
			end = off
			break
		}
	}
	if at < 0 && f.endsMatch() {
		at = end - begin
	}
	return end, at, at >= 0 && f.sure(), ignoreEOF(err)
}

// addLong adds a long line by what surrounds the match.
func (s *scanner) addLong(begin, end, at int64) {
	from := max(begin, begin+at-nearBytes)
	text := make([]byte, min(end-from, 2*nearBytes))
	n, _ := s.src.ReadAt(text, from)
	text = text[:n]
	l := Line{Number: s.line, Text: cutAround(text, int(begin+at-from)), Match: true, offset: begin, size: end - begin}
	s.kept += len(l.Text)
	s.found.Lines = append(s.found.Lines, l)
}

// feeder searches the pieces of one line for a candidate.
type feeder struct {
	m    *matcher
	set  uint16
	tail []byte // the end of the last piece, where a literal can begin
	// What makes the automaton unsure: a byte beyond ASCII, a carriage return.
	high, cr bool
}

// feed returns where the line may match, -1 for nowhere yet. off is the piece's place.
func (f *feeder) feed(data []byte, off int64) int64 {
	m := f.m
	if m.program != nil {
		f.high = f.high || m.program.wide && !isASCII(data)
		f.cr = f.cr || m.program.ends && bytes.IndexByte(data, '\r') >= 0
	}
	switch {
	case m.literal != nil:
		most := len(m.literal) - 1
		joint := append(f.tail, data[:min(most, len(data))]...)
		if i := bytes.Index(joint, m.literal); i >= 0 {
			return off - int64(len(f.tail)) + int64(i)
		}
		if i := bytes.Index(data, m.literal); i >= 0 {
			return off + int64(i)
		}
		if len(data) >= most {
			joint = data
		}
		f.tail = bytes.Clone(joint[max(0, len(joint)-most):])
		return -1
	case m.auto != nil:
		at, set := m.auto.run(f.set, data)
		f.set = set
		if !m.auto.given {
			if at < 0 {
				return -1
			}
			return off + int64(at)
		}
		m.auto = nil
	}
	return off
}

// endsMatch reports whether the line may match by its end.
func (f *feeder) endsMatch() bool {
	return f.m.literal == nil && f.m.auto != nil && f.m.auto.ended[f.set]
}

// sure reports whether a candidate is a match.
func (f *feeder) sure() bool {
	if f.m.whole {
		return true
	}
	p := f.m.program
	return f.m.literal == nil && f.m.auto != nil && !p.boundaries && !f.cr && !f.high
}

// runes reads characters until a search ends.
type runes struct {
	r    io.RuneReader
	stop *atomic.Bool
	n    int
}

func (r *runes) ReadRune() (c rune, size int, err error) {
	if r.n++; r.n%1024 == 0 && r.stop.Load() {
		return 0, 0, io.EOF
	}
	return r.r.ReadRune()
}
