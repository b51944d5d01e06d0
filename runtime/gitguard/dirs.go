package gitguard

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// errNoDir says that there is something else than a directory.
var errNoDir = errors.New("is not a directory")

// within calls do with a directory below r, open for that time. No name on the
// way is a link.
func within(r *os.Root, rel string, do func(*os.Root) error) error {
	if rel == "." {
		return do(r)
	}
	dir, err := enter(r, rel)
	if err != nil {
		return err
	}
	defer dir.Close()
	return do(dir)
}

func enter(r *os.Root, rel string) (*os.Root, error) {
	if rel == "." {
		return r.OpenRoot(rel)
	}
	at := r
	for name := range strings.SplitSeq(rel, "/") {
		next, err := step(at, name)
		if at != r {
			at.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", rel, err)
		}
		at = next
	}
	return at, nil
}

// step opens one directory. A Root follows links that stay in it, so what was
// opened must be what bears the name.
func step(r *os.Root, name string) (*os.Root, error) {
	was, err := r.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !was.IsDir() {
		return nil, fmt.Errorf("%s %w", name, errNoDir)
	}
	next, err := r.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	if is, err := next.Stat("."); err != nil || !os.SameFile(was, is) {
		next.Close()
		return nil, errors.Join(err, fmt.Errorf("%s was replaced just now; try again", name))
	}
	return next, nil
}

// list names at most most entries of a directory, in order; ok is false when there
// are more, or when it cannot be read.
func list(r *os.Root, most int) (entries []fs.DirEntry, ok bool) {
	f, err := r.Open(".")
	if err != nil {
		return nil, false
	}
	defer f.Close()
	entries, err = f.ReadDir(most + 1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, (err == nil || errors.Is(err, io.EOF)) && len(entries) <= most
}

// exists tells whether anything is there, be it a link.
func exists(r *os.Root, name string) bool {
	_, err := r.Lstat(name)
	return err == nil
}

// readFile reads a regular file of at most most bytes, and no link.
func readFile(r *os.Root, name string, most int64) ([]byte, fs.FileInfo, error) {
	was, err := r.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !was.Mode().IsRegular() {
		return nil, was, fmt.Errorf("%s is no regular file", name)
	}
	f, err := r.OpenFile(name, os.O_RDONLY|openNonblock, 0)
	if err != nil {
		return nil, was, err
	}
	defer f.Close()
	is, err := f.Stat()
	if err != nil || !os.SameFile(was, is) {
		return nil, was, errors.Join(err, fmt.Errorf("%s was replaced just now", name))
	}
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s has more than %d bytes", name, most)
	}
	return text, was, err
}

// replace puts text in the place of a file, with the file's mode and owner, in a
// file that has no other name.
func replace(r *os.Root, name string, old fs.FileInfo, text []byte) error {
	temp := name + suffix("new")
	f, err := r.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(old.Mode().Perm()), f.Close())
	if err == nil {
		giveTo(r, temp, old)
		err = r.Rename(temp, name)
	}
	if err != nil {
		_ = r.Remove(temp)
	}
	return err
}

// separate makes a file with several names a copy of itself, so that it cannot be
// changed by way of another name.
func separate(r *os.Root, name string, info fs.FileInfo) (fs.FileInfo, error) {
	if links(info) < 2 {
		return info, nil
	}
	text, old, err := readFile(r, name, maxFile)
	if err == nil {
		err = replace(r, name, old, text)
	}
	if err != nil {
		return nil, fmt.Errorf("it has another name (a hard link) and cannot be copied: %w", err)
	}
	return r.Lstat(name)
}

// openByNames opens a directory to be listed.
func openByNames(root *os.Root, rel string) (*os.File, error) {
	r, err := enter(root, rel)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.Open(".")
}
