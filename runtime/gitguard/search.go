package gitguard

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of a search of the workspace.
const (
	maxGuardDirs   = 1000   // before the first command, which takes some milliseconds
	maxSuspectDirs = 20_000 // at the end of a turn
	maxEntries     = 50_000 // of one directory
	listBatch      = 1024
)

// late are trees that are large and rarely hold repositories: they come last.
var late = []string{"node_modules", "target", "vendor", ".venv", "venv", "__pycache__", "site-packages", ".cache", "build", "dist"}

// search reports the places of repositories in a workspace: each .git, and the
// directories that git takes for a bare repository. It goes by level, reads at
// most most directories and returns the first that it did not, or "". What lies
// in a .git is not searched.
func search(dir string, most int, report func(place string)) (unseen string, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	base, err := root.Open(".")
	if err != nil {
		return "", err
	}
	defer base.Close()
	queue, last := []string{"."}, []string(nil)
	for visited := 0; len(queue)+len(last) > 0; visited++ {
		if len(queue) == 0 {
			queue, last = last, nil
		}
		at := queue[0]
		queue = queue[1:]
		if visited == most {
			return at, nil
		}
		l := listing{at: at, room: max(0, most+1-visited-len(queue)-len(last))}
		if !l.read(base, root, dir) && unseen == "" {
			unseen = at
		}
		for _, place := range l.places() {
			report(place)
		}
		if at != "." && slices.Contains(late, path.Base(at)) {
			last = append(last, l.dirs...)
			continue
		}
		for _, d := range l.dirs {
			if slices.Contains(late, path.Base(d)) {
				last = append(last, d)
			} else {
				queue = append(queue, d)
			}
		}
	}
	return unseen, nil
}

// listing is what matters in one directory.
type listing struct {
	at   string
	room int // for this many more directories

	git                              []string // however it is spelt: some file systems do not care
	dirs                             []string
	head, objects, refs, commonOther bool
}

// read lists the directory; false if it is not complete. One that is gone, or that
// may not be read, holds nothing for git either.
func (l *listing) read(base *os.File, root *os.Root, dir string) (complete bool) {
	f, err := openDir(base, root, l.at, filepath.Join(dir, filepath.FromSlash(l.at)))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNoDir) || errors.Is(err, fs.ErrPermission)
	}
	defer f.Close()
	complete = true
	for seen := 0; ; {
		entries, err := f.ReadDir(listBatch)
		for _, e := range entries {
			complete = l.take(e) && complete
		}
		if seen += len(entries); err != nil || seen > maxEntries {
			slices.Sort(l.dirs)
			return complete && errors.Is(err, io.EOF)
		}
	}
}

// take notes one entry; false if there is no room for it.
func (l *listing) take(e fs.DirEntry) bool {
	name := e.Name()
	switch name {
	case "HEAD":
		l.head = true
	case "objects":
		l.objects = true
	case "refs":
		l.refs = true
	case commonDir:
		l.commonOther = true
	}
	switch {
	case strings.EqualFold(name, gitDir):
		l.git = append(l.git, path.Join(l.at, name))
	case !e.IsDir():
	case len(l.dirs) >= l.room:
		return false
	default:
		l.dirs = append(l.dirs, path.Join(l.at, name))
	}
	return true
}

// places are the repositories in it, or that it is itself.
func (l *listing) places() []string {
	if l.head && (l.objects && l.refs || l.commonOther) {
		return append(l.git, l.at)
	}
	return l.git
}
