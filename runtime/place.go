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
)

// placer puts a staged tree in its place and can take that back.
type placer struct {
	ctx    context.Context // lives as long as the copy
	ws     *Workspace
	lines  bool              // count those that change
	backup string            // directory for what is replaced, on the same file system
	dirs   []copiedDir       // the staged directories, in order of comparePaths
	undo   []func()          // in the order of what was done
	over   map[string]Change // files that took the place of others
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
	made, err := p.ws.makeDirs(dir)
	for _, d := range made {
		p.undo = append(p.undo, func() { _ = p.ws.root.Remove(d) })
	}
	if err != nil {
		return p.ws.wrap("make the directory", dir, err)
	}
	return nil
}

// move puts one staged file or tree at to: in one go when nothing is there, else
// a directory entry by entry into the one that is, and a file in the place of
// the old one.
func (p *placer) move(staged, to string) error {
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
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
	// Permission bits come when nothing more is written there, children first. The
	// topmost directory's come last: to be moved it must be writable.
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

// tree returns the part of dirs that staged heads.
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

// moveOver replaces a file and keeps the old one until all is done. A second
// name for it, where the file system has such, leaves no moment without a file.
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

// compare counts the lines that change. A side that is a link has none.
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
	_, before, err := p.ws.existingFile(old)
	if err != nil {
		return nil, nil, false
	}
	_, after, err = p.ws.existingFile(staged)
	return before, after, err == nil
}

// removeAll removes a tree of ours, directories without rights included.
func (w *Workspace) removeAll(name string) error {
	if err := instance.RemoveIn(w.root, name); err != nil {
		return fmt.Errorf("%w", reason(err))
	}
	return nil
}
