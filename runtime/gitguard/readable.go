package gitguard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"syscall"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// openListable opens a directory for listing. A directory that can be entered
// but not listed is made readable, because git can use files in it; made
// reports that.
func (w workspace) openListable(rel string) (f *os.File, made bool, err error) {
	f, err = w.openDir(rel)
	if !errors.Is(err, fs.ErrPermission) {
		return f, false, err
	}
	if _, enterable := w.lookAt(rel + "/."); !enterable {
		return nil, false, errClosed
	}
	if failed := w.makeReadable(rel); failed != nil {
		return nil, false, fmt.Errorf("%w; it cannot be made readable: %w", err, failed)
	}
	f, err = w.openDir(rel)
	return f, err == nil, err
}

// errClosed says that a directory cannot be entered, also not by git.
var errClosed = errors.New("cannot be entered")

// makeReadableByNames is for systems where a directory cannot be opened just to
// change its mode. A link put there meanwhile can only lead inside the
// workspace, because a Root refuses others; and only the owner's read and
// search bits are set.
func makeReadableByNames(root *os.Root, rel string) error {
	above, err := nolink.Dir(root, path.Dir(rel))
	if err != nil {
		return err
	}
	defer above.Close()
	was, err := above.Lstat(path.Base(rel))
	if err != nil || !was.IsDir() {
		return errors.Join(err, syscall.ENOTDIR)
	}
	if err := above.Chmod(path.Base(rel), was.Mode()|0o500); err != nil {
		return err
	}
	if is, err := above.Lstat(path.Base(rel)); err != nil || !os.SameFile(was, is) {
		return errors.Join(err, syscall.ENOTDIR)
	}
	return nil
}

// madeReadable returns the notice about it.
func madeReadable(at string) string {
	return fmt.Sprintf("%s could be entered but not listed, so that a repository could hide in it: it was made readable for its owner", at)
}

// tell adds the new notices of a search, up to a bound. The caller holds mu.
func (w *Watch) tell(found findings) {
	for _, a := range found.unread {
		found.notices = append(found.notices, a.path+" "+a.what)
	}
	for _, n := range found.notices {
		if len(w.notices) < 2*maxDisarmed && !slices.Contains(w.notices, n) {
			w.notices = append(w.notices, n)
		}
	}
}
