package gitguard

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// list returns up to most entries of a directory, sorted; ok is false if there
// are more or it cannot be read.
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

// eachEntry calls do for at most maxEntries entries of a directory. complete is
// false if there are more. A removed directory counts as empty.
func eachEntry(f *os.File, do func(os.DirEntry)) (complete bool) {
	for seen := 0; seen <= maxEntries; {
		entries, err := f.ReadDir(listBatch)
		for _, e := range entries {
			do(e)
		}
		if err != nil {
			return errors.Is(err, io.EOF) || errors.Is(err, fs.ErrNotExist)
		}
		seen += len(entries)
	}
	return false
}

// exists reports whether a file of any type, also a link, exists.
func exists(r *os.Root, name string) bool {
	_, err := r.Lstat(name)
	return err == nil
}

// replace replaces a file by a new one with text and the old file's mode and
// owner. The new file has no other name.
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

// separate replaces a file that has several names by a copy, so that it cannot
// be changed by another name.
func separate(r *os.Root, name string, info fs.FileInfo) (fs.FileInfo, error) {
	if links(info) < 2 {
		return info, nil
	}
	text, old, err := nolink.ReadFile(r, name, maxFile)
	if err == nil {
		err = replace(r, name, old, text)
	}
	if err != nil {
		return nil, fmt.Errorf("it has another name (a hard link) and cannot be copied: %w", err)
	}
	return r.Lstat(name)
}
