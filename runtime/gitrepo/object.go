package gitrepo

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // git's own name for it, not a defence
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// BlobID is the SHA-1 by which git names a blob.
type BlobID [20]byte

// ErrObject says that an object is missing or does not match its id.
var ErrObject = errors.New("git has lost its content")

// Blob reads a blob of at most limit bytes and checks it against its id. gitDir is
// the directory ".git", whose own objects alone are searched. Every error wraps
// ErrObject.
func Blob(gitDir string, id BlobID, limit int64) ([]byte, error) {
	r, err := os.OpenRoot(gitDir)
	if err != nil {
		return nil, ErrObject
	}
	defer func() { _ = r.Close() }()
	data, err := looseBlob(r, id, limit)
	if errors.Is(err, os.ErrNotExist) {
		data, err = packedBlob(r, id, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("%w (%x): %w", ErrObject, id, err)
	}
	sum := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(sum, "blob %d\x00", len(data))
	sum.Write(data)
	if !bytes.Equal(sum.Sum(nil), id[:]) {
		return nil, fmt.Errorf("%w (%x): damaged", ErrObject, id)
	}
	return data, nil
}

func looseBlob(r *os.Root, id BlobID, limit int64) ([]byte, error) {
	f, err := r.OpenFile(fmt.Sprintf("objects/%x/%x", id[:1], id[1:]), os.O_RDONLY|nolink.Nonblock, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	z, err := zlib.NewReader(f)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(z)
	head, err := in.ReadString(0)
	if err != nil || !strings.HasPrefix(head, "blob ") {
		return nil, errors.New("not a blob")
	}
	return readLimited(in, limit)
}

func readLimited(in io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it has more than %d bytes", limit)
	}
	return data, err
}
