package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

var (
	errChanged  = errors.New("it was changed while it was being reverted")
	errNotEmpty = errors.New("the directory holds something else")
	errNoParent = errors.New("the directory that it belongs in is not there, or is not a directory")
)

// in runs do in the directory of name. It makes the directory writable during
// the call if necessary.
func (r *reverting) in(name string, do func(dir *os.Root, base string) error) error {
	dir, err := openParent(r.t.root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return errNoParent
	}
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	err = do(dir, path.Base(name))
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	info, statErr := dir.Stat(".")
	if statErr != nil || info.Mode().Perm()&0o300 == 0o300 {
		return err
	}
	if chmodErr := dir.Chmod(".", info.Mode()|0o700); chmodErr != nil {
		return err
	}
	return errors.Join(do(dir, path.Base(name)), dir.Chmod(".", info.Mode()))
}

// still returns an error unless the examined file is there unchanged. A
// different stamp alone is no change: removing one of two hard links changes
// the stamp of the other.
func (r *reverting) still(u *undo, dir *os.Root, base string) error {
	info, err := dir.Lstat(base)
	if err != nil {
		if (u.now.kind == Absent || u.cleared) && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return errChanged
	}
	if now := newEntry(base, info); !u.cleared && now.kind == u.now.kind && now.mode == u.now.mode &&
		(now.kind == Dir || now.stamp == u.now.stamp) {
		return nil
	}
	now, err := r.t.entryIn(dir, base, false)
	if err != nil || u.cleared || !now.state().Same(u.now.state()) {
		return errChanged
	}
	return nil
}

// did records a completed step.
func (r *reverting) did(u *undo, now State) {
	r.done = append(r.done, pair{path: u.path, before: u.now.state(), after: now})
}

// unlockDir makes a directory whose mode the turn changed writable for its
// owner.
func (r *reverting) unlockDir(u *undo) error {
	if u.before.Kind != Dir || u.now.kind != Dir || u.now.mode&0o700 == 0o700 {
		return nil
	}
	return r.in(u.path, func(dir *os.Root, base string) error {
		if err := r.still(u, dir, base); err != nil {
			return err
		}
		return dir.Chmod(base, fileMode(u.now.mode|0o700))
	})
}

// removeFile removes a file where a directory, or nothing, was before.
func (r *reverting) removeFile(u *undo) error {
	if u.now.kind != File && u.now.kind != Link || u.before.Kind != Absent && u.before.Kind != Dir {
		return nil
	}
	return r.in(u.path, func(dir *os.Root, base string) error {
		if err := r.still(u, dir, base); err != nil {
			return err
		}
		if err := dir.Remove(base); err != nil {
			return err
		}
		u.cleared = true
		if u.before.Kind == Absent {
			r.did(u, u.before)
		}
		return nil
	})
}

func (r *reverting) removeDir(u *undo) error {
	if u.now.kind != Dir || u.before.Kind == Dir {
		return nil
	}
	return r.in(u.path, func(dir *os.Root, base string) error {
		info, err := dir.Lstat(base)
		if err != nil || !info.IsDir() {
			return errChanged
		}
		if err := dir.Remove(base); err != nil {
			if errors.Is(err, fs.ErrPermission) {
				return err
			}
			return errNotEmpty
		}
		u.cleared = true
		if u.before.Kind == Absent {
			r.did(u, u.before)
		}
		return nil
	})
}

func (r *reverting) makeDir(u *undo) error {
	if u.before.Kind != Dir || u.now.kind == Dir {
		return nil
	}
	if err := r.parents(path.Dir(u.path)); err != nil {
		return err
	}
	return r.in(u.path, func(dir *os.Root, base string) error { return dir.Mkdir(base, 0o700) })
}

// parents makes the missing directories above a restored file, with the modes
// in the records.
func (r *reverting) parents(name string) error {
	if name == "." {
		return nil
	}
	e, err := r.t.entryOf(name, false)
	if err != nil || e.kind == Dir {
		return err
	}
	if e.kind != Absent {
		return errNoParent
	}
	if err := r.parents(path.Dir(name)); err != nil {
		return err
	}
	as := State{Kind: Dir, Mode: 0o755}
	if was, known := r.dirs[name]; known && was.Kind == Dir {
		as = was
	}
	return r.in(name, func(dir *os.Root, base string) error {
		if err := dir.Mkdir(base, 0o700); err != nil {
			return err
		}
		if u, wanted := r.wanted[name]; wanted && r.refused[name] == "" && u.before.Kind == Dir {
			return nil // makeDir and setDirMode do that
		}
		r.done = append(r.done, pair{path: name, before: State{Kind: Absent}, after: as})
		return dir.Chmod(base, fileMode(as.Mode|0o700))
	})
}

// writeFile restores a file or link.
func (r *reverting) writeFile(u *undo) error {
	if u.before.Kind != File && u.before.Kind != Link {
		return nil
	}
	if err := r.parents(path.Dir(u.path)); err != nil {
		return err
	}
	return r.in(u.path, func(dir *os.Root, base string) error {
		if u.before.Kind == File && u.before.sameContent(u.now.state()) {
			if done, err := r.chmod(u, dir, base); done || err != nil {
				return err
			}
		}
		temp := tempName()
		if err := r.stage(u, dir, temp); err != nil {
			_ = dir.Remove(temp)
			return err
		}
		err := r.still(u, dir, base)
		if err == nil {
			err = dir.Rename(temp, base)
		}
		if err != nil {
			_ = dir.Remove(temp)
			return err
		}
		return r.wrote(u, dir, base)
	})
}

// stage makes the temporary file or link that is then renamed.
func (r *reverting) stage(u *undo, dir *os.Root, temp string) error {
	if u.before.Kind == Link {
		return dir.Symlink(string(u.before.Target), temp)
	}
	f, err := dir.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	err = r.t.store.copyTo(f, u.before.Hash)
	if err == nil {
		own(f, u.before)
		err = f.Chmod(fileMode(u.before.Mode))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// chmod restores a file of which only the mode was changed. A file with further
// names is replaced instead, because those need not have had the same mode.
func (r *reverting) chmod(u *undo, dir *os.Root, base string) (done bool, err error) {
	f, err := dir.OpenFile(base, os.O_RDONLY|nolink.Nonblock, 0)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || stampOf(info).ino != u.now.stamp.ino {
		return false, errChanged
	}
	if linked(info) {
		return false, nil
	}
	if err := r.still(u, dir, base); err != nil {
		return false, err
	}
	if err := f.Chmod(fileMode(u.before.Mode)); err != nil {
		return false, err
	}
	return true, r.wrote(u, dir, base)
}

// wrote records the mode that the file really has: a system can remove bits.
func (r *reverting) wrote(u *undo, dir *os.Root, base string) error {
	info, err := dir.Lstat(base)
	if err != nil {
		return fmt.Errorf("%w: %w", errChanged, reason(err))
	}
	now := u.before
	now.Mode = permOf(info.Mode())
	r.did(u, now)
	return nil
}

// setDirMode comes last, because it can make a directory read-only.
func (r *reverting) setDirMode(u *undo) error {
	if u.before.Kind != Dir {
		return nil
	}
	return r.in(u.path, func(dir *os.Root, base string) error {
		info, err := dir.Lstat(base)
		if err != nil || !info.IsDir() {
			return errChanged
		}
		if err := dir.Chmod(base, fileMode(u.before.Mode)); err != nil {
			return err
		}
		r.did(u, u.before)
		return nil
	})
}
