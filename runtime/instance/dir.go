package instance

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/pygent/pygent/runtime/statedir"
)

const (
	ownerFile  = "owner" // in each directory: an Identity in JSON
	ownerBytes = 4 << 10 // of that file, at most
	unowned    = time.Hour
	randomName = 12 // letters, 60 bits; short, because the paths of sockets must be
)

// named matches the names of our directories.
var named = regexp.MustCompile(`^pygent-[a-z]+-[A-Z2-7]{12}$`)

// MakeDir makes a directory in parent, os.TempDir() for "", for this process
// alone: mode 0700, with a random name, so that nobody can guess it and put a
// file there, and with a file "owner" by which Reap knows its owner. kind,
// lower-case letters, becomes a part of the name. The caller removes the
// directory with RemoveAll.
func MakeDir(parent, kind string) (string, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	dir := filepath.Join(parent, "pygent-"+kind+"-"+rand.Text()[:randomName])
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	who, err := json.Marshal(Self())
	if err == nil {
		err = writeNew(filepath.Join(dir, ownerFile), who)
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

func writeNew(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// Reap removes the directories that MakeDir made in parent for processes that
// are provably dead, and returns how many. It leaves links, directories of
// other users, directories open to others and those of live processes. It calls
// last, which may be nil, with each directory and its owner before it removes
// the directory; after an error the directory stays for the next Reap. A parent
// that does not exist counts as empty. Reap checks ctx between directories.
func Reap(ctx context.Context, parent string, last func(dir *os.Root, owner Identity) error) (removed int, err error) {
	root, err := os.OpenRoot(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	failures := []error{err}
	for _, e := range entries {
		if ctx.Err() != nil {
			return removed, context.Cause(ctx)
		}
		if !named.MatchString(e.Name()) {
			continue
		}
		gone, err := reapDir(root, e.Name(), last)
		if gone {
			removed++
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // another process may reap too
			failures = append(failures, fmt.Errorf("remove %s: %w", filepath.Join(parent, e.Name()), err))
		}
	}
	return removed, errors.Join(failures...)
}

func reapDir(root *os.Root, name string, last func(*os.Root, Identity) error) (gone bool, err error) {
	info, err := root.Lstat(name)
	if err != nil || !info.IsDir() || !statedir.IsOwn(info) || info.Mode().Perm()&0o077 != 0 {
		return false, err
	}
	dir, err := root.OpenRoot(name)
	if err != nil {
		return false, err
	}
	defer dir.Close()
	if now, err := dir.Stat("."); err != nil || !os.SameFile(info, now) {
		return false, err
	}
	owner, err := readOwner(dir)
	if errors.Is(err, fs.ErrNotExist) && time.Since(info.ModTime()) > unowned {
		// Its maker was killed before it wrote the file. Only an empty
		// directory is removed.
		_ = dir.Remove(ownerFile) // it was made, but not written
		return root.Remove(name) == nil, nil
	}
	if err != nil || !owner.ProvablyDead() {
		return false, err
	}
	if last != nil {
		if err := last(dir, owner); err != nil {
			return false, err
		}
	}
	err = RemoveIn(root, name)
	return err == nil, err
}

// readOwner reads the owner file. An empty file is still being written and
// counts as missing.
func readOwner(dir *os.Root) (who Identity, err error) {
	info, err := dir.Lstat(ownerFile)
	if err != nil {
		return who, err
	}
	if !info.Mode().IsRegular() {
		return who, errors.New("its file of the owner is none")
	}
	f, err := dir.Open(ownerFile)
	if err != nil {
		return who, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, ownerBytes))
	if err == nil && len(text) == 0 {
		return who, fs.ErrNotExist
	}
	if err == nil {
		err = json.Unmarshal(text, &who)
	}
	if err != nil {
		return Identity{}, fmt.Errorf("read whose it is: %w", err)
	}
	return who, nil
}

// RemoveEmpty removes a directory of MakeDir that has no other files. It opens
// no file.
func RemoveEmpty(dir string) error {
	if err := os.Remove(filepath.Join(dir, ownerFile)); err != nil {
		return err
	}
	return os.Remove(dir)
}

// RemoveAll removes a directory with its contents, also if commands have left
// read-only directories in it, as Go's module cache does. It follows no links.
// A missing directory is no error.
func RemoveAll(dir string) error {
	root, err := os.OpenRoot(filepath.Dir(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	return RemoveIn(root, filepath.Base(dir))
}

// RemoveIn is RemoveAll for the directory name in root.
func RemoveIn(root *os.Root, name string) error {
	if root.RemoveAll(name) == nil {
		return nil
	}
	// Errors are ignored here: the removal that follows reports them.
	_ = fs.WalkDir(root.FS(), name, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = root.Chmod(name, 0o700)
		}
		if err != nil && d != nil && d.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	return root.RemoveAll(name)
}
