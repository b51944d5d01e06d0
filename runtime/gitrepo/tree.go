package gitrepo

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// Tree is the working tree around a workspace. It is safe for concurrent use.
type Tree struct {
	Dir    string   // the directory ".git"; "" when only ignore rules are used
	Within []string // path of the workspace in the tree
	Rules  *Rules   // info/exclude and the ignore files above the workspace
	// Converts reports that an attributes file above the workspace can make blobs
	// differ from files.
	Converts bool

	load  sync.Once
	index *index // nil when it cannot be used
}

// File is the part of a file's stat that shows its identity and content.
type File struct {
	Size, MTime, CTime int64 // bytes, nanoseconds of Unix time; CTime is 0 where there is none
	Inode              uint64
}

// Find returns the working tree of a workspace, nil when there is none.
//
// It reads only a directory ".git" that belongs to the workspace's owner. Whoever
// wrote the repository can have written a file ".git" that names another directory,
// and anybody can have made a ".git" above the workspace. In such a tree the ignore
// files count, but not the index.
func Find(workspace string) *Tree {
	top, err := os.Lstat(workspace)
	if err != nil {
		return nil
	}
	for dir, within := workspace, []string(nil); ; {
		dot := filepath.Join(dir, Dir)
		if info, err := os.Lstat(dot); err == nil && (info.IsDir() && hasHEAD(dot) || info.Mode().IsRegular()) {
			t := &Tree{Within: within}
			if info.IsDir() && owner(info) == owner(top) {
				t.Dir = dot
			}
			t.readOuter(dir)
			return t
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil
		}
		within = append([]string{filepath.Base(dir)}, within...)
		dir = parent
	}
}

func hasHEAD(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, "HEAD"))
	return err == nil
}

// readOuter reads info/exclude and the ignore files above the workspace. It leaves out
// the user's global excludes, so that undo covers the files that only those name.
func (t *Tree) readOuter(top string) {
	if t.Dir != "" {
		inDir(filepath.Join(t.Dir, "info"), func(r *os.Root) { t.Rules = parseRules(readText(r, "exclude"), 0, nil) })
	}
	for i, elem := range t.Within {
		inDir(top, func(r *os.Root) {
			t.Rules = t.Rules.Below(r, i)
			t.Converts = t.Converts || Converts(r)
		})
		top = filepath.Join(top, elem)
	}
}

// inDir calls do with a directory, unless it cannot be opened.
func inDir(dir string, do func(*os.Root)) {
	if r, err := os.OpenRoot(dir); err == nil {
		do(r)
		_ = r.Close()
	}
}

// readText returns the text of a file of rules. As for git, a special or unreadable
// file is empty.
func readText(dir *os.Root, name string) string {
	text, _, err := nolink.ReadFile(dir, name, maxFile)
	if err != nil {
		return ""
	}
	return string(text)
}

// path turns a path in the workspace into one in the tree.
func (t *Tree) path(name string) string {
	if len(t.Within) == 0 {
		return name
	}
	return path.Join(strings.Join(t.Within, "/"), name)
}

// Tracks reports whether the index has a file of the workspace, or a file below a
// directory. Git never ignores those.
func (t *Tree) Tracks(name string, isDir bool) bool {
	t.load.Do(t.loadIndex)
	return t.index.has(t.path(name), isDir)
}

// Holds returns the id of the blob with the content of a file of the workspace. ok is
// false in any doubt: another stat, a racy one, or settings that convert contents.
func (t *Tree) Holds(name string, f File) (id BlobID, ok bool) {
	t.load.Do(t.loadIndex)
	if t.index == nil || !t.index.literal {
		return id, false
	}
	return t.index.blob(t.path(name), f)
}

func (t *Tree) loadIndex() {
	if t.Dir == "" {
		return
	}
	inDir(t.Dir, func(r *os.Root) {
		x, err := readIndex(r)
		if err != nil {
			return // then no file is tracked: more are read, and ignored ones are left out
		}
		x.literal = takesLiterally(r)
		t.index = x
	})
}
