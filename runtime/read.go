package runtime

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// ReadFile returns the content of a regular file. A file of more than limit
// bytes is refused with an error that wraps ErrTooLarge; a missing one with
// ErrNotFound and the text "file NAME not found".
func (w *Workspace) ReadFile(name string, limit int64) ([]byte, error) {
	data, more, err := w.readPrefix(name, limit)
	if err != nil {
		return nil, err
	}
	if more {
		return nil, &fileError{fmt.Sprintf("file %s is larger than %d bytes", name, limit), ErrTooLarge}
	}
	return data, nil
}

// readPrefix reads at most limit bytes; more reports whether the file has more.
func (w *Workspace) readPrefix(name string, limit int64) (data []byte, more bool, err error) {
	clean, err := cleanFile(name)
	if err != nil {
		return nil, false, err
	}
	f, info, err := w.openRegular(clean)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = f.Close() }()
	// The size is only a hint: the file can grow, and files in /proc have none.
	buf := make([]byte, 0, min(max(info.Size(), 0), limit)+1)
	data, err = readAtMost(f, buf, limit+1)
	if err != nil {
		return nil, false, w.wrap("read", name, err)
	}
	if int64(len(data)) > limit {
		return data[:limit], true, nil
	}
	return data, false, nil
}

// readAtMost appends to buf until it has limit bytes or r ends.
func readAtMost(r io.Reader, buf []byte, limit int64) ([]byte, error) {
	for int64(len(buf)) < limit {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):min(int64(cap(buf)), limit)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
	return buf, nil
}

// openRegular opens a regular file for reading. The type is checked after
// opening, so that the checked file is the one that is read.
func (w *Workspace) openRegular(name string) (*os.File, fs.FileInfo, error) {
	return w.openRegularIn(w.root, name, name)
}

// openRegularIn is openRegular for a file base in an open directory; errors call
// it name.
func (w *Workspace) openRegularIn(dir *os.Root, base, name string) (*os.File, fs.FileInfo, error) {
	f, err := dir.OpenFile(base, os.O_RDONLY|nolink.Nonblock, 0)
	if err != nil {
		return nil, nil, w.wrap("open", name, err)
	}
	info, err := f.Stat()
	if err == nil {
		err = mustBeRegular(name, info)
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func mustBeRegular(name string, info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return &InvalidError{"path", quote(name) + " is a directory"}
	case !info.Mode().IsRegular():
		return &InvalidError{"path", quote(name) + " is not a regular file"}
	}
	return nil
}
