package snapshot

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// gitTree is what a scan asks of the repository that the workspace lies in. All
// of it is read from files: git is not run, since a repository can make it run
// anything.
type gitTree struct {
	dir    string   // the directory ".git"; "" when only its ignore rules are used
	within []string // where the workspace lies in the repository
	rules  *rules   // info/exclude and the ignore files above the workspace
	// converts tells that an attributes file above the workspace has contents
	// converted between file and blob.
	converts bool

	load  sync.Once
	index *gitIndex // sorted; nil when it cannot be used
}

// findGit looks for the repository of the workspace, nil when there is none.
//
// Only a true directory ".git" of the workspace's owner is read further. A file
// that names another one can be the work of whoever wrote the repository, and a
// directory above the workspace that of anybody: of such a tree the ignore files
// hold, but nothing is taken from its index.
func findGit(workspace string) *gitTree {
	top, err := os.Lstat(workspace)
	if err != nil {
		return nil
	}
	for dir, within := workspace, []string(nil); ; {
		dot := filepath.Join(dir, ".git")
		if info, err := os.Lstat(dot); err == nil && (info.IsDir() && isRepository(dot) || info.Mode().IsRegular()) {
			g := &gitTree{within: within}
			if info.IsDir() && stampOf(info).uid == stampOf(top).uid {
				g.dir = dot
			}
			g.rules = g.outerRules(dir)
			return g
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil
		}
		within = append([]string{filepath.Base(dir)}, within...)
		dir = parent
	}
}

func isRepository(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, "HEAD"))
	return err == nil
}

// outerRules reads those that hold before any ignore file in the workspace. The
// user's global excludes are not among them: what only they name is covered.
func (g *gitTree) outerRules(top string) *rules {
	var list *rules
	if g.dir != "" {
		list = parseRules(readRulesAt(filepath.Join(g.dir, "info"), "exclude"), 0, nil)
	}
	for i, elem := range g.within {
		list = parseRules(readRulesAt(top, ".gitignore"), i, list)
		g.converts = g.converts || convertsBy(readRulesAt(top, ".gitattributes"))
		top = filepath.Join(top, elem)
	}
	return list
}

func readRulesAt(dir, name string) string {
	r, err := os.OpenRoot(dir)
	if err != nil {
		return ""
	}
	defer func() { _ = r.Close() }()
	return readRules(r, name)
}

// readRules returns the text of an ignore file; one that is no regular file or
// cannot be read has none, as for git.
func readRules(r *os.Root, name string) string {
	if info, err := r.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	data, err := readRegular(r, name, maxRulesBytes)
	if err != nil {
		return ""
	}
	return string(data)
}

// path is that of a workspace's file in the repository.
func (g *gitTree) path(name string) string {
	if len(g.within) == 0 {
		return name
	}
	return path.Join(strings.Join(g.within, "/"), name)
}

// tracks reports whether git's index has the file, or something below the
// directory: such are never ignored.
func (g *gitTree) tracks(name string, isDir bool) bool {
	g.load.Do(g.loadIndex)
	return g.index.has(g.path(name), isDir)
}

// holds returns the id of the blob that is the file's content, if the index
// says so beyond doubt: same stat, not racy, and nothing that converts contents.
func (g *gitTree) holds(name string, e *entry) (id blobID, ok bool) {
	g.load.Do(g.loadIndex)
	if g.index == nil || !g.index.exact {
		return id, false
	}
	return g.index.blob(g.path(name), e)
}

func (g *gitTree) loadIndex() {
	if g.dir == "" {
		return
	}
	r, err := os.OpenRoot(g.dir)
	if err != nil {
		return
	}
	defer func() { _ = r.Close() }()
	index, err := readIndex(r)
	if err != nil {
		return // as if nothing were tracked: more is read, and what is ignored is left out
	}
	index.exact = takesLiterally(r)
	g.index = index
}
