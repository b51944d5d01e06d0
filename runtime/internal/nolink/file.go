package nolink

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ReadFile reads a regular file of up to most bytes in a directory. info is set
// beside an error too, unless there is no such file.
func ReadFile(dir *os.Root, name string, most int64) (text []byte, info fs.FileInfo, err error) {
	info, err = dir.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, info, fmt.Errorf("%s is no regular file", name)
	}
	f, err := dir.OpenFile(name, os.O_RDONLY|Nonblock, 0)
	if err != nil {
		return nil, info, err
	}
	defer func() { _ = f.Close() }()
	now, err := f.Stat()
	if err == nil && !os.SameFile(info, now) {
		err = fmt.Errorf("%s: %w", name, ErrReplaced)
	}
	if err != nil {
		return nil, info, err
	}
	if now.Size() > most {
		return nil, info, tooLarge(name, most)
	}
	var all bytes.Buffer
	all.Grow(int(now.Size()) + bytes.MinRead) // one more read tells the end without growing
	if _, err = all.ReadFrom(io.LimitReader(f, most+1)); err == nil && int64(all.Len()) > most {
		err = tooLarge(name, most)
	}
	return all.Bytes(), info, err
}

func tooLarge(name string, most int64) error {
	return fmt.Errorf("%s has more than %d bytes", name, most)
}
