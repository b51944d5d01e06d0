package search

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// errLeadsOut refuses a pattern that names something outside of the workspace.
var errLeadsOut = errors.New("leads out of the workspace")

// pattern is a compiled doublestar pattern: "**" as a whole element stands for any
// number of directories, "*" and "?" for characters of one name, "[a-z]" and "[!a]"
// for one character, "{a,b}" for either text, and a backslash takes the meaning from
// what follows it.
//
// A directory's path is matched element by element on the way to it: a set of
// positions in the pattern says what may follow. So the work for one name is at most
// the length of the pattern, whatever the pattern is.
type pattern struct {
	parts  []part // of all branches; each branch ends with a part of kind end
	starts []int
}

type partKind byte

const (
	end partKind = iota
	anyDirs
	text   // raw
	suffix // anything that ends with raw
	wild
)

type part struct {
	kind partKind
	raw  string // as written; text and suffix: the bytes to compare
	elem string // as written
}

// compile reads a pattern. Its errors are for the user of the pattern.
func compile(p string) (*pattern, error) {
	switch {
	case p == "":
		return nil, errors.New("is empty")
	case len(p) > maxPattern:
		return nil, fmt.Errorf("is longer than %d bytes", maxPattern)
	case strings.ContainsRune(p, 0):
		return nil, errors.New("has a NUL byte")
	}
	branches, err := expand(p)
	if err != nil {
		return nil, err
	}
	c := &pattern{}
	for _, branch := range branches {
		if strings.HasPrefix(branch, "/") {
			return nil, fmt.Errorf("%w: patterns are relative to the workspace, or to path", errLeadsOut)
		}
		c.starts = append(c.starts, len(c.parts))
		for elem := range strings.SplitSeq(branch, "/") {
			switch elem {
			case "", ".":
			case "..":
				return nil, errLeadsOut
			default:
				c.add(elem)
			}
		}
		c.parts = append(c.parts, part{})
	}
	return c, nil
}

func (c *pattern) add(elem string) {
	one := part{kind: wild, raw: elem, elem: elem}
	rest, star := strings.CutPrefix(elem, "*")
	switch {
	case elem == "**":
		if n := len(c.parts); n > c.starts[len(c.starts)-1] && c.parts[n-1].kind == anyDirs {
			return // a second one means no more than the first
		}
		one.kind = anyDirs
	case !strings.ContainsAny(elem, `*?[\`):
		one.kind = text
	case star && !strings.ContainsAny(rest, `*?[\`):
		one.kind, one.raw = suffix, rest
	}
	c.parts = append(c.parts, one)
}

// expand replaces braces, innermost and leftmost first, by all that they stand for.
func expand(p string) ([]string, error) {
	todo, done := []string{p}, []string(nil)
	for len(todo) > 0 {
		if len(todo)+len(done) > maxBranches {
			return nil, fmt.Errorf("has braces that stand for more than %d patterns", maxBranches)
		}
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		open, commas, shut := braces(p)
		if shut < 0 {
			done = append(done, p)
			continue
		}
		from := open + 1
		for _, to := range append(commas, shut) {
			todo = append(todo, p[:open]+p[from:to]+p[shut+1:])
			from = to + 1
		}
	}
	slices.Sort(done)
	return slices.Compact(done), nil
}

// braces finds the first pair of braces without another inside of it, and its commas.
// shut is -1 when there is none; a brace alone means itself.
func braces(p string) (open int, commas []int, shut int) {
	open = -1
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\':
			i++
		case c == '{':
			open, commas = i, nil
		case c == ',' && open >= 0:
			commas = append(commas, i)
		case c == '}' && open >= 0:
			return open, commas, i
		}
	}
	return open, nil, -1
}

// positions is a set of positions in a pattern, in order.
type positions []int

// start is the set before the first element of a path.
func (c *pattern) start() (at positions) {
	for _, i := range c.starts {
		at = c.reach(at, i)
	}
	return at
}

// reach adds a position, and what follows it where it stands for no element at all.
func (c *pattern) reach(at positions, i int) positions {
	for {
		where, there := slices.BinarySearch(at, i)
		if there {
			return at
		}
		at = slices.Insert(at, where, i)
		if c.parts[i].kind != anyDirs {
			return at
		}
		i++
	}
}

// enter returns the set after the directory name. literal leaves out what only fits by
// a special character.
func (c *pattern) enter(at positions, name string, literal bool) (next positions) {
	for _, i := range at {
		switch one := &c.parts[i]; {
		case one.kind == anyDirs && !literal:
			next = c.reach(next, i)
		case one.fits(name, literal):
			next = c.reach(next, i+1)
		}
	}
	return next
}

// matches reports whether a path that ends with name fits. literal is as for enter.
func (c *pattern) matches(at positions, name string, literal bool) bool {
	for _, i := range at {
		one := &c.parts[i]
		switch {
		case one.kind == end:
		case one.kind == anyDirs:
			if !literal && c.parts[i+1].kind == end {
				return true
			}
		case c.parts[i+1].kind == end && one.fits(name, literal):
			return true
		}
	}
	return false
}

// fits matches one name. A name that is the pattern's very text fits too: the routes
// of web frameworks are called "[id]".
func (p *part) fits(name string, literal bool) bool {
	switch {
	case p.kind == end || p.kind == anyDirs:
		return false
	case name == p.elem || p.kind == text && name == p.raw:
		return true
	case literal:
		return false
	case p.kind == suffix:
		return strings.HasSuffix(name, p.raw)
	}
	return p.kind == wild && matchName(p.raw, name)
}

// matchName matches a name by an element. It goes back to the last "*" only, so that
// its work is at most the product of both lengths.
func matchName(p, name string) bool {
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(name) {
		if i < len(p) && p[i] == '*' {
			star, mark = i, j
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(name[j:])
		if i < len(p) {
			if n, ok := matchRune(p[i:], r); ok {
				i += n
				j += size
				continue
			}
		}
		if star < 0 {
			return false
		}
		_, size = utf8.DecodeRuneInString(name[mark:])
		mark += size
		i, j = star+1, mark
	}
	return strings.Trim(p[i:], "*") == ""
}

// matchRune matches one character by the first item of p, which takes n bytes.
func matchRune(p string, r rune) (n int, ok bool) {
	switch p[0] {
	case '?':
		return 1, true
	case '[':
		if n, ok, whole := matchClass(p, r); whole {
			return n, ok
		}
	case '\\':
		if len(p) > 1 {
			c, size := utf8.DecodeRuneInString(p[1:])
			return 1 + size, c == r
		}
	}
	c, size := utf8.DecodeRuneInString(p)
	return size, c == r
}

// matchClass matches by "[…]"; whole is false where no bracket ends it.
func matchClass(p string, r rune) (n int, ok, whole bool) {
	i := 1
	negate := i < len(p) && (p[i] == '!' || p[i] == '^')
	if negate {
		i++
	}
	next := func() (c rune) {
		if p[i] == '\\' && i+1 < len(p) {
			i++
		}
		c, size := utf8.DecodeRuneInString(p[i:])
		i += size
		return c
	}
	for first := true; i < len(p); first = false {
		if p[i] == ']' && !first {
			return i + 1, ok != negate, true
		}
		low := next()
		high := low
		if i+1 < len(p) && p[i] == '-' && p[i+1] != ']' {
			i++
			high = next()
		}
		ok = ok || low <= r && r <= high
	}
	return 0, false, false
}

// below returns the pattern for paths below a directory, for a pattern of names:
// one without a slash fits in every directory.
func below(p string) string {
	if strings.Contains(p, "/") {
		return p
	}
	return "**/" + p
}
