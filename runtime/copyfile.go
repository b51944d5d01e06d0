package runtime

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// file copies one regular file to the staging directory; ok is false when the
// opened file is skipped.
func (c *copier) file(lv *level, e entry, buf []byte) (done CopiedFile, ok bool, err error) {
	from, to := path.Join(lv.from, e.name), path.Join(lv.to, e.to)
	in, err := lv.in.OpenFile(e.name, os.O_RDONLY|nolink.Nonblock, 0)
	if err != nil {
		return done, false, c.src.wrap("copy", from, err)
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		return done, false, c.src.wrap("copy", from, err)
	}
	if why := unfit(info.Mode()); why != "" {
		c.skip(from, why)
		return done, false, nil
	}
	out, err := lv.out.OpenFile(e.staged, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return done, false, c.dst.wrap("copy to", to, err)
	}
	done = CopiedFile{Path: to, Change: ChangeAdded}
	err = c.content(out, in, info.Size(), buf, &done)
	if err == nil {
		err = out.Chmod(info.Mode().Perm())
	}
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	switch {
	case errors.Is(err, ErrTooLarge):
		err = &fileError{"copy: more bytes than the limit allows, at " + quote(from), ErrTooLarge}
	case err != nil && c.ctx.Err() == nil:
		err = fmt.Errorf("copy %s: %w", quote(from), reason(err))
	}
	return done, err == nil, err
}

// unfit returns why a file is not copied, "" when it is.
func unfit(mode fs.FileMode) string {
	switch {
	case !mode.IsRegular():
		return "special file"
	case mode&(fs.ModeSetuid|fs.ModeSetgid) != 0:
		return "setuid or setgid file"
	}
	return ""
}

// content copies all bytes, inside the kernel where this process need not read
// them. size is only a hint: the file can change meanwhile.
func (c *copier) content(out, in *os.File, size int64, buf []byte, done *CopiedFile) error {
	lines := !c.opts.NoLines && size <= maxCountedBytes
	if !c.opts.Hash && !lines && size > smallFile {
		n, err := c.kernelCopy(out, in, size)
		done.Bytes = n
		return err
	}
	t := tally{lines: lines}
	if c.opts.Hash {
		t.hash = sha256.New()
	}
	if err := c.countedCopy(out, in, buf, &t); err != nil {
		return err
	}
	done.Bytes, done.Added = t.bytes, t.count()
	if t.hash != nil {
		done.SHA256 = hex.EncodeToString(t.hash.Sum(nil))
	}
	return nil
}

// kernelCopy shares the file's blocks or copies large chunks, which *os.File
// does inside the kernel.
func (c *copier) kernelCopy(out, in *os.File, size int64) (total int64, err error) {
	if size <= c.bytesLeft.Load() && !c.noClone.Load() {
		if cloneFile(out, in) {
			info, err := out.Stat()
			if err != nil {
				return 0, err
			}
			return info.Size(), c.spend(info.Size())
		}
		c.noClone.Store(true) // so that it is not tried for the next files
	}
	for {
		if c.ctx.Err() != nil {
			return total, context.Cause(c.ctx)
		}
		chunk := min(copyChunk, c.bytesLeft.Load()+1)
		n, err := io.CopyN(out, in, max(chunk, 1))
		total += n
		if spendErr := c.spend(n); spendErr != nil {
			return total, spendErr
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

func (c *copier) countedCopy(out, in *os.File, buf []byte, t *tally) error {
	for {
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		n, err := in.Read(buf)
		if err := c.spend(int64(n)); err != nil {
			return err
		}
		if n > 0 {
			t.take(buf[:n])
			if _, err := out.Write(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// spend subtracts n bytes from what may still be copied.
func (c *copier) spend(n int64) error {
	if c.bytesLeft.Add(-n) < 0 {
		return ErrTooLarge
	}
	return nil
}

// tally counts the bytes that are copied, so that no file is read twice.
type tally struct {
	lines    bool // count them
	bytes    int64
	newlines int
	last     byte
	binary   bool
	hash     hash.Hash // nil: do not hash
}

func (t *tally) take(p []byte) {
	t.bytes += int64(len(p))
	if t.lines && !t.binary {
		t.newlines += bytes.Count(p, []byte{'\n'})
		t.last = p[len(p)-1]
		t.binary = bytes.IndexByte(p, 0) >= 0
	}
	if t.hash != nil {
		_, _ = t.hash.Write(p)
	}
}

// count returns the lines as countLines counts those of a new file.
func (t *tally) count() int {
	switch {
	case t.binary || !t.lines:
		return 0
	case t.bytes > 0 && t.last != '\n':
		return t.newlines + 1
	}
	return t.newlines
}
