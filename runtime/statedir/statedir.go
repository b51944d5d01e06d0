// Package statedir finds and makes the directory in which the program keeps
// files that outlive it, for its user only: the log, the homes of commands,
// records. It must not know what those files hold.
package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Path returns the path of the state directory, whether it exists or not:
// $XDG_STATE_HOME/pygent, or ~/.local/state/pygent. A relative XDG_STATE_HOME
// is ignored, as the XDG Base Directory Specification demands.
func Path() (string, error) {
	base := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(base) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the state directory: %w; set XDG_STATE_HOME", err)
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "pygent"), nil
}

// Make makes the state directory dir and below it the directory of the elements
// of below, as far as they are missing, and returns the last one's path. From
// dir on, each directory belongs to the user and nobody else can enter it: Make
// removes permissions of others, and refuses a link, a file or a directory of
// another user. The path above dir can contain links.
func Make(dir string, below ...string) (string, error) {
	base := filepath.Dir(dir)
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", fmt.Errorf("make the state directory: %w", err)
	}
	in, err := os.OpenRoot(base)
	if err != nil {
		return "", fmt.Errorf("open the state directory: %w", err)
	}
	path := base
	for _, name := range append([]string{filepath.Base(dir)}, below...) {
		path = filepath.Join(path, name)
		next, err := enter(in, name)
		_ = in.Close()
		if err != nil {
			return "", fmt.Errorf("the state directory %s %w; move it away or set XDG_STATE_HOME to a directory of your own", path, err)
		}
		in = next
	}
	return path, in.Close()
}

// enter opens the directory name below in, and makes it if it is missing.
func enter(in *os.Root, name string) (*os.Root, error) {
	if err := in.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("cannot be made: %w", err)
	}
	info, err := in.Lstat(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot be looked at: %w", err)
	case !info.IsDir():
		return nil, errors.New("is a link or a file")
	case !IsOwn(info):
		return nil, errors.New("belongs to another user")
	}
	opened, err := in.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("cannot be opened: %w", err)
	}
	now, err := opened.Stat(".")
	if err == nil && !os.SameFile(info, now) {
		err = errors.New("was just replaced")
	}
	if perm := info.Mode().Perm(); err == nil && perm&0o077 != 0 {
		err = opened.Chmod(".", perm&^0o077)
	}
	if err != nil {
		_ = opened.Close()
		return nil, fmt.Errorf("cannot be kept private: %w", err)
	}
	return opened, nil
}
