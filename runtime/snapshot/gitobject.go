package snapshot

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
)

// errObject: an object that is not there, or is not what its name says.
var errObject = errors.New("git has lost its content")

// gitBlob reads a blob of at most limit bytes and checks it against its id.
// gitDir is the directory ".git"; nothing but its own objects is looked at.
func gitBlob(gitDir string, id blobID, limit int64) ([]byte, error) {
	r, err := os.OpenRoot(gitDir)
	if err != nil {
		return nil, errObject
	}
	defer func() { _ = r.Close() }()
	data, err := looseBlob(r, id, limit)
	if errors.Is(err, os.ErrNotExist) {
		data, err = packedBlob(r, id, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("%w (%x): %w", errObject, id, err)
	}
	sum := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(sum, "blob %d\x00", len(data))
	sum.Write(data)
	if !bytes.Equal(sum.Sum(nil), id[:]) {
		return nil, fmt.Errorf("%w (%x): damaged", errObject, id)
	}
	return data, nil
}

func looseBlob(r *os.Root, id blobID, limit int64) ([]byte, error) {
	f, err := r.OpenFile(fmt.Sprintf("objects/%x/%x", id[:1], id[1:]), os.O_RDONLY|openNonblock, 0)
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
		err = errLarge
	}
	return data, err
}

// readRegular reads a regular file of at most limit bytes.
func readRegular(r *os.Root, name string, limit int64) ([]byte, error) {
	f, err := r.OpenFile(name, os.O_RDONLY|openNonblock, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	return readLimited(f, limit)
}
