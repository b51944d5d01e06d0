package runtime

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pygent/pygent/runtime/instance"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// Workspace is a directory tree that an agent works in. All methods take
// workspace-relative paths with slashes and are safe for concurrent use.
type Workspace struct {
	root      *os.Root
	dir       string
	temporary bool
	escapes   error  // the error of os.Root for a path that leads out
	outer     string // of a temporary workspace: the directory that names its owner
	close     func() error
	publish   sync.Mutex // held from the last check of a file to its replacement
}

// OpenOptions are the options of OpenWorkspace. The zero value is fine.
type OpenOptions struct {
	// Protect lists host directories, such as the server's own state, that the
	// workspace must neither contain nor lie in. They need not exist.
	Protect []string
}

// OpenWorkspace opens the host directory dir. Links in dir are resolved once,
// here; if dir is moved later, the workspace is still that directory.
//
// It refuses with an error that wraps ErrOutside: the file system's root, the
// home directory, system directories (/etc, /run, /proc, /sys, /dev and what is
// below them), a directory that contains one of these, a file, a missing
// directory, a directory that contains a protected one or lies in it, and the
// directories that unfitItself lists.
func OpenWorkspace(dir string, opts OpenOptions) (*Workspace, error) {
	if dir == "" {
		return nil, &InvalidError{"root", "is empty"}
	}
	real, err := realDir(dir)
	if err != nil {
		return nil, refuseRoot(dir, reason(err).Error())
	}
	if why := unfitRoot(real, opts.Protect); why != "" {
		return nil, refuseRoot(dir, why)
	}
	info, err := os.Stat(real)
	if err != nil {
		return nil, refuseRoot(dir, reason(err).Error())
	}
	if !info.IsDir() {
		return nil, refuseRoot(dir, "it is not a directory")
	}
	return openRoot(real)
}

// TempWorkspace makes a new directory that only this user can enter. Close
// removes it; if this process is killed before, instance.Reap does.
func TempWorkspace() (*Workspace, error) {
	outer, err := instance.MakeDir("", "work")
	if err != nil {
		return nil, fmt.Errorf("make a temporary workspace: %w", err)
	}
	real, err := realDir(outer)
	if err == nil {
		real = filepath.Join(real, "workspace")
		err = os.Mkdir(real, 0o700)
	}
	var w *Workspace
	if err == nil {
		w, err = openRoot(real)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a temporary workspace: %w", err), removeTemporary(outer, real))
	}
	w.temporary, w.outer = true, outer
	return w, nil
}

func openRoot(real string) (*Workspace, error) {
	root, err := os.OpenRoot(real)
	if err != nil {
		return nil, fmt.Errorf("open workspace: %w", err)
	}
	w := &Workspace{root: root, dir: real}
	// Package os does not export this error, so get it with a path that leads
	// out.
	_, err = root.Lstat("..")
	w.escapes = reason(err)
	w.close = sync.OnceValue(w.shut)
	return w, nil
}

// Dir is the workspace's host path, absolute and free of links.
func (w *Workspace) Dir() string { return w.dir }

// Temporary reports whether Close removes the workspace.
func (w *Workspace) Temporary() bool { return w.temporary }

// Beside returns a host path for the plain name next to a temporary workspace.
// A file there is removed with the workspace. For other workspaces Beside
// returns "".
func (w *Workspace) Beside(name string) string {
	if !w.temporary {
		return ""
	}
	return filepath.Join(filepath.Dir(w.dir), "beside-"+name)
}

// Close releases the workspace, and removes it with its contents when it is
// temporary. Further calls return the first result.
func (w *Workspace) Close() error { return w.close() }

func (w *Workspace) shut() error {
	if !w.temporary {
		return w.root.Close()
	}
	return errors.Join(w.root.Close(), removeTemporary(w.outer, w.dir))
}

// removeTemporary removes a temporary workspace dir and its outer directory. It
// can remove an empty one also when no further file can be opened.
func removeTemporary(outer, dir string) error {
	if os.Remove(dir) == nil && instance.RemoveEmpty(outer) == nil {
		return nil
	}
	return instance.RemoveAll(outer)
}

// Check returns an error that wraps ErrUnavailable when the directory at Dir is
// no longer this workspace, because it was moved or deleted.
func (w *Workspace) Check() error {
	own, err := w.root.Stat(".")
	if err != nil {
		return fmt.Errorf("%w: the workspace %s is closed or gone: %w", ErrUnavailable, w.dir, reason(err))
	}
	there, err := os.Lstat(w.dir)
	if err != nil || !os.SameFile(own, there) {
		return fmt.Errorf("%w: the workspace %s was moved or deleted; open it anew", ErrUnavailable, w.dir)
	}
	return nil
}

// OpenDir opens a directory of the workspace; "" is the workspace itself. The
// caller closes it.
func (w *Workspace) OpenDir(name string) (*os.File, error) {
	clean, err := cleanDir(name)
	if err != nil {
		return nil, err
	}
	f, err := w.root.OpenFile(clean, os.O_RDONLY|nolink.Nonblock, 0)
	if err != nil {
		return nil, w.wrap("open", clean, err)
	}
	info, err := f.Stat()
	if err == nil && !info.IsDir() {
		err = &InvalidError{"path", quote(name) + " is not a directory"}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// ResolveDir returns the workspace-relative path of a directory with every link
// followed; for "", the workspace itself, it returns ".".
func (w *Workspace) ResolveDir(name string) (string, error) {
	clean, err := cleanDir(name)
	if err != nil {
		return "", err
	}
	real, err := w.resolve(clean)
	if err != nil {
		return "", err
	}
	f, err := w.OpenDir(real)
	if err != nil {
		return "", err
	}
	return real, f.Close()
}

func cleanDir(name string) (string, error) {
	if name == "" {
		return ".", nil
	}
	return CleanPath(name)
}

func realDir(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

func refuseRoot(dir, why string) error {
	return &fileError{"workspace " + quote(dir) + " refused: " + why, ErrOutside}
}

// RealPath resolves the links of the part of dir that exists.
func RealPath(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return filepath.Clean(dir)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	if parent := filepath.Dir(abs); parent != abs {
		return filepath.Join(RealPath(parent), filepath.Base(abs))
	}
	return abs
}

// contains reports whether inner is dir or lies below it.
func contains(dir, inner string) bool {
	rel, err := filepath.Rel(dir, inner)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
