package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Line is one record as it is in the file.
type Line struct {
	Seq  int64
	Data []byte // without the newline; nil when the line is longer than MaxRecord
}

// Page is a run of consecutive records.
type Page struct {
	Lines   []Line
	LastSeq int64 // of the journal
	More    bool  // more records follow the page
}

// Bounds limit a page. A page has at least one record if there is one.
type Bounds struct {
	Limit int // records; 0 is no limit
	Bytes int // of all records; 0 is no limit
}

func (b Bounds) reached(lines, bytes int) bool {
	return b.Limit > 0 && lines >= b.Limit || b.Bytes > 0 && bytes >= b.Bytes
}

// full reports whether a record of next bytes no longer fits.
func (b Bounds) full(lines, bytes, next int) bool {
	return lines > 0 && (b.reached(lines, bytes) || b.Bytes > 0 && bytes+next > b.Bytes)
}

// section is the part of a file that has the lines after a mark.
type section struct {
	from mark
	end  int64 // offset after the last line
	last int64 // its seq
}

func (x *index) section(after int64) section {
	return section{from: x.find(after + 1), end: x.end, last: x.lastSeq()}
}

// read returns the records after a number.
func (s section) read(r io.ReaderAt, after int64, b Bounds) (Page, error) {
	page := Page{LastSeq: s.last}
	if after >= s.last {
		return page, nil
	}
	in := bufio.NewReaderSize(io.NewSectionReader(r, s.from.at, s.end-s.from.at), 64<<10)
	size := 0
	for line := s.from.line; line <= s.last; line++ {
		keep := line > after
		data, err := readLine(in, keep)
		if err != nil {
			return page, fmt.Errorf("read record %d: %w", line, err)
		}
		if !keep {
			continue
		}
		if b.full(len(page.Lines), size, len(data)) {
			page.More = true
			return page, nil
		}
		page.Lines = append(page.Lines, Line{Seq: line, Data: data})
		size += len(data)
	}
	return page, nil
}

// readLine reads to the next newline. It returns nil without keep, and for a line
// that is too long.
func readLine(in *bufio.Reader, keep bool) ([]byte, error) {
	var line []byte
	tooLong := false
	for {
		part, err := in.ReadSlice('\n')
		if keep && !tooLong {
			line = append(line, part...)
			if tooLong = len(line) > MaxRecord+1; tooLong {
				line = nil
			}
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		case line == nil:
			return nil, nil
		default:
			return line[:len(line)-1], nil
		}
	}
}
