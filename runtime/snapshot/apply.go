package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
)

var (
	errChanged  = errors.New("it was changed while it was being reverted")
	errNotEmpty = errors.New("the directory holds something else")
	errNoParent = errors.New("the directory that it belongs in is not there, or is not a directory")
)

// in runs do in the directory that name is in. Where its mode is in the way it
// is writable for that long.
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

// still reports whether what was looked at is there unchanged. Another stamp
// alone does not tell: to take one of two hard links away changes the other's.
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

// did notes a step that is done.
func (r *reverting) did(u *undo, now State) {
	r.done = append(r.done, pair{path: u.path, before: u.now.state(), after: now})
}

// unlockDir lets the owner change a directory whose mode the turn changed.
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

// removeFile makes place where a directory, or nothing, was.
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

// parents makes the directories that lead to a file that comes back, as the
// records have them.
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
			return nil // makeDir's, and setDirMode's
		}
		r.done = append(r.done, pair{path: name, before: State{Kind: Absent}, after: as})
		return dir.Chmod(base, fileMode(as.Mode|0o700))
	})
}

// writeFile puts a file or link back.
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

// stage makes what is to be moved to its place.
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

// chmod is enough where only the mode was changed. A file with further names is
// not touched, but replaced like others: they need not have had the same mode.
func (r *reverting) chmod(u *undo, dir *os.Root, base string) (done bool, err error) {
	f, err := dir.OpenFile(base, os.O_RDONLY|openNonblock, 0)
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

// wrote notes the mode that the file really has: a system can take bits away.
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

// setDirMode comes last: a directory can be read-only.
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
