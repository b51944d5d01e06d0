package runtime

import (
	"errors"
	"io/fs"
	"os"
	"path"
	goruntime "runtime"
	"slices"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// apply stages, keeps and publishes the files of a batch. On an error everything
// is as it was before.
func (b *editBatch) apply() (err error) {
	locked := false
	defer func() {
		if err != nil {
			b.roll()
		}
		if locked {
			b.ws.publish.Unlock()
		}
	}()
	b.names()
	if b.log, err = b.keep(); err != nil {
		return err
	}
	for _, f := range b.files {
		if f.goal().dir == nil {
			continue // its directory is made when it is published
		}
		if err := b.stage(f); err != nil {
			return b.ws.wrap("write", f.target(), err)
		}
	}
	if err := b.log.commit(); err != nil {
		return err
	}
	b.ws.publish.Lock()
	locked = true
	for _, f := range b.files {
		if err := b.publish(f); err != nil {
			return err
		}
	}
	for _, f := range b.files {
		if f.backup != "" {
			_ = f.at.dir.Remove(path.Base(f.backup)) // SweepTemp removes it later
		}
	}
	b.log.drop()
	b.syncLate()
	return nil
}

// roll undoes what has been done, in reverse.
func (b *editBatch) roll() {
	for _, f := range b.files {
		if f.staged != nil {
			_ = f.staged.Close()
		}
	}
	for _, undo := range slices.Backward(b.undo) {
		undo()
	}
	for _, dir := range slices.Backward(b.made) {
		_ = b.ws.root.Remove(dir) // fails when somebody else has put a file in
	}
	b.log.drop()
}

// target is the path that the file has afterwards.
func (f *edited) target() string {
	if f.cleanTo != "" {
		return f.cleanTo
	}
	return f.clean
}

// moves reports whether the file gets another path.
func (f *edited) moves() bool { return f.cleanTo != "" }

// names chooses the temporary names, so that the journal has them.
func (b *editBatch) names() {
	for _, f := range b.files {
		if !f.Delete {
			f.temp = path.Join(path.Dir(f.goal().real), tempName())
		}
		if f.old != nil && (b.steps() > 1 || f.Delete) {
			f.backup = path.Join(path.Dir(f.at.real), tempName())
		}
	}
}

// steps counts the paths that change, one after the other.
func (b *editBatch) steps() int {
	n := len(b.files)
	for _, f := range b.files {
		if f.moves() {
			n++
		}
	}
	return n
}

// goal is the place of the new content.
func (f *edited) goal() *place {
	if f.moves() {
		return &f.to
	}
	return &f.at
}

// stage writes the new content of a file under its temporary name.
func (b *editBatch) stage(f *edited) error {
	if f.temp == "" {
		return nil
	}
	dir, name := f.goal().dir, path.Base(f.temp)
	perm := fs.FileMode(0o644)
	if f.old != nil || f.Mode != nil {
		perm = 0o600 // nobody else may read it before it has its permission bits
	}
	out, err := dir.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	if err != nil {
		return err
	}
	b.undo = append(b.undo, func() { _ = dir.Remove(name) })
	err = fill(out, f.Content, f.old)
	if err == nil && f.Mode != nil {
		err = out.Chmod(f.Mode.Perm())
	}
	if err == nil && syncsLate && b.log == nil && len(f.Content) > lateSyncBytes {
		f.staged = out
		return nil
	}
	return errors.Join(err, out.Sync(), out.Close())
}

// syncsLate says that a file can be renamed while it is open.
const syncsLate = goruntime.GOOS != "windows"

// syncLate writes a large file to the disk after it has become visible: that takes
// longer than the edit. Until then a crash of the machine, not of this process, can
// lose it.
func (b *editBatch) syncLate() {
	for _, f := range b.files {
		if f.staged != nil {
			b.ws.syncing.Go(func() { _ = errors.Join(f.staged.Sync(), f.staged.Close()) }) // there is nobody to tell
		}
	}
}

// publish makes one file visible. The gate is asked again, because the workspace
// can have changed since.
func (b *editBatch) publish(f *edited) error {
	if err := b.ws.gate("write", f.clean, f.at.real, b.allowed); err != nil {
		return err
	}
	if f.moves() {
		if err := b.ws.gate("write", f.cleanTo, f.to.real, b.allowed); err != nil {
			return err
		}
	}
	goal := f.goal()
	if goal.dir == nil {
		if err := b.open(goal, f.target()); err != nil {
			return err
		}
		if err := b.stage(f); err != nil {
			return b.ws.wrap("write", f.target(), err)
		}
	}
	if err := b.unchanged(f); err != nil {
		return err
	}
	if f.moves() {
		if _, err := f.to.dir.Lstat(f.to.base); err == nil {
			return &fileError{quote(f.cleanTo) + " exists already", ErrExists}
		}
	}
	if err := b.swap(f); err != nil {
		return b.ws.wrap("write", f.target(), err)
	}
	return nil
}

// swap puts the new content in the place of the old one.
func (b *editBatch) swap(f *edited) error {
	if f.backup != "" {
		if err := b.setAside(f); err != nil {
			return err
		}
	}
	if f.temp == "" {
		return nil
	}
	goal := f.goal()
	if err := goal.dir.Rename(path.Base(f.temp), goal.base); err != nil {
		return err
	}
	if f.old == nil || f.moves() {
		b.undo = append(b.undo, func() { _ = goal.dir.Remove(goal.base) })
	}
	return nil
}

// open makes the directory of a place, and opens it.
func (b *editBatch) open(at *place, clean string) error {
	dir, made, err := nolink.MakeParent(b.ws.root, at.real, 0o755)
	b.made = append(b.made, made...)
	if err != nil {
		return b.ws.wrap("make the directory of", clean, err)
	}
	at.dir = dir
	return nil
}

// setAside gives the old file its second name, until the batch is applied: a hard
// link where the file system has them, so that a file that is replaced exists at
// all times.
func (b *editBatch) setAside(f *edited) error {
	aside := path.Base(f.backup)
	if f.Delete || f.moves() || f.at.dir.Link(f.at.base, aside) != nil {
		if err := f.at.dir.Rename(f.at.base, aside); err != nil {
			return err
		}
	}
	b.undo = append(b.undo, func() { _ = f.at.dir.Rename(aside, f.at.base) })
	return nil
}
