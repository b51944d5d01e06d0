package runtime

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Edit replaces the content of an existing file by what change makes of it. As
// with WriteFile the new content becomes visible at once and whole and is synced
// to the disk, the permission bits (and, for root, the owner) stay, links inside
// are written through, and other hard links keep the old content.
//
// The file must still be what change was given when the new one takes its place:
// otherwise nothing is written and the error wraps ErrConflict; read it again and
// retry. Edits and writes through one Workspace never overtake each other. A
// write of another process is noticed unless it falls between the last look and
// the rename, some microseconds later.
//
// change runs without a lock; its error is returned as it is, and the file stays.
// It must not keep or alter old. Should it return the same content, nothing is
// written and the Change has no lines.
//
// Errors wrap ErrNotFound, ErrOutside, ErrTooLarge (old or new content is over
// MaxFileBytes) or ErrConflict, or are an *InvalidError (not a regular file).
func (w *Workspace) Edit(name string, change func(old []byte) ([]byte, error)) (Change, error) {
	clean, err := cleanFile(name)
	if err != nil {
		return Change{}, err
	}
	real, err := w.resolve(clean)
	if err != nil {
		return Change{}, err
	}
	before, old, err := w.snapshot(clean, real)
	if err != nil {
		return Change{}, err
	}
	after, err := change(before)
	if err != nil {
		return Change{}, err
	}
	if len(after) > MaxFileBytes {
		return Change{}, tooLarge("edit", clean, int64(len(after)))
	}
	done := Change{Path: clean, Change: ChangeModified}
	if bytes.Equal(before, after) {
		return done, nil
	}
	still := func() error { return w.unchanged(clean, real, before, old) }
	err = w.replace(real, after, old, still)
	if errors.Is(err, ErrConflict) {
		return Change{}, err
	}
	if err != nil {
		return Change{}, w.wrap("edit", clean, err)
	}
	done.Added, done.Removed = countLines(before, after)
	return done, nil
}

// snapshot reads a whole file and what identifies it.
func (w *Workspace) snapshot(clean, real string) ([]byte, fs.FileInfo, error) {
	f, info, err := w.openRegular(real)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	if info.Size() > MaxFileBytes {
		return nil, nil, tooLarge("edit", clean, info.Size())
	}
	data, err := readAtMost(f, make([]byte, 0, info.Size()+1), MaxFileBytes+1)
	if err != nil {
		return nil, nil, w.wrap("read", clean, err)
	}
	if len(data) > MaxFileBytes {
		return nil, nil, tooLarge("edit", clean, int64(len(data)))
	}
	return data, info, nil
}

// unchanged is nil when real still is the file that was read. Time stamps alone
// do not tell: two writes within one tick of the clock have the same, so the
// content is compared too.
func (w *Workspace) unchanged(clean, real string, before []byte, old fs.FileInfo) error {
	conflict := &fileError{"edit " + quote(clean) + ": it was changed by someone else meanwhile; read it again", ErrConflict}
	f, now, err := w.openRegular(real)
	if err != nil {
		return conflict
	}
	defer func() { _ = f.Close() }()
	if !os.SameFile(old, now) || now.Size() != old.Size() || !now.ModTime().Equal(old.ModTime()) || now.Mode() != old.Mode() {
		return conflict
	}
	data, err := readAtMost(f, make([]byte, 0, now.Size()+1), now.Size()+1)
	if err != nil || !bytes.Equal(before, data) {
		return conflict
	}
	return nil
}

func tooLarge(op, name string, size int64) error {
	return &fileError{fmt.Sprintf("%s %s: %d bytes are more than the limit of %d", op, quote(name), size, MaxFileBytes), ErrTooLarge}
}
