package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// CopyOptions are the options of CopyTo. The zero value is fine.
type CopyOptions struct {
	MaxFiles int   // files, links and directories; 0: MaxCopyFiles
	MaxBytes int64 // 0: MaxCopyBytes
	Hash     bool  // fill in CopiedFile.SHA256
	NoLines  bool  // leave Added and Removed at 0, which is faster for many files

	// Unguarded copies protected paths (see package protect) like others: for a
	// copy to a directory that only an agent uses. Otherwise they are skipped,
	// except for those in Allowed and below: paths in the destination, with
	// links followed, that the user has allowed. The user cannot allow paths
	// inside repositories.
	Unguarded bool
	Allowed   []string

	// Skip returns why a path is not copied, "" to copy it. It gets the path in
	// the source and the path in the destination. It is called for directories
	// too, and not for paths below a skipped directory. It is called from the
	// caller's goroutine only.
	Skip func(from, to string) (reason string)
}

// CopyReport says what CopyTo did, sorted by path: the entries of a directory
// are sorted by name, and what is below a directory follows it.
type CopyReport struct {
	Files   []CopiedFile
	Skipped []Skipped
}

// CopiedFile is a file or link that was copied; Path is its place in the
// destination. Change, Added and Removed are as in a Change; a link has no lines,
// and those of a file over 1 MiB are not counted.
type CopiedFile struct {
	Path    string
	Bytes   int64  // 0 for a link
	SHA256  string // hexadecimal; only if asked for, never for a link
	Change  string // ChangeAdded or ChangeModified
	Added   int
	Removed int
}

// Skipped is something that was not copied; Path is its place in the source.
type Skipped struct {
	Path   string
	Reason string
}

// CopyTo copies a file or a directory with its contents to dest in the
// workspace dst; src and dest may be "." for a directory. A src that is a link
// inside the workspace stands for its target.
//
// Within a directory links are not followed: relative links that end inside
// both workspaces are copied as links, others are skipped. Hard links become
// files of their own. Special files and setuid or setgid files are skipped.
// Permission bits are kept, less setuid, setgid and sticky. Where the file
// system can, the copy shares its blocks with the original until one of them
// changes.
//
// Everything is copied to a hidden directory in dst first and then renamed, so
// that on an error dst has all of its old files and none of the new ones. A new
// dest appears at once. A directory that exists already is merged into: files
// of the same name are replaced one after the other, each at once, others stay;
// should one fail, those before it are put back.
//
// This holds against errors, a cancelled ctx and the death of the server (which
// leaves the hidden directory behind). It does not hold for a crash of the
// machine: unlike WriteFile, a copy is not synced to the disk file by file.
//
// Errors wrap ErrNotFound (src), ErrOutside, ErrTooLarge (a cap), are an
// *InvalidError (a file where a directory is needed, or the reverse), or
// context.Cause(ctx).
func (w *Workspace) CopyTo(ctx context.Context, dst *Workspace, src, dest string, opts CopyOptions) (CopyReport, error) {
	from, to, err := w.copyPaths(dst, src, dest)
	if err != nil {
		return CopyReport{}, err
	}
	info, err := w.root.Lstat(from)
	if err != nil {
		return CopyReport{}, w.wrap("copy", src, err)
	}
	if err := fits(dst, to, info.IsDir()); err != nil {
		return CopyReport{}, err
	}
	c := newCopier(ctx, w, dst, opts)
	defer c.cancel(nil)
	if err := c.stage(from, to, info.Mode()); err != nil {
		return CopyReport{}, err
	}
	return c.report, nil
}

// copyPaths checks both ends of a copy and follows the links on the way.
func (w *Workspace) copyPaths(dst *Workspace, src, dest string) (from, to string, err error) {
	if from, err = CleanPath(src); err != nil {
		return "", "", err
	}
	if to, err = CleanPath(dest); err != nil {
		return "", "", err
	}
	if from, err = w.resolve(from); err != nil {
		return "", "", err
	}
	if to, err = dst.resolve(to); err != nil {
		return "", "", err
	}
	if w.root == dst.root && (within(from, to) || within(to, from)) {
		return "", "", &InvalidError{"dest", fmt.Sprintf("%s and %s lie within each other", quote(src), quote(dest))}
	}
	return from, to, nil
}

// fits returns why a file or directory cannot be made at to.
func fits(dst *Workspace, to string, isDir bool) error {
	info, err := dst.root.Lstat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return dst.wrap("copy to", to, err)
	case info.IsDir() && !isDir:
		return &InvalidError{"dest", quote(to) + " is a directory; name the file, as in " + quote(path.Join(to, "FILE"))}
	case !info.IsDir() && isDir:
		return &InvalidError{"dest", quote(to) + " is a file where a directory must go"}
	}
	return nil
}
