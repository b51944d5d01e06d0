package docker

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime"
)

// removeHere removes from the workspace what was removed in the container, or
// has another type there, unless it has changed in the workspace meanwhile.
func (f *fetch) removeHere() error {
	var names []string
	_, gitThere := f.seen[".git"]
	for name, was := range f.known {
		now, ok := f.seen[name]
		switch {
		case ok && was.mode.IsDir() == now.mode.IsDir():
			continue
		case f.isGuarded(name), f.hasGit && !gitThere && strings.HasPrefix(name+"/", ".git/"):
			if !ok { // it is gone in the container: the next send copies it again
				delete(f.known, name)
			}
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range slices.Backward(names) {
		was := f.known[name]
		delete(f.known, name)
		info, err := f.root.Lstat(name)
		if err != nil || cleanMode(info.Mode()) != was.mode || !info.IsDir() && !info.ModTime().Equal(was.mtime) {
			continue
		}
		// A directory that got a new file in the workspace meanwhile stays.
		if err := f.root.Remove(name); err != nil && !info.IsDir() {
			return fmt.Errorf("remove %q, as the command did: %w", name, err)
		}
	}
	return nil
}

// place moves the staged files into the workspace.
func (f *fetch) place(ctx context.Context) error {
	empty, err := fs.ReadDir(f.stage.FS(), ".")
	if err != nil {
		return err
	}
	if len(empty) == 0 {
		return nil
	}
	report, err := f.aside.CopyTo(ctx, f.ws, ".", ".", runtime.CopyOptions{MaxFiles: 2 * f.limit.files, MaxBytes: f.limit.bytes, Unguarded: true})
	if err != nil {
		return err
	}
	skipped := make(map[string]bool)
	for _, s := range report.Skipped {
		skipped[s.Path] = true
		f.leave(s.Path, f.seen[s.Path], s.Reason)
	}
	return fs.WalkDir(f.stage.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || name == "." || skipped[name] {
			return err
		}
		if _, old := f.known[name]; !old && os.Geteuid() == 0 {
			_ = f.root.Lchown(name, f.uid, f.gid) // as in a mounted workspace
		}
		info, err := f.root.Lstat(name)
		if err != nil {
			return nil // it was just removed in the workspace
		}
		now := f.seen[name]
		now.mtime, now.stamp = info.ModTime(), stampOf(info)
		f.known[name] = now
		return nil
	})
}
