package instance

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/pygent/pygent/runtime/statedir"
)

// maxNames bounds the search for directories of other processes.
const maxNames = 20_000

// IsMade reports whether MakeDir made dir, for any process.
func IsMade(dir string) bool {
	_, ok := owned(dir)
	return ok
}

// Foreign returns the path of a directory in parent that MakeDir made for
// another live process, "" if there is none. A directory that a process in
// another container made does not count.
func Foreign(parent string) string {
	f, err := os.Open(parent)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	names, err := f.Readdirnames(maxNames)
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	for _, name := range names {
		dir := filepath.Join(parent, name)
		if who, ok := owned(dir); ok && who != Self() && who.lives() {
			return dir
		}
	}
	return ""
}

// owned reads the owner of dir.
func owned(dir string) (who Identity, ok bool) {
	if !named.MatchString(filepath.Base(dir)) {
		return who, false
	}
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || !statedir.IsOwn(info) || info.Mode().Perm()&0o077 != 0 {
		return who, false
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return who, false
	}
	defer func() { _ = root.Close() }()
	who, err = readOwner(root)
	return who, err == nil
}

// lives reports whether the process is known to live: it runs on this machine
// and in this PID namespace.
func (i Identity) lives() bool {
	here := Self()
	if !i.Known() || i.BootID != here.BootID || i.Host != here.Host || i.Machine != here.Machine || i.PIDNamespace != here.PIDNamespace {
		return false
	}
	start, known := startTime(i.PID)
	return known && start == i.StartTime
}
