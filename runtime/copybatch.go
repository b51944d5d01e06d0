package runtime

import (
	"context"
	"errors"
	"os"
	goruntime "runtime"
	"sync"
	"sync/atomic"
)

// level is a directory of the source and its staged copy, both open: so that
// every name in it costs one system call and not a walk from the root. Its
// batches share it.
type level struct {
	from, staged, to string // workspace-relative
	in, out          *os.Root
	users            atomic.Int32
}

// entry is a name of one level. The three differ only at the top of a copy.
type entry struct{ name, staged, to string }

// batch is a group of files of one level.
type batch struct {
	*level
	files []entry
}

// open opens a level for one user.
func (c *copier) open(from, staged, to string) (*level, error) {
	in, err := c.src.root.OpenRoot(from)
	if err != nil {
		return nil, c.src.wrap("copy", from, err)
	}
	out, err := c.dst.root.OpenRoot(staged)
	if err != nil {
		return nil, errors.Join(c.dst.wrap("copy to", to, err), in.Close())
	}
	lv := &level{from: from, staged: staged, to: to, in: in, out: out}
	lv.users.Store(1)
	return lv, nil
}

// release closes the level when its last user is done. The error of closing a
// directory that was only read does not matter.
func (lv *level) release() {
	if lv.users.Add(-1) == 0 {
		_, _ = lv.in.Close(), lv.out.Close()
	}
}

// hand passes files to the workers.
func (c *copier) hand(lv *level, files []entry) error {
	if len(files) == 0 {
		return nil
	}
	lv.users.Add(1)
	select {
	case c.batches <- batch{lv, files}:
		return nil
	case <-c.ctx.Done():
		lv.release()
		return context.Cause(c.ctx)
	}
}

// startWorkers starts the workers and returns a function that waits for their
// end, which comes when batches is closed. After a failure they drop the
// remaining batches.
func (c *copier) startWorkers() (wait func()) {
	var all sync.WaitGroup
	for range max(2, min(maxCopyWorkers, goruntime.GOMAXPROCS(0))) {
		all.Go(func() {
			var buf []byte
			for b := range c.batches {
				if buf == nil {
					buf = make([]byte, smallFile)
				}
				if err := c.do(b, buf); err != nil {
					c.cancel(err)
				}
				b.release()
			}
		})
	}
	return all.Wait
}

func (c *copier) do(b batch, buf []byte) error {
	done := make([]CopiedFile, 0, len(b.files))
	for _, e := range b.files {
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		f, ok, err := c.file(b.level, e, buf)
		if err != nil {
			return err
		}
		if ok {
			done = append(done, f)
		}
	}
	c.add(done...)
	return nil
}
