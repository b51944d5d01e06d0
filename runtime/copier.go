package runtime

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// copier is one copy that is running. The caller's goroutine walks the tree,
// makes directories and links, and passes the files to workers.
type copier struct {
	ctx       context.Context // lives as long as the call of CopyTo
	cancel    context.CancelCauseFunc
	src, dst  *Workspace
	opts      CopyOptions
	filesLeft int          // used by the walk
	bytesLeft atomic.Int64 // used by the workers
	noClone   atomic.Bool  // the file system cannot share blocks
	dirs      []copiedDir  // staged directories
	gate      *CopyGate    // nil: none
	batches   chan batch

	mu     sync.Mutex
	report CopyReport // unordered until the copy is complete
}

// copiedDir is a staged directory whose permission bits are set later: it must
// stay writable until it is complete.
type copiedDir struct {
	staged string
	perm   fs.FileMode
}

func newCopier(ctx context.Context, src, dst *Workspace, opts CopyOptions) *copier {
	c := &copier{src: src, dst: dst, opts: opts, filesLeft: opts.MaxFiles, batches: make(chan batch, copyQueue)}
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	if c.filesLeft <= 0 {
		c.filesLeft = MaxCopyFiles
	}
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = MaxCopyBytes
	}
	c.bytesLeft.Store(opts.MaxBytes)
	if !opts.Unguarded {
		c.gate = NewCopyGate(src, dst)
	}
	return c
}

// stage copies from into a hidden directory and then moves it to the path to.
func (c *copier) stage(from, to string, mode fs.FileMode) (err error) {
	hidden := tempName()
	if err := c.dst.root.Mkdir(hidden, 0o700); err != nil {
		return c.dst.wrap("copy to", to, err)
	}
	defer func() {
		if removeErr := c.dst.removeAll(hidden); removeErr != nil {
			err = errors.Join(err, c.dst.wrap("remove", hidden, removeErr))
		}
	}()
	staged := hidden + "/new"
	if err := c.all(from, staged, to, mode); err != nil {
		return err
	}
	if len(c.report.Files)+len(c.dirs) == 0 {
		return nil // skipped as a whole
	}
	p := placer{ctx: c.ctx, ws: c.dst, lines: !c.opts.NoLines, backup: hidden + "/old", dirs: c.dirs, guarded: c.gate != nil, over: make(map[string]Change)}
	if err := p.place(staged, to); err != nil {
		return err
	}
	for i, f := range c.report.Files {
		if over, ok := p.over[f.Path]; ok {
			c.report.Files[i].Change, c.report.Files[i].Added, c.report.Files[i].Removed = over.Change, over.Added, over.Removed
		}
	}
	return nil
}

// all copies everything to the staging directory and waits for the workers.
func (c *copier) all(from, staged, to string, mode fs.FileMode) error {
	wait := c.startWorkers()
	if err := c.top(from, staged, to, mode); err != nil {
		c.cancel(err)
	}
	close(c.batches)
	wait()
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	slices.SortFunc(c.dirs, func(a, b copiedDir) int { return comparePaths(a.staged, b.staged) })
	slices.SortFunc(c.report.Files, func(a, b CopiedFile) int { return comparePaths(a.Path, b.Path) })
	slices.SortFunc(c.report.Skipped, func(a, b Skipped) int { return comparePaths(a.Path, b.Path) })
	return nil
}

// top copies the file or directory that the caller named.
func (c *copier) top(from, staged, to string, mode fs.FileMode) error {
	ok, err := c.admit(from, to, mode.Type())
	if err != nil || !ok {
		return err
	}
	if mode.IsDir() {
		return c.directory(from, staged, to)
	}
	lv, err := c.open(path.Dir(from), path.Dir(staged), path.Dir(to))
	if err != nil {
		return err
	}
	defer lv.release()
	f := entry{name: path.Base(from), staged: path.Base(staged), to: path.Base(to)}
	if mode&fs.ModeSymlink != 0 {
		return c.link(lv, f)
	}
	return c.hand(lv, []entry{f})
}

// admit counts an entry and reports whether to copy it.
func (c *copier) admit(from, to string, kind fs.FileMode) (bool, error) {
	if c.ctx.Err() != nil {
		return false, context.Cause(c.ctx)
	}
	if len(from) > MaxPathBytes || len(to) > MaxPathBytes {
		return false, &InvalidError{"path", quote(from) + " lies too deep"}
	}
	if c.opts.Skip != nil {
		if why := c.opts.Skip(from, to); why != "" {
			c.skip(from, why)
			return false, nil
		}
	}
	if c.gate != nil {
		if why := c.gate.admits(from, to, kind.IsDir(), c.opts.Allowed); why != "" {
			c.skip(from, why)
			return false, nil
		}
	}
	if kind&^(fs.ModeDir|fs.ModeSymlink) != 0 {
		c.skip(from, "special file")
		return false, nil
	}
	if c.filesLeft--; c.filesLeft < 0 {
		return false, tooMany(from)
	}
	return true, nil
}

func (c *copier) skip(from, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Skipped = append(c.report.Skipped, Skipped{Path: from, Reason: why})
}

func (c *copier) add(files ...CopiedFile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Files = append(c.report.Files, files...)
}

// directory makes one directory, passes its files to the workers, then copies
// the directories below. It keeps no directory open meanwhile: a deep tree must
// not need a descriptor for each level.
func (c *copier) directory(from, staged, to string) error {
	if err := c.dst.root.Mkdir(staged, 0o700); err != nil {
		return c.dst.wrap("copy to", to, err)
	}
	lv, err := c.open(from, staged, to)
	if err != nil {
		return err
	}
	below, err := c.entries(lv)
	lv.release()
	if err != nil {
		return err
	}
	for _, name := range below {
		if err := c.directory(path.Join(from, name), path.Join(staged, name), path.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

// entries copies the files and links of a directory and returns the names of
// its directories.
func (c *copier) entries(lv *level) (below []string, err error) {
	list, err := c.read(lv)
	if err != nil {
		return nil, err
	}
	var files []entry
	for _, e := range list {
		name := e.Name()
		ok, err := c.admit(path.Join(lv.from, name), path.Join(lv.to, name), e.Type())
		if err != nil {
			return nil, err
		}
		switch f := (entry{name, name, name}); {
		case !ok:
		case e.IsDir():
			below = append(below, name)
		case e.Type() != 0:
			err = c.link(lv, f)
		default:
			files = append(files, f)
		}
		if len(files) == copyBatch {
			err, files = c.hand(lv, files), nil
		}
		if err != nil {
			return nil, err
		}
	}
	return below, c.hand(lv, files)
}

// read lists a directory in order, at most as many entries as may still be
// copied. It records the permission bits too.
func (c *copier) read(lv *level) ([]fs.DirEntry, error) {
	dir, err := lv.in.OpenFile(".", os.O_RDONLY|nolink.Nonblock, 0)
	if err != nil {
		return nil, c.src.wrap("copy", lv.from, err)
	}
	defer func() { _ = dir.Close() }()
	info, err := dir.Stat()
	if err != nil {
		return nil, c.src.wrap("copy", lv.from, err)
	}
	c.dirs = append(c.dirs, copiedDir{lv.staged, info.Mode().Perm()})
	var list []fs.DirEntry
	for {
		some, err := dir.ReadDir(1024)
		for _, e := range some {
			if isTemp(e.Name()) {
				c.skip(path.Join(lv.from, e.Name()), "temporary file of a write or copy under way")
				continue
			}
			list = append(list, e)
		}
		if len(list) > c.filesLeft {
			return nil, tooMany(lv.from)
		}
		if errors.Is(err, io.EOF) {
			slices.SortFunc(list, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
			return list, nil
		}
		if err != nil {
			return nil, c.src.wrap("copy", lv.from, err)
		}
	}
}

func tooMany(at string) error {
	return &fileError{"copy: more files than the limit allows, at " + quote(at), ErrTooLarge}
}

// comparePaths orders paths as a walk in the order of names meets them.
func comparePaths(a, b string) int {
	for i := range min(len(a), len(b)) {
		switch x, y := a[i], b[i]; {
		case x == y:
		case x == '/':
			return -1
		case y == '/':
			return 1
		default:
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a), len(b))
}

// within reports whether inner is dir or lies below it; both are clean.
func within(dir, inner string) bool {
	return dir == "." || inner == dir || strings.HasPrefix(inner, dir) && inner[len(dir)] == '/'
}
