package search

import (
	"slices"
	"strings"
	"sync"
)

// FileMatches are the matches of one file.
type FileMatches struct {
	Path    string // workspace-relative
	Matches int    // all lines that match
	Lines   []Line // the first of them, with context; none where only files are asked for
}

// collector keeps the first matches in the order of paths, in bounded memory, and counts
// the others.
type collector struct {
	most      int // matching lines, or files
	filesOnly bool
	context   int // lines

	mu          sync.Mutex
	files       []*FileMatches // by path
	kept, bytes int
	last        string // a later path is only counted; "" for none
	more        Rest
}

// Rest counts the matches that are not returned.
type Rest struct {
	Matches int
	Files   int // that have these matches
}

// keeps reports whether the lines of a file may be kept.
func (c *collector) keeps(path string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last == "" || path < c.last
}

// weight is what a file takes of what is kept.
func (c *collector) weight(f *FileMatches) (units, bytes int) {
	if c.filesOnly {
		return 1, len(f.Path)
	}
	for _, l := range f.Lines {
		if bytes += len(l.Text); l.Match {
			units++
		}
	}
	return units, bytes
}

func (c *collector) add(f *FileMatches) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != "" && f.Path > c.last {
		c.drop(f)
		return
	}
	at, _ := slices.BinarySearchFunc(c.files, f.Path, func(f *FileMatches, path string) int { return strings.Compare(f.Path, path) })
	c.files = slices.Insert(c.files, at, f)
	units, bytes := c.weight(f)
	c.kept, c.bytes = c.kept+units, c.bytes+bytes
	for len(c.files) > 1 {
		last := c.files[len(c.files)-1]
		units, bytes := c.weight(last)
		if c.kept-units < c.most && c.bytes <= maxKeptBytes {
			return
		}
		c.files[len(c.files)-1] = nil
		c.files = c.files[:len(c.files)-1]
		c.kept, c.bytes = c.kept-units, c.bytes-bytes
		c.last = c.files[len(c.files)-1].Path
		c.drop(last)
	}
}

func (c *collector) drop(f *FileMatches) {
	c.more.Matches += f.Matches
	c.more.Files++
}

// result returns what is kept, cut to the bound.
func (c *collector) result() ([]FileMatches, Rest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	files, more, room := make([]FileMatches, 0, len(c.files)), c.more, c.most
	for _, f := range c.files {
		shown := f.Matches
		switch {
		case room <= 0:
			shown = 0
		case c.filesOnly:
			room--
		default:
			f.Lines, shown = c.cut(f.Lines, room)
			room -= shown
		}
		if shown > 0 {
			files = append(files, *f)
		}
		if f.Matches > shown {
			more.Matches, more.Files = more.Matches+f.Matches-shown, more.Files+1
		}
	}
	return files, more
}

// cut returns the first matches with their context.
func (c *collector) cut(lines []Line, most int) (first []Line, matches int) {
	last := 0
	for i, l := range lines {
		switch {
		case !l.Match && (matches < most || l.Number <= last+c.context):
		case !l.Match || matches == most:
			return lines[:i], matches
		default:
			matches++
			last = l.Number
		}
	}
	return lines, matches
}
