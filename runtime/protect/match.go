package protect

import (
	"path"
	"strings"
)

// Named returns why writing a workspace-relative path needs the user's consent,
// "" if no part of it is listed. It knows names only; Judge also looks at the
// file system. Names are compared as loosely as any file system compares them.
func Named(name string) string { return In(name).why }

// repository is Named for paths inside repositories only.
func repository(name string) string {
	if p := In(name); p.never {
		return p.why
	}
	return ""
}

// Place is what the names of a path say about all that is below it. To judge
// many files of one directory, make its Place once.
type Place struct {
	why       string
	never     bool   // it is inside a repository
	begun     uint64 // bits of entries with several parts whose first parts match up to here
	dependent bool   // a directory of dependencies is above it, and no protected one above that
}

// In returns the Place of a workspace-relative path.
func In(name string) Place { return Place{}.below(name) }

// Named is the function Named for a name in that place.
func (p Place) Named(name string) string { return p.below(name).why }

// below returns the place of a relative path. On Windows a backslash separates
// too.
func (p Place) below(name string) Place {
	if strings.IndexByte(name, '\\') >= 0 {
		name = strings.ReplaceAll(name, `\`, "/")
	}
	name = path.Clean(name)
	if name == "." {
		return p
	}
	for more := true; more && !p.never; {
		var part string
		part, name, more = strings.Cut(name, "/")
		p = p.enter(part, more)
	}
	return p
}

// enter returns the place of the next part of a path. above reports whether
// more parts follow, so that the part is a directory.
func (p Place) enter(part string, above bool) Place {
	var space [maxUsual]byte
	next := Place{why: p.why, dependent: p.dependent}
	if spelled, ok := usual(space[:0], part); ok {
		next.meet(p.begun, spelled)
	} else {
		for _, s := range spellingsOf(part) {
			next.meet(p.begun, []byte(s))
		}
	}
	if above && next.why == "" && dependencies[part] {
		next.dependent = true
	}
	return next
}

// meet records the entries that a spelling matches. begun has the bits of the
// parts before it.
func (p *Place) meet(begun uint64, spelled []byte) {
	t := index()
	for _, s := range t.exact[string(spelled)] {
		p.note(begun, s)
	}
	if len(spelled) == 0 {
		return
	}
	for _, w := range t.begin[spelled[0]] {
		if w.matches(spelled) {
			p.note(begun, w.step)
		}
	}
	for _, w := range t.end[spelled[len(spelled)-1]] {
		if w.matches(spelled) {
			p.note(begun, w.step)
		}
	}
}

// note records a matched part of an entry's name. The first reason counts,
// except that a repository's reason replaces any other.
func (p *Place) note(begun uint64, s step) {
	switch {
	case s.after != 0 && begun&s.after == 0, p.never:
	case s.begins != 0:
		p.begun |= s.begins
	case s.never || p.why == "":
		p.why, p.never = s.why, s.never
	}
}
