package snapshot

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
)

var (
	// errFull says that the content does not fit into the store.
	errFull = errors.New("the undo store is full")
	// errLarge says that the content is over the cap.
	errLarge = errors.New("too large")
	// errLost says that the content is not, or no longer, available.
	errLost = errors.New("its content is lost")
	// errLate says that it is not known what the turn left there.
	errLate = errors.New("it was changed after the server had ended, or may have been")
)

// store holds contents by their hash, one file each, in a directory that only
// this user can enter. Any number of servers can write to it at once.
type store struct {
	dir  string
	max  int64 // bytes, in blocks
	used atomic.Int64
}

const objectsDir = "objects"

func openStore(dir string, maxBytes int64) (*store, error) {
	s := &store{dir: filepath.Join(dir, objectsDir), max: maxBytes}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the undo store: %w", err)
	}
	return s, nil
}

// measure finds out how many bytes are stored.
func (s *store) measure() error {
	var used int64
	err := s.each(func(_ string, info fs.FileInfo) error {
		used += blocks(info.Size())
		return nil
	})
	s.used.Store(used)
	return err
}

func blocks(size int64) int64 { return (size + block - 1) / block * block }

func (s *store) path(h Hash) string {
	name := h.String()
	return filepath.Join(s.dir, name[:2], name[2:])
}

func (s *store) has(h Hash, size int64) bool {
	info, err := os.Lstat(s.path(h))
	return err == nil && info.Size() == size
}

// putBytes stores a content in memory. It writes the final file directly,
// because making the file takes most of the time and a rename would double
// that. A file that a killed process left incomplete is found by its size, and
// by its hash when it is read.
func (s *store) putBytes(data []byte, sync bool) (Hash, error) {
	h, size := Hash(sha256.Sum256(data)), int64(len(data))
	if s.used.Load()+blocks(size) > s.max && !s.has(h, size) {
		return h, errFull
	}
	f, err := s.create(h)
	if errors.Is(err, fs.ErrExist) {
		return h, s.repair(h, data, sync)
	}
	if err != nil {
		return h, fmt.Errorf("undo store: %w", err)
	}
	_, err = f.Write(data)
	if err == nil && sync {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return h, err
	}
	s.used.Add(blocks(size))
	return h, nil
}

// create makes the file of a content, and its directory if it is the first one
// there.
func (s *store) create(h Hash) (*os.File, error) {
	f, err := os.OpenFile(s.path(h), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err = s.makeDir(h); err == nil {
			f, err = os.OpenFile(s.path(h), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		}
	}
	return f, err
}

func (s *store) makeDir(h Hash) error {
	return os.MkdirAll(filepath.Dir(s.path(h)), 0o700)
}

// repair replaces a content that another process, or a crash, has left
// incomplete. With sync it reads the file to find that out.
func (s *store) repair(h Hash, data []byte, sync bool) error {
	size := int64(len(data))
	whole := s.has(h, size)
	if whole && sync {
		_, err := s.read(h, size)
		whole = err == nil
	}
	if whole {
		return nil
	}
	temp, err := s.temp()
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	return s.finish(temp, h, size, sync, err)
}

// put stores the content of in, at most limit bytes, and returns their number.
// A content that fits into the scratch space buf is written only if it is new.
func (s *store) put(in *os.File, size, limit int64, buf []byte, sync bool) (Hash, int64, error) {
	if size < int64(len(buf)) {
		n, err := io.ReadFull(in, buf)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			h, err := s.putBytes(buf[:n], sync)
			return h, int64(n), err
		}
		if err != nil {
			return Hash{}, 0, err
		}
		if _, err := in.Seek(0, io.SeekStart); err != nil { // the file has grown
			return Hash{}, 0, err
		}
	}
	temp, err := s.temp()
	if err != nil {
		return Hash{}, 0, err
	}
	h, n, err := fill(temp, in, size, limit, buf)
	return h, n, s.finish(temp, h, n, sync, err)
}

// fill copies in to out and hashes it. It hashes a clone after it was made, so
// that the hash is that of the stored content even if in changes.
func fill(out, in *os.File, size, limit int64, buf []byte) (h Hash, n int64, err error) {
	sum := sha256.New()
	limited := &io.LimitedReader{R: in, N: limit + 1}
	if size >= cloneBytes && cloneFile(out, in) {
		limited.R = out
		n, err = io.CopyBuffer(struct{ io.Writer }{sum}, limited, buf)
	} else {
		n, err = io.CopyBuffer(io.MultiWriter(out, sum), limited, buf)
	}
	if err == nil && n > limit {
		err = errLarge
	}
	return Hash(sum.Sum(nil)), n, err
}

func (s *store) temp() (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(s.dir, tempName()), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("undo store: %w", err)
	}
	return f, nil
}

// finish renames temp to its final name, or removes it if there was an error.
func (s *store) finish(temp *os.File, h Hash, size int64, sync bool, err error) error {
	if err == nil && s.used.Add(blocks(size)) > s.max {
		s.used.Add(-blocks(size))
		err = errFull
	}
	if err == nil && sync {
		err = temp.Sync()
	}
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = s.makeDir(h)
	}
	if err == nil {
		err = os.Rename(temp.Name(), s.path(h))
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}

// read returns a whole content of at most limit bytes.
func (s *store) read(h Hash, limit int64) ([]byte, error) {
	f, err := os.Open(s.path(h))
	if err != nil {
		return nil, errLost
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > limit:
		return nil, errLarge
	case Hash(sha256.Sum256(data)) != h:
		return nil, errLost
	}
	return data, nil
}

// copyTo writes a content to out, which is empty, and checks it.
func (s *store) copyTo(out *os.File, h Hash) error {
	in, err := os.Open(s.path(h))
	if err != nil {
		return errLost
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	got, _, err := fill(out, in, info.Size(), info.Size(), make([]byte, bufferBytes))
	if err == nil && got != h {
		err = errLost
	}
	return err
}

// each visits all objects and the files of failed writes.
func (s *store) each(visit func(path string, info fs.FileInfo) error) error {
	return filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another server has finished or removed it
		}
		if err != nil {
			return err
		}
		return visit(path, info)
	})
}
