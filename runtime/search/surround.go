package search

import (
	"bytes"
	"math"
	"slices"
)

// addContext puts the context lines between the lines that were found.
func (s *scanner) addContext() {
	if s.context == 0 {
		return
	}
	size, at := int64(len(s.text)), func(from, to int64) []byte { return s.text[from:to] }
	if s.text == nil {
		size = s.src.Size()
		at = func(from, to int64) []byte {
			some := make([]byte, to-from)
			n, _ := s.src.ReadAt(some, from) // what cannot be read is left out
			return some[:n]
		}
	}
	var all []Line
	last := 0
	add := func(number int, text []byte) {
		if s.kept < maxKeptBytes {
			l := Line{Number: number, Text: cutAround(bytes.TrimPrefix(text, []byte("\uFEFF")), 0)}
			s.kept += len(l.Text)
			all = append(all, l)
		}
		last = number
	}
	for i, l := range s.found.Lines {
		before := lastLines(at(max(0, l.offset-ctxBytes), l.offset), s.context)
		for j, text := range before {
			if number := l.Number - len(before) + j; number > last {
				add(number, text)
			}
		}
		all, last = append(all, l), l.Number
		next := math.MaxInt
		if i+1 < len(s.found.Lines) {
			next = s.found.Lines[i+1].Number
		}
		begin := l.offset + l.size + 1
		if begin >= size {
			continue
		}
		for j, text := range firstLines(at(begin, min(begin+ctxBytes, size)), s.context) {
			if l.Number+1+j < next {
				add(l.Number+1+j, text)
			}
		}
	}
	s.found.Lines = all
}

// lastLines returns the last lines of data, which ends with a line's end.
func lastLines(data []byte, most int) (lines [][]byte) {
	for len(data) > 0 && len(lines) < most {
		data = bytes.TrimSuffix(data, []byte("\n"))
		begin := bytes.LastIndexByte(data, '\n') + 1
		lines = append(lines, data[begin:])
		data = data[:begin]
	}
	slices.Reverse(lines)
	return lines
}

// firstLines returns the first lines of data.
func firstLines(data []byte, most int) (lines [][]byte) {
	for len(data) > 0 && len(lines) < most {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		lines = append(lines, line)
		data = rest
	}
	return lines
}
