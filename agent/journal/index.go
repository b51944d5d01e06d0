package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"
)

// The index has a mark after a number of lines or bytes, whichever comes first:
// it stays below a thousandth of the file, and finding a line reads little.
const (
	strideLines = 512
	strideBytes = 1 << 20
	scanBuffer  = 256 << 10
)

// index finds lines by their number without decoding them. The header is line 0,
// so a record's seq is its line.
type index struct {
	marks []mark
	lines int64 // whole lines
	end   int64 // offset after the last of them
}

type mark struct{ line, at int64 }

// add counts one whole line of size bytes, its newline included.
func (x *index) add(size int64) {
	if n := len(x.marks); n == 0 || x.lines-x.marks[n-1].line >= strideLines || x.end-x.marks[n-1].at >= strideBytes {
		x.marks = append(x.marks, mark{x.lines, x.end})
	}
	x.lines++
	x.end += size
}

// drop forgets the last line, which begins at start.
func (x *index) drop(start int64) {
	x.lines--
	x.end = start
	if n := len(x.marks); n > 0 && x.marks[n-1].line >= x.lines {
		x.marks = x.marks[:n-1]
	}
}

// find returns the last mark at or before a line.
func (x *index) find(line int64) mark {
	i := sort.Search(len(x.marks), func(i int) bool { return x.marks[i].line > line })
	if i == 0 {
		return mark{}
	}
	return x.marks[i-1]
}

// lastSeq returns the number of the last record, 0 when there is none.
func (x *index) lastSeq() int64 { return max(0, x.lines-1) }

// scan adds the whole lines between the end and size.
func (x *index) scan(r io.ReaderAt, size int64) error {
	buf := make([]byte, min(scanBuffer, max(0, size-x.end)))
	var open int64 // bytes of a line without a newline so far
	for at := x.end; at < size; {
		n, err := r.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		if n == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				return nil // the file was cut meanwhile
			}
			return fmt.Errorf("read the journal: %w", err)
		}
		at += int64(n)
		for chunk := buf[:n]; len(chunk) > 0; {
			i := bytes.IndexByte(chunk, '\n')
			if i < 0 {
				open += int64(len(chunk))
				break
			}
			x.add(open + int64(i) + 1)
			open, chunk = 0, chunk[i+1:]
		}
	}
	return nil
}
