package snapshot

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/gitrepo"
)

// comparison finds the change of each path between two scans. Without scans,
// after an error, it compares only the pre-images.
type comparison struct {
	t             *Tracker
	before, after *manifest        // either both are nil or neither
	pre           map[string]State // overrides before
	late          lateness
	own           *seenTurn
	beside        []*seenTurn // turns that overlap with own

	pairs []pair
}

func (c *comparison) changes(ctx context.Context) ([]Change, error) {
	if c.before != nil {
		dirs := slices.Collect(maps.Keys(c.before.dirs))
		for dir := range c.after.dirs {
			if _, both := c.before.dirs[dir]; !both {
				dirs = append(dirs, dir)
			}
		}
		for _, dir := range dirs {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			c.dir(dir)
		}
	}
	if err := c.preImages(); err != nil {
		return nil, err
	}
	changes := join(share(c.pairs, c.own, c.beside))
	for i := range changes {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		c.t.count(&changes[i])
	}
	return changes, nil
}

// dir merges the sorted names of a directory before and after.
func (c *comparison) dir(dir string) {
	b, inBefore := c.before.dirs[dir]
	a, inAfter := c.after.dirs[dir]
	if !inBefore && c.before.omits(dir) || !inAfter && c.after.omits(dir) {
		return // not scanned: it is not known what has changed
	}
	for len(b) > 0 || len(a) > 0 {
		var order int // of the next names
		switch {
		case len(b) == 0:
			order = 1
		case len(a) == 0:
			order = -1
		default:
			order = strings.Compare(b[0].name, a[0].name)
		}
		var was, is *entry
		if order <= 0 {
			was, b = &b[0], b[1:]
		}
		if order >= 0 {
			is, a = &a[0], a[1:]
		}
		c.entry(dir, was, is)
	}
}

// omits reports whether dir, or a directory above it, existed but was not
// scanned.
func (m *manifest) omits(dir string) bool {
	e, ignored := m.lookup(dir)
	return ignored || e != nil && !e.covered()
}

func (c *comparison) entry(dir string, was, is *entry) {
	if was != nil && is != nil && unchanged(was, is) {
		return
	}
	if was != nil && was.ignored || is != nil && is.ignored {
		return // a rule that leaves it out was added or removed
	}
	p := pair{path: path.Join(dir, first(was, is).name), before: State{Kind: Absent}, after: State{Kind: Absent}}
	if was != nil {
		p.before = c.t.secure(c.before, was)
	}
	if is != nil {
		p.after = c.t.secure(c.after, is)
	}
	if !p.before.Same(p.after) {
		p.after = c.late.mark(p.path, is, p.after)
		c.pairs = append(c.pairs, p)
	}
}

func first(a, b *entry) *entry {
	if a != nil {
		return a
	}
	return b
}

// unchanged compares two entries without reading contents.
func unchanged(was, is *entry) bool {
	if was.kind != is.kind || was.mode != is.mode || was.note != is.note {
		return false
	}
	switch {
	case was.kind != File:
		return true
	case !is.covered():
		return was.stamp == is.stamp
	}
	return was.held == is.held && was.hash == is.hash
}

// secure makes sure that the content of an entry is in the store, and returns
// its state, with the reason in Uncovered if the content is not available.
func (t *Tracker) secure(m *manifest, e *entry) State {
	s := e.state()
	switch e.held {
	case heldGit:
		data, err := gitrepo.Blob(m.git, gitrepo.BlobID(e.hash[:len(gitrepo.BlobID{})]), t.opts.MaxFileBytes)
		if err == nil && int64(len(data)) != e.stamp.size {
			err = gitrepo.ErrObject
		}
		if err != nil {
			s.Uncovered = err.Error()
			return s
		}
		s.Hash, err = t.store.putBytes(data, false)
		if err != nil {
			s.Uncovered = err.Error()
		}
	case heldStore:
		if !t.store.has(e.hash, e.stamp.size) {
			s.Uncovered = errLost.Error()
		}
	case heldNowhere:
	}
	return s
}

// preImages replaces the results of the scans by the pre-images of tools.
func (c *comparison) preImages() error {
	for name, before := range c.pre {
		is, after, err := c.afterOf(name)
		if err != nil {
			return err
		}
		c.pairs = slices.DeleteFunc(c.pairs, func(p pair) bool { return p.path == name })
		if !before.Same(after) {
			c.pairs = append(c.pairs, pair{path: name, before: before, after: c.late.mark(name, is, after)})
		}
		if before.Kind == Absent && after.Kind == Dir && c.after != nil {
			c.allNew(name)
		}
	}
	return nil
}

// allNew treats all files in a directory that did not exist before the turn as
// new: the first scan may have been too late to show that.
func (c *comparison) allNew(top string) {
	told := func(name string) bool { _, ok := c.pre[name]; return ok }
	c.pairs = slices.DeleteFunc(c.pairs, func(p pair) bool { return strings.HasPrefix(p.path, top+"/") && !told(p.path) })
	for dir, list := range c.after.dirs {
		if dir != top && !strings.HasPrefix(dir, top+"/") {
			continue
		}
		for i := range list {
			name := path.Join(dir, list[i].name)
			if !list[i].ignored && !told(name) {
				c.pairs = append(c.pairs, pair{path: name, before: State{Kind: Absent}, after: c.late.mark(name, &list[i], c.t.secure(c.after, &list[i]))})
			}
		}
	}
}

func (c *comparison) afterOf(name string) (*entry, State, error) {
	if c.after == nil || !c.after.knows(name) {
		e, err := c.t.entryOf(name, false)
		return &e, e.state(), err
	}
	e, _ := c.after.lookup(name)
	if e == nil {
		return nil, State{Kind: Absent}, nil
	}
	return e, c.t.secure(c.after, e), nil
}
