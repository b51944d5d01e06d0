package runtime

import (
	"fmt"
	"io"
	"io/fs"
	"os"
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

// readPrefix reads at most limit bytes; more tells that there are others.
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
	// The size is a hint only: the file can grow, and those of /proc have none.
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

// openRegular opens a regular file for reading. Anything else is refused after
// it was opened, never before: what is looked at is what is read.
func (w *Workspace) openRegular(name string) (*os.File, fs.FileInfo, error) {
	f, err := w.root.OpenFile(name, os.O_RDONLY|openNonblock, 0)
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
