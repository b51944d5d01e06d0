package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// readAll stores the contents of the files unread in a directory, in batches,
// and closes the directory when all are done.
func (s *scan) readAll(r *os.Root, entries []entry, unread []int) {
	if len(unread) == 0 {
		_ = r.Close()
		return
	}
	var left atomic.Int64
	left.Store(int64((len(unread) + batch - 1) / batch))
	for len(unread) > 0 {
		some := unread[:min(batch, len(unread))]
		unread = unread[len(some):]
		s.pool.add(func(buf []byte) error {
			defer func() {
				if left.Add(-1) == 0 {
					_ = r.Close()
				}
			}()
			if buf == nil {
				return nil
			}
			for _, i := range some {
				if s.pool.ctx.Err() != nil {
					return context.Cause(s.pool.ctx)
				}
				if err := s.t.take(r, &entries[i], buf, false); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// take reads the file of an entry into the store, or records why it cannot. It
// describes the file that it has opened, even if another one has the name by
// then. Only the store causes errors, which concern all files.
func (t *Tracker) take(r *os.Root, e *entry, buf []byte, sync bool) error {
	at := time.Now()
	f, err := r.OpenFile(e.name, os.O_RDONLY|nolink.Nonblock, 0)
	if err != nil {
		e.note = "cannot be read: " + reason(err).Error()
		return nil
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || stampOf(info).ino != e.stamp.ino {
		e.note = nolink.ErrReplaced.Error()
		return nil
	}
	e.stamp, e.mode = stampOf(info), permOf(info.Mode())
	e.racy = !e.stamp.settled(at)
	hash, n, err := t.store.put(f, e.stamp.size, t.opts.MaxFileBytes, buf, sync)
	switch {
	case errors.Is(err, errFull):
		e.note = fmt.Sprintf("%s (%d bytes)", errFull, t.opts.MaxStoreBytes)
	case errors.Is(err, errLarge):
		e.note = tooLarge(t.opts.MaxFileBytes)
	case err != nil && isStoreError(err):
		return fmt.Errorf("undo store: %w", reason(err))
	case err != nil:
		e.note = "cannot be read: " + reason(err).Error()
	default:
		e.held, e.hash = heldStore, hash
		if n != e.stamp.size { // it changed while it was read
			e.stamp.size, e.racy = n, true
		}
	}
	return nil
}

// isStoreError reports whether a write failed, and not a read.
func isStoreError(err error) bool {
	var pe *fs.PathError
	var le *os.LinkError
	return errors.As(err, &le) || (errors.As(err, &pe) && pe.Op != "read")
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) }

// reason removes from an error the operation and the path that package os has
// added.
func reason(err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return pe.Err
	case errors.As(err, &le):
		return le.Err
	}
	return err
}
