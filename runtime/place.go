package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"

	"github.com/pygent/pygent/runtime/instance"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// placer moves a staged tree to its destination and can undo that.
type placer struct {
	ctx     context.Context // lives as long as the copy
	ws      *Workspace
	lines   bool              // count those that change
	guarded bool              // check that no link has been put into the path meanwhile
	backup  string            // directory for the replaced files, on the same file system
	dirs    []copiedDir       // the staged directories, in order of comparePaths
	undo    []func()          // in the order of what was done
	over    map[string]Change // files that replaced others
}

// place moves staged to the path to. On an error everything is as it was before.
func (p *placer) place(staged, to string) (err error) {
	defer func() {
		if err != nil {
			for _, undo := range slices.Backward(p.undo) {
				undo()
			}
		}
	}()
	if err := p.ws.root.Mkdir(p.backup, 0o700); err != nil {
		return p.ws.wrap("copy to", to, err)
	}
	if err := p.parents(path.Dir(to)); err != nil {
		return err
	}
	return p.move(staged, to)
}

// parents makes the directories that lead to the destination.
func (p *placer) parents(dir string) error {
	parent, made, err := nolink.MakeParent(p.ws.root, path.Join(dir, "x"), 0o755)
	if err == nil {
		_ = parent.Close()
	}
	for _, d := range made {
		p.undo = append(p.undo, func() { _ = p.ws.root.Remove(d) })
	}
	if err != nil {
		return p.ws.wrap("make the directory", dir, err)
	}
	return nil
}

// move moves one staged file or tree to the path to. If nothing exists there,
// that is one rename. Otherwise a directory is merged entry by entry into the
// existing one, and a file replaces the old one.
func (p *placer) move(staged, to string) error {
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	if p.guarded {
		dir, err := nolink.Parent(p.ws.root, to)
		if err != nil {
			return p.ws.wrap("copy to", to, err)
		}
		_ = dir.Close()
	}
	info, err := p.ws.root.Lstat(staged)
	if err != nil {
		return p.ws.wrap("copy to", to, err)
	}
	old, err := p.ws.root.Lstat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p.moveNew(staged, to, info.IsDir())
	case err != nil:
		return p.ws.wrap("copy to", to, err)
	case info.IsDir() != old.IsDir():
		return &InvalidError{"dest", quote(to) + " exists: a file and a directory cannot take each other's place"}
	case info.IsDir():
		return p.merge(staged, to)
	default:
		return p.moveOver(staged, to)
	}
}

func (p *placer) moveNew(staged, to string, isDir bool) error {
	var tree []copiedDir // a directory and those below it, which follow it
	if isDir {
		tree = p.tree(staged)
	}
	// Permission bits are set when a directory is complete, children first. The
	// topmost directory gets them last: it must be writable to be moved.
	for i, d := range slices.Backward(tree) {
		if i == 0 {
			break
		}
		if err := p.ws.root.Chmod(d.staged, d.perm); err != nil {
			return p.ws.wrap("copy to", to, err)
		}
	}
	if err := p.ws.root.Rename(staged, to); err != nil {
		return p.ws.wrap("copy to", to, err)
	}
	p.undo = append(p.undo, func() { _ = p.ws.removeAll(to) })
	if len(tree) == 0 {
		return nil
	}
	if err := p.ws.root.Chmod(to, tree[0].perm); err != nil {
		return p.ws.wrap("copy to", to, err)
	}
	return nil
}

// tree returns the directory staged and those below it from dirs.
func (p *placer) tree(staged string) []copiedDir {
	first, ok := slices.BinarySearchFunc(p.dirs, staged, func(d copiedDir, name string) int {
		return comparePaths(d.staged, name)
	})
	if !ok {
		return nil
	}
	last := first + 1
	for last < len(p.dirs) && within(staged, p.dirs[last].staged) {
		last++
	}
	return p.dirs[first:last]
}

func (p *placer) merge(staged, to string) error {
	entries, err := fs.ReadDir(p.ws.root.FS(), staged)
	if err != nil {
		return p.ws.wrap("copy to", to, err)
	}
	for _, e := range entries {
		if err := p.move(path.Join(staged, e.Name()), path.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// moveOver replaces a file and keeps the old one until the copy is complete. It
// keeps it by a hard link where the file system has them, so that the file
// exists at all times.
func (p *placer) moveOver(staged, to string) error {
	change := p.compare(staged, to)
	saved := path.Join(p.backup, strconv.Itoa(len(p.over)))
	if err := p.ws.root.Link(to, saved); err != nil {
		if err := p.ws.root.Rename(to, saved); err != nil {
			return p.ws.wrap("copy to", to, err)
		}
	}
	p.undo = append(p.undo, func() { _ = p.ws.root.Rename(saved, to) })
	if err := p.ws.root.Rename(staged, to); err != nil {
		return p.ws.wrap("copy to", to, err)
	}
	p.over[to] = change
	return nil
}

// compare counts the lines that change. A link has none.
func (p *placer) compare(staged, to string) Change {
	c := Change{Path: to, Change: ChangeModified}
	if !p.lines {
		return c
	}
	before, after, ok := p.contents(to, staged)
	if ok {
		c.Added, c.Removed = countLines(before, after)
	}
	return c
}

func (p *placer) contents(old, staged string) (before, after []byte, ok bool) {
	_, before, err := p.ws.existingFile(place{p.ws.root, old, old})
	if err != nil {
		return nil, nil, false
	}
	_, after, err = p.ws.existingFile(place{p.ws.root, staged, staged})
	return before, after, err == nil
}

// removeAll removes a tree that this package made, directories without
// permissions included.
func (w *Workspace) removeAll(name string) error {
	if err := instance.RemoveIn(w.root, name); err != nil {
		return fmt.Errorf("%w", reason(err))
	}
	return nil
}
