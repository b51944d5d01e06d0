package runtime

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// copyChunk is how much is copied between two looks at the context.
const copyChunk = 1 << 20

// copier is one copy under way.
type copier struct {
	ctx       context.Context // lives as long as the call of CopyTo
	src, dst  *Workspace
	opts      CopyOptions
	report    CopyReport
	filesLeft int
	bytesLeft int64
	buf       []byte
	dirs      []copiedDir // staged directories, parents first
}

// copiedDir is a staged directory whose permission bits are still to be set:
// it must stay writable until all is in it.
type copiedDir struct {
	staged string
	perm   fs.FileMode
}

func newCopier(ctx context.Context, src, dst *Workspace, opts CopyOptions) *copier {
	c := &copier{ctx: ctx, src: src, dst: dst, opts: opts, filesLeft: opts.MaxFiles, bytesLeft: opts.MaxBytes}
	if c.filesLeft <= 0 {
		c.filesLeft = MaxCopyFiles
	}
	if c.bytesLeft <= 0 {
		c.bytesLeft = MaxCopyBytes
	}
	return c
}

// stage copies from into a hidden directory and puts it in its place, to.
func (c *copier) stage(from, to string) (err error) {
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
	if err := c.entry(from, staged, to); err != nil {
		return err
	}
	if len(c.report.Files)+len(c.dirs) == 0 {
		return nil // skipped as a whole
	}
	p := placer{ws: c.dst, backup: hidden + "/old", dirs: c.dirs, over: make(map[string]Change)}
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

// entry copies one file, link or directory, unless it is to be skipped.
func (c *copier) entry(from, staged, to string) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	if len(from) > MaxPathBytes || len(to) > MaxPathBytes {
		return &InvalidError{"path", quote(from) + " lies too deep"}
	}
	info, err := c.src.root.Lstat(from)
	if err != nil {
		return c.src.wrap("copy", from, err)
	}
	if why := c.unfit(from, to, info); why != "" {
		c.skip(from, why)
		return nil
	}
	if c.filesLeft--; c.filesLeft < 0 {
		return tooMany(from)
	}
	switch {
	case info.IsDir():
		return c.directory(from, staged, to)
	case info.Mode()&fs.ModeSymlink != 0:
		return c.link(from, staged, to)
	default:
		return c.file(from, staged, to)
	}
}

func (c *copier) skip(from, why string) {
	c.report.Skipped = append(c.report.Skipped, Skipped{Path: from, Reason: why})
}

// unfit tells why something is not copied, "" when it is.
func (c *copier) unfit(from, to string, info fs.FileInfo) string {
	if c.opts.Skip != nil {
		if why := c.opts.Skip(from, to); why != "" {
			return why
		}
	}
	mode := info.Mode()
	switch {
	case mode.IsDir(), mode&fs.ModeSymlink != 0:
		return ""
	case !mode.IsRegular():
		return "special file"
	case mode&(fs.ModeSetuid|fs.ModeSetgid) != 0:
		return "setuid or setgid file"
	}
	return ""
}

func (c *copier) directory(from, staged, to string) error {
	dir, err := c.src.root.OpenFile(from, os.O_RDONLY|openNonblock, 0)
	if err != nil {
		return c.src.wrap("copy", from, err)
	}
	info, err := dir.Stat()
	var names []string
	if err == nil {
		names, err = c.names(dir)
	}
	if closeErr := dir.Close(); err == nil {
		err = closeErr
	}
	if errors.Is(err, ErrTooLarge) {
		return err
	}
	if err != nil {
		return c.src.wrap("copy", from, err)
	}
	if err := c.dst.root.Mkdir(staged, 0o700); err != nil {
		return c.dst.wrap("copy to", to, err)
	}
	c.dirs = append(c.dirs, copiedDir{staged, info.Mode().Perm()})
	for _, name := range names {
		if isTemp(name) {
			c.skip(path.Join(from, name), "temporary file of a write or copy under way")
			continue
		}
		if err := c.entry(path.Join(from, name), path.Join(staged, name), path.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

func tooMany(at string) error {
	return &fileError{"copy: more files than the limit allows, at " + quote(at), ErrTooLarge}
}

// names lists a directory in order, and no more of it than may be copied.
func (c *copier) names(dir *os.File) ([]string, error) {
	var names []string
	for {
		some, err := dir.Readdirnames(1024)
		names = append(names, some...)
		if len(names) > c.filesLeft {
			return nil, tooMany(dir.Name())
		}
		if errors.Is(err, io.EOF) {
			slices.Sort(names)
			return names, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// link copies a symbolic link that leads out of neither workspace. ".." may
// only stand at the beginning of its target: behind a name, which can be a link
// itself, nobody knows where it leads.
func (c *copier) link(from, staged, to string) error {
	target, err := c.src.root.Readlink(from)
	if err != nil {
		return c.src.wrap("copy", from, err)
	}
	if target = slashed(target); !staysInside(from, target) || !staysInside(to, target) {
		c.skip(from, "link that is absolute or leads out of the workspace")
		return nil
	}
	if err := c.dst.root.Symlink(target, staged); err != nil {
		return c.dst.wrap("copy to", to, err)
	}
	c.report.Files = append(c.report.Files, CopiedFile{Path: to, Change: ChangeAdded})
	return nil
}

// staysInside reports whether a link at name, whose directory is free of links,
// has a target that cannot be outside.
func staysInside(name, target string) bool {
	if target == "" || path.IsAbs(target) || hasDrive(target) {
		return false
	}
	depth, down := strings.Count(name, "/"), false
	for elem := range strings.SplitSeq(target, "/") {
		switch elem {
		case "", ".":
		case "..":
			if depth--; depth < 0 || down {
				return false
			}
		default:
			down = true
		}
	}
	return true
}
