// Package nolink opens directories and reads files below an os.Root without
// following links, so that nobody can redirect a path after it was checked. Paths are relative, with slashes.
package nolink

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// ErrReplaced says that a directory or file was replaced meanwhile.
var ErrReplaced = errors.New("it was replaced meanwhile")

// Open opens the directory whose info was read before. It refuses a link or
// another directory that has replaced it with ErrReplaced.
func Open(root *os.Root, name string, info fs.FileInfo) (*os.Root, error) {
	r, err := root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	now, err := r.Stat(".")
	if err == nil && !os.SameFile(now, info) {
		err = ErrReplaced
	}
	if err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// Dir opens a directory. Where an element of its path is no directory, be it a link
// to one, the error is syscall.ENOTDIR.
func Dir(root *os.Root, name string) (*os.Root, error) {
	return walk(root, name, func(*os.Root, string, string) error { return fs.ErrNotExist })
}

// Within calls do with a directory that is open during the call: Dir, or root
// itself for ".".
func Within(root *os.Root, name string, do func(*os.Root) error) error {
	if name == "." {
		return do(root)
	}
	dir, err := Dir(root, name)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	return do(dir)
}

// Parent is Dir for the directory that name is in.
func Parent(root *os.Root, name string) (*os.Root, error) { return Dir(root, path.Dir(name)) }

// MakeParent is Parent, but makes missing directories. made lists those,
// parents first, also beside an error.
func MakeParent(root *os.Root, name string, perm fs.FileMode) (dir *os.Root, made []string, err error) {
	dir, err = walk(root, path.Dir(name), func(r *os.Root, elem, whole string) error {
		err := r.Mkdir(elem, perm)
		switch {
		case err == nil:
			made = append(made, whole)
		case errors.Is(err, fs.ErrExist):
			return nil
		}
		return err
	})
	return dir, made, err
}

// IsGone reports whether an error of opening a directory means that it does not
// exist.
func IsGone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) }

// walk opens the directories of a path one after the other. It calls missing
// for one that does not exist, with its parent.
func walk(root *os.Root, name string, missing func(r *os.Root, elem, whole string) error) (*os.Root, error) {
	if name == "." {
		return root.OpenRoot(".")
	}
	r, end := root, -1
	for elem := range strings.SplitSeq(name, "/") {
		end += 1 + len(elem)
		next, err := step(r, elem)
		if errors.Is(err, fs.ErrNotExist) {
			if err = missing(r, elem, name[:end]); err == nil {
				next, err = step(r, elem)
			}
		}
		if r != root {
			_ = r.Close()
		}
		if err != nil {
			return nil, err
		}
		r = next
	}
	return r, nil
}

func step(r *os.Root, elem string) (*os.Root, error) {
	info, err := r.Lstat(elem)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: elem, Err: syscall.ENOTDIR}
	}
	return Open(r, elem, info)
}
