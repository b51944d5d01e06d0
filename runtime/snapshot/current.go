package snapshot

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

var (
	errTooManyLinks = errors.New("too many levels of symbolic links")
	errLeadsOut     = errors.New("leads out of the workspace")
)

// stateOf returns what is at name now and stores its content. No link is
// followed: below one, and below a file, nothing is there. An error is one of
// the store.
func (t *Tracker) stateOf(name string, sync bool) (State, error) {
	e, err := t.entryOf(name, sync)
	return e.state(), err
}

func (t *Tracker) entryOf(name string, sync bool) (entry, error) {
	r, err := openParent(t.root, name)
	if err != nil {
		return missing(name, err), nil
	}
	defer func() { _ = r.Close() }()
	return t.entryIn(r, path.Base(name), sync)
}

// missing is the entry of what could not be looked at.
func missing(name string, err error) entry {
	if errors.Is(err, fs.ErrNotExist) {
		return entry{name: name, kind: Absent}
	}
	return entry{name: name, kind: Special, note: "cannot be read: " + reason(err).Error()}
}

// entryIn is entryOf for a name in an open directory.
func (t *Tracker) entryIn(r *os.Root, name string, sync bool) (entry, error) {
	info, err := r.Lstat(name)
	if err != nil {
		return missing(name, err), nil
	}
	e := newEntry(name, info)
	switch e.kind {
	case Special:
		e.note = "not a file, directory or link"
	case Link:
		if e.note, err = r.Readlink(name); err != nil {
			return missing(name, err), nil
		}
	case File:
		if e.stamp.size > t.opts.MaxFileBytes {
			e.note = tooLarge(t.opts.MaxFileBytes)
			break
		}
		err = t.take(r, &e, make([]byte, bufferBytes), sync)
	case Absent, Dir:
	}
	return e, err
}

// openParent opens the directory that name is in. Where an element on the way is
// no directory, be it a link to one, the error is fs.ErrNotExist.
func openParent(root *os.Root, name string) (*os.Root, error) {
	r, err := root.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	dir := path.Dir(name)
	if dir == "." {
		return r, nil
	}
	for elem := range strings.SplitSeq(dir, "/") {
		info, err := r.Lstat(elem)
		if err == nil && !info.IsDir() {
			err = fs.ErrNotExist
		}
		var next *os.Root
		if err == nil {
			next, err = openSame(r, elem, info)
		}
		_ = r.Close()
		if err != nil {
			return nil, err
		}
		r = next
	}
	return r, nil
}

// realPath follows the links in name, which can be missing, as os.Root does.
func realPath(root *os.Root, name string) (string, error) {
	done, rest := ".", strings.Split(path.Clean(name), "/")
	for links := 0; len(rest) > 0; {
		next := path.Join(done, rest[0])
		if next == ".." || strings.HasPrefix(next, "../") {
			return "", errLeadsOut
		}
		rest = rest[1:]
		info, err := root.Lstat(next)
		if errors.Is(err, fs.ErrNotExist) {
			return path.Join(next, path.Join(rest...)), nil
		}
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", errTooManyLinks
		}
		target, err := root.Readlink(next)
		if err != nil {
			return "", err
		}
		target = filepath.ToSlash(target)
		if path.IsAbs(target) {
			return "", errLeadsOut
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return done, nil
}
