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

// removeHere removes what is gone there, or has become something else, unless it
// has changed here meanwhile.
func (f *fetch) removeHere() error {
	var names []string
	_, gitThere := f.seen[".git"]
	for name, was := range f.known {
		now, ok := f.seen[name]
		switch {
		case ok && was.mode.IsDir() == now.mode.IsDir():
			continue
		case f.isGuarded(name), f.hasGit && !gitThere && strings.HasPrefix(name+"/", ".git/"):
			if !ok { // what is not there any more goes there again
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
		// A directory that got something here meanwhile stays.
		if err := f.root.Remove(name); err != nil && !info.IsDir() {
			return fmt.Errorf("remove %q, as the command did: %w", name, err)
		}
	}
	return nil
}

// place moves what was put aside into the workspace.
func (f *fetch) place(ctx context.Context) error {
	empty, err := fs.ReadDir(f.stage.FS(), ".")
	if err != nil {
		return err
	}
	if len(empty) == 0 {
		return nil
	}
	report, err := f.aside.CopyTo(ctx, f.ws, ".", ".", runtime.CopyOptions{MaxFiles: 2 * f.limit.files, MaxBytes: f.limit.bytes})
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
			return nil // it has just gone here
		}
		now := f.seen[name]
		now.mtime, now.stamp = info.ModTime(), stampOf(info)
		f.known[name] = now
		return nil
	})
}
