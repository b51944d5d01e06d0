package search

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// kind is the type of an entry.
type kind byte

const (
	other kind = iota
	file
	dir
	link
)

// entry is a name in a directory.
type entry struct {
	name string
	kind kind
}

// folder is an open directory. Its methods follow no links.
type folder interface {
	// list appends the entries to some.
	list(some []entry) ([]entry, error)
	// stat returns an entry's kind and the time of its last change, in nanoseconds.
	stat(name string) (kind, int64, error)
	// open opens a regular file for reading.
	open(name string) (Source, error)
	close()
}

// Source is an open regular file, or another text.
type Source interface {
	io.ReaderAt
	io.Closer
	Size() int64 // when it was opened
}

// opener opens directories by their workspace-relative paths, and follows no links.
type opener interface {
	open(path string) (folder, error)
	close()
}

var errSpecial = errors.New("no regular file")

// rootOpener is the opener for all systems.
type rootOpener struct{ root *os.Root }

func (o rootOpener) open(path string) (folder, error) {
	at, err := nolink.Dir(o.root, path)
	if err == nil {
		return rootFolder{at}, nil
	}
	if info, now := o.root.Lstat(path); !errors.Is(now, fs.ErrPermission) && (now != nil || !info.IsDir()) {
		err = fs.ErrNotExist // it was replaced by a link, which has many errors
	}
	return nil, err
}

func (o rootOpener) close() {}

type rootFolder struct{ at *os.Root }

func (f rootFolder) list(some []entry) ([]entry, error) {
	d, err := f.at.Open(".")
	if err != nil {
		return some, err
	}
	defer func() { _ = d.Close() }()
	for {
		found, err := d.ReadDir(1024)
		for _, e := range found {
			some = append(some, entry{e.Name(), kindOf(e.Type())})
		}
		switch {
		case errors.Is(err, io.EOF):
			return some, nil
		case err != nil || len(some) > maxEntries:
			return some, err
		}
	}
}

func kindOf(mode fs.FileMode) kind {
	switch {
	case mode.IsRegular():
		return file
	case mode.IsDir():
		return dir
	case mode&fs.ModeSymlink != 0:
		return link
	}
	return other
}

func (f rootFolder) stat(name string) (kind, int64, error) {
	info, err := f.at.Lstat(name)
	if err != nil {
		return other, 0, err
	}
	return kindOf(info.Mode()), info.ModTime().UnixNano(), nil
}

func (f rootFolder) open(name string) (Source, error) {
	was, err := f.at.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !was.Mode().IsRegular() {
		return nil, errSpecial
	}
	opened, err := f.at.OpenFile(name, os.O_RDONLY|nolink.Nonblock, 0)
	if err != nil {
		if info, now := f.at.Lstat(name); !errors.Is(now, fs.ErrPermission) && (now != nil || !info.Mode().IsRegular()) {
			err = errSpecial
		}
		return nil, err
	}
	info, err := opened.Stat()
	if err == nil && !os.SameFile(was, info) {
		err = nolink.ErrReplaced
	}
	if err != nil {
		_ = opened.Close()
		return nil, err
	}
	return rootSource{opened, info.Size()}, nil
}

func (f rootFolder) close() { _ = f.at.Close() }

type rootSource struct {
	*os.File
	bytes int64
}

func (s rootSource) Size() int64 { return s.bytes }
