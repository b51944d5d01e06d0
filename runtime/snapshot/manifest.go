package snapshot

import (
	"path"
	"slices"
	"sort"
	"strings"
)

// holding says where a file's content is stored.
type holding uint8

const (
	heldNowhere holding = iota // not a file, or not covered
	heldStore                  // in the store, under entry.hash
	heldGit                    // as git's blob whose id begins entry.hash
)

// entry is one name in a directory. Its size matters: there is one for every
// file of the workspace.
type entry struct {
	name    string
	kind    Kind
	note    string // a link's target; for others why they are not covered
	stamp   stamp
	mode    uint32
	held    holding
	racy    bool // it can change without a new stamp: compare the content
	ignored bool // left out by a rule and not examined
	hash    Hash
}

func (e *entry) covered() bool { return e.kind == Link || e.note == "" }

// state returns the entry's state for records. It has no hash if git holds the
// content.
func (e *entry) state() State {
	s := State{Kind: e.kind, Mode: e.mode, UID: e.stamp.uid, GID: e.stamp.gid}
	switch {
	case !e.covered():
		s.Size, s.Uncovered = e.stamp.size, e.note
	case e.kind == Link:
		s.Target = Name(e.note)
	case e.kind == File:
		s.Size = e.stamp.size
		if e.held == heldStore {
			s.Hash = e.hash
		}
	}
	return s
}

// manifest is the result of one scan. It does not change afterwards.
type manifest struct {
	dirs map[string][]entry // by path, "." is the workspace; sorted by name
	git  string             // the directory of git that heldGit refers to
}

// lookup returns the entry at name, nil for none, and whether a rule left out
// the entry or a directory above it.
func (m *manifest) lookup(name string) (e *entry, ignored bool) {
	if list, ok := m.dirs[path.Dir(name)]; ok {
		if e = find(list, path.Base(name)); e != nil {
			return e, e.ignored
		}
		return nil, false
	}
	if up := path.Dir(name); up != "." {
		e, ignored := m.lookup(up)
		return nil, ignored || (e != nil && !e.covered())
	}
	return nil, false
}

// find reads only the names of entries, because other fields may still be
// written.
func find(list []entry, name string) *entry {
	i := sort.Search(len(list), func(i int) bool { return list[i].name >= name })
	if i == len(list) || list[i].name != name {
		return nil
	}
	return &list[i]
}

// Left is a path that undo does not cover.
type Left struct {
	Path   Name   `json:"path"`
	Reason string `json:"reason"`
}

// left returns the paths that are not covered, sorted, at most MaxLeft; total
// counts all.
func (m *manifest) left() (list []Left, total int) {
	for dir, entries := range m.dirs {
		for i := range entries {
			if e := &entries[i]; !e.covered() {
				total++
				list = append(list, Left{Name(path.Join(dir, e.name)), e.note})
			}
		}
	}
	slices.SortFunc(list, func(a, b Left) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return slices.Clip(list[:min(len(list), MaxLeft)]), total
}
