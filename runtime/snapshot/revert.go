package snapshot

import (
	"cmp"
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/protect"
)

// Reverted is the result of a revert.
type Reverted struct {
	// Changes are the revert's own changes, to be recorded: reverting them is
	// the redo.
	Changes   []Change
	Conflicts []Conflict // sorted by path
}

// Conflict is a path that was left as it is.
type Conflict struct {
	Path   Name   `json:"path"`
	Reason string `json:"reason"`
}

// reverting is one Revert that is running.
type reverting struct {
	t       *Tracker
	wanted  map[string]*undo // by path
	dirs    map[string]State // the earlier states of directories in the records
	done    []pair
	refused map[string]string // by path: why
}

// undo is one path to be reverted.
type undo struct {
	pair
	partner string // of a rename, the other path
	now     entry  // the entry when the revert began
	cleared bool   // it was removed for another file
	silent  bool   // it was not requested: do not report a conflict
}

// Revert restores the files at paths and below to their state before the
// records, which are consecutive, the oldest first. No paths means all.
//
// A path is changed only if it is still as the last record left it, and if no
// other change came between two records; otherwise it is a Conflict. Either
// both paths of a rename are reverted or neither. Each file is replaced by one
// rename, with its mode, and is synced; the replaced content is stored before.
// Directories are made and removed as needed. A directory that is not empty
// stays.
//
// While a turn is open the error is ErrTurnOpen, and nothing is done; a new
// turn waits for Revert. An error (a cancelled ctx, a store that cannot be read
// or written) can come with a Reverted: the changes up to then must be recorded
// too.
func (t *Tracker) Revert(ctx context.Context, records []Record, paths []string) (Reverted, error) {
	t.scanning.Lock() // a scan sees all of the revert or nothing
	defer t.scanning.Unlock()
	turns, err := t.holdTurns()
	if err != nil {
		return Reverted{}, err
	}
	defer func() { _ = turns.Close() }()
	r := &reverting{t: t, wanted: map[string]*undo{}, dirs: map[string]State{}, refused: map[string]string{}}
	for _, record := range records {
		for _, c := range record.Changes {
			r.compose(c, c.in(paths))
		}
	}
	r.coverDirs()
	if err := r.look(ctx); err != nil {
		return Reverted{}, err
	}
	err = r.apply(ctx)
	out := Reverted{Changes: join(r.done)}
	for i := range out.Changes {
		t.count(&out.Changes[i])
	}
	for name, why := range r.refused {
		if r.wanted[name].silent {
			continue
		}
		out.Conflicts = append(out.Conflicts, Conflict{Name(name), why})
	}
	slices.SortFunc(out.Conflicts, func(a, b Conflict) int { return cmp.Compare(a.Path, b.Path) })
	return out, err
}

// compose adds a change to the earlier ones.
func (r *reverting) compose(c Change, wanted bool) {
	pairs := c.pairs()
	for i, p := range pairs {
		if p.before.Kind == Dir || p.after.Kind == Dir {
			if _, known := r.dirs[p.path]; !known {
				r.dirs[p.path] = p.before
			}
		}
		if !wanted {
			continue
		}
		old, again := r.wanted[p.path]
		if !again {
			old = &undo{pair: p}
			r.wanted[p.path] = old
		} else {
			if !old.after.Same(p.before) {
				r.refused[p.path] = "it was changed between two of the turns"
			}
			old.after = p.after
		}
		if c.Shared != "" {
			r.refused[p.path] = c.Shared
		}
		if len(pairs) == 2 {
			old.partner = pairs[1-i].path
		}
	}
}

// coverDirs adds the directories above wanted paths that the records made: they
// are removed too.
func (r *reverting) coverDirs() {
	for name := range r.wanted {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			before, known := r.dirs[dir]
			if _, wanted := r.wanted[dir]; known && !wanted && before.Kind == Absent {
				r.wanted[dir] = &undo{pair: pair{path: dir, before: before, after: State{Kind: Dir}}, silent: true}
			}
		}
	}
}

// look compares the present files with the states that the records left.
func (r *reverting) look(ctx context.Context) error {
	for name, u := range r.wanted {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var err error
		if u.now, err = r.t.entryOf(name, true); err != nil {
			return err
		}
		if _, refused := r.refused[name]; refused {
			continue
		}
		switch why := u.conflict(); {
		case why != "":
			r.refused[name] = why
		case u.before.Kind != Dir && u.before.Same(u.after):
			delete(r.wanted, name) // the records together left it as it was
		}
	}
	r.protect()
	for name, u := range r.wanted {
		if u.partner != "" && r.refused[u.partner] != "" && r.refused[name] == "" {
			r.refused[name] = "it was renamed, and the other end, " + quoteName(u.partner) + ", has a conflict"
		}
	}
	return nil
}

// protect refuses to change paths inside repositories, and to make a
// repository. Other protected paths are reverted, because the user asks for it.
func (r *reverting) protect() {
	judge := protect.New(r.t.root)
	for _, name := range slices.Sorted(maps.Keys(r.wanted)) {
		if r.refused[name] != "" {
			continue
		}
		if v := judge.Of(name); v.Grade == protect.Never {
			r.refused[name] = "protected: " + v.Reason
		} else if r.wanted[name].before.Kind != Absent {
			judge.Plan(name)
		}
	}
}

// conflict returns why the path must not be changed, "" if it may.
func (u *undo) conflict() string {
	now := u.now.state()
	switch {
	case u.before.Uncovered != "":
		return "how it was is not known: " + u.before.Uncovered
	case u.after.Uncovered != "":
		return "what it became is not known: " + u.after.Uncovered
	case now.Uncovered != "":
		return "what is there is not known: " + now.Uncovered
	case now.Same(u.after):
		return ""
	case now.Same(u.before):
		return "it is as it was before already"
	case u.after.Kind == Dir && now.Kind == Dir && u.before.Kind == Absent:
		return "" // of any mode: if it is empty it is removed, otherwise it stays
	case now.Kind == Absent:
		return "it was removed since"
	case u.after.Kind == Absent:
		return "something else is there since"
	case now.Kind != u.after.Kind:
		return "it is a " + string(now.Kind) + " now"
	case now.sameContent(u.after):
		return "its mode was changed since"
	}
	return "it was changed since"
}

// apply runs the steps in an order in which each one makes the next one
// possible.
func (r *reverting) apply(ctx context.Context) error {
	var names []string
	for name := range r.wanted {
		if r.refused[name] == "" {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, byDepth)
	leaves := slices.Clone(names)
	slices.Reverse(leaves)
	for _, step := range []struct {
		names []string
		do    func(*undo) error
	}{
		{names, r.unlockDir},
		{names, r.removeFile},
		{leaves, r.removeDir},
		{names, r.makeDir},
		{names, r.writeFile},
		{leaves, r.setDirMode},
	} {
		for _, name := range step.names {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if r.refused[name] != "" {
				continue
			}
			if err := step.do(r.wanted[name]); err != nil {
				r.refused[name] = reason(err).Error()
			}
		}
	}
	return nil
}

// byDepth sorts directories before their contents.
func byDepth(a, b string) int {
	return cmp.Or(cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")), cmp.Compare(a, b))
}
