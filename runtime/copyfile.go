package runtime

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
)

// file copies one regular file to its staging place.
func (c *copier) file(from, staged, to string) error {
	in, info, err := c.src.openRegular(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := c.dst.root.OpenFile(staged, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return c.dst.wrap("copy to", to, err)
	}
	tally := newTally(c.opts.Hash)
	err = c.content(io.MultiWriter(out, tally), in, from)
	if err == nil {
		err = out.Chmod(info.Mode().Perm())
	}
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	done := CopiedFile{Path: to, Bytes: tally.bytes, Change: ChangeAdded, Added: tally.lines()}
	if tally.hash != nil {
		done.SHA256 = hex.EncodeToString(tally.hash.Sum(nil))
	}
	c.report.Files = append(c.report.Files, done)
	return nil
}

// content copies bytes until the file ends, a cap is reached or ctx does.
func (c *copier) content(out io.Writer, in io.Reader, from string) error {
	if c.buf == nil {
		c.buf = make([]byte, copyChunk)
	}
	for {
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		n, err := in.Read(c.buf)
		if c.bytesLeft -= int64(n); c.bytesLeft < 0 {
			return &fileError{"copy: more bytes than the limit allows, at " + quote(from), ErrTooLarge}
		}
		if _, err := out.Write(c.buf[:n]); err != nil {
			return fmt.Errorf("copy %s: %w", quote(from), reason(err))
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("copy %s: %w", quote(from), reason(err))
		}
	}
}

// tally counts what passes, so that nothing has to be read twice.
type tally struct {
	bytes    int64
	newlines int
	last     byte
	binary   bool
	hash     hash.Hash // nil when it is not wanted
}

func newTally(hashed bool) *tally {
	t := &tally{}
	if hashed {
		t.hash = sha256.New()
	}
	return t
}

// Write never fails.
func (t *tally) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	t.bytes += int64(len(p))
	t.newlines += bytes.Count(p, []byte{'\n'})
	t.last = p[len(p)-1]
	t.binary = t.binary || bytes.IndexByte(p, 0) >= 0
	if t.hash != nil {
		_, _ = t.hash.Write(p)
	}
	return len(p), nil
}

// lines counts as countLines does for a new file.
func (t *tally) lines() int {
	switch {
	case t.binary:
		return 0
	case t.bytes > 0 && t.last != '\n':
		return t.newlines + 1
	}
	return t.newlines
}
