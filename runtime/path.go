package runtime

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"syscall"
)

// CleanPath checks the form of a workspace-relative path and returns it in
// shortest form: slashes, no "." or ".." elements, no trailing slash. It does
// not touch the file system. "." is the workspace itself.
//
// Refused with an error that wraps ErrOutside: absolute paths, drives and UNC
// forms, "~", and ".." that leads out. Refused with an *InvalidError: "", NUL,
// backslashes and more than MaxPathBytes.
func CleanPath(name string) (string, error) {
	switch {
	case name == "":
		return "", &InvalidError{"path", "is empty"}
	case len(name) > MaxPathBytes:
		return "", &InvalidError{"path", quote(name) + " is longer than 4096 bytes"}
	case strings.ContainsRune(name, 0):
		return "", &InvalidError{"path", quote(name) + " holds a NUL byte"}
	case name[0] == '/', strings.HasPrefix(name, `\\`), hasDrive(name):
		return "", outside(name, "is absolute; paths are relative to the workspace")
	case strings.ContainsRune(name, '\\'):
		return "", &InvalidError{"path", quote(name) + " holds a backslash; write paths with /"}
	case name == "~" || strings.HasPrefix(name, "~/"):
		return "", outside(name, "is the home directory; paths are relative to the workspace")
	}
	clean := path.Clean(name)
	if clean == ".." || strings.HasPrefix(clean, "../") {
		return "", outside(name, "leads out of the workspace")
	}
	return clean, nil
}

// cleanFile is CleanPath for a path that must name a file.
func cleanFile(name string) (string, error) {
	clean, err := CleanPath(name)
	if err != nil {
		return "", err
	}
	if clean == "." || strings.HasSuffix(name, "/") || strings.HasSuffix(name, "/.") {
		return "", &InvalidError{"path", quote(name) + " names a directory, not a file"}
	}
	return clean, nil
}

func hasDrive(name string) bool {
	if len(name) < 2 || name[1] != ':' {
		return false
	}
	c := name[0] | 0x20
	return 'a' <= c && c <= 'z' && (len(name) == 2 || name[2] == '/' || name[2] == '\\')
}

func outside(name, why string) error {
	return &fileError{quote(name) + " " + why, ErrOutside}
}

// resolve follows every symbolic link in name, the last element's included, and
// returns the real workspace-relative path; elements that do not exist are
// kept. The result proves nothing: it must be opened through os.Root, which
// refuses a path that leads out by then.
func (w *Workspace) resolve(name string) (string, error) {
	done, rest, links := ".", strings.Split(name, "/"), 0
	for len(rest) > 0 {
		elem := rest[0]
		rest = rest[1:]
		switch elem {
		case "", ".":
			continue
		case "..":
			if done == "." {
				return "", outside(name, "is a link that leads out of the workspace")
			}
			done = path.Dir(done)
			continue
		}
		next := path.Join(done, elem)
		info, err := w.root.Lstat(next)
		if errors.Is(err, fs.ErrNotExist) {
			return joinMissing(name, next, rest)
		}
		if err != nil {
			return "", w.wrap("open", name, err)
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", &InvalidError{"path", quote(name) + " has too many levels of symbolic links"}
		}
		target, err := w.root.Readlink(next)
		if err != nil {
			return "", w.wrap("read the link", name, err)
		}
		target = slashed(target)
		if path.IsAbs(target) || hasDrive(target) {
			return "", outside(name, "goes through an absolute link")
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return done, nil
}

// joinMissing appends the rest of a path to a missing element. It refuses ".."
// in the rest, which every system treats differently.
func joinMissing(name, missing string, rest []string) (string, error) {
	for _, elem := range rest {
		if elem == ".." {
			return "", notFound(name)
		}
	}
	return path.Join(missing, path.Join(rest...)), nil
}

// wrap adds the operation and the name to an error of os.Root. It returns an
// *InvalidError when the path itself is wrong.
func (w *Workspace) wrap(op, name string, err error) error {
	switch {
	case errors.Is(err, w.escapes):
		return outside(name, "goes through a link that leads out of the workspace")
	case errors.Is(err, fs.ErrNotExist):
		return notFound(name)
	case errors.Is(err, syscall.ENOTDIR):
		return &InvalidError{"path", quote(name) + " leads through something that is no directory"}
	case errors.Is(err, syscall.ENAMETOOLONG):
		return &InvalidError{"path", quote(name) + " has a name that is too long for the file system"}
	case errors.Is(err, syscall.ELOOP):
		return &InvalidError{"path", quote(name) + " has too many levels of symbolic links"}
	case errors.Is(err, fs.ErrClosed):
		return &fileError{op + " " + quote(name) + ": the workspace is closed", err}
	default:
		return &fileError{op + " " + quote(name) + ": " + reason(err).Error(), err}
	}
}
