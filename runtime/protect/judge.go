package protect

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

// Grade is the degree of a path's protection.
type Grade string

// Grades of a path.
const (
	Free  Grade = ""
	Ask   Grade = "ask"   // the user is asked each time
	Never Grade = "never" // nobody can allow it
)

// Verdict is the judgement on a change of one path.
type Verdict struct {
	Grade  Grade
	Path   string // the judged path
	Reason string // "" when it is Free
}

// bareReason is the reason for files of repositories without a .git.
const bareReason = "it would be part of a repository without a working tree, whose files make git run commands: use git to change them"

// Of judges one change of a path, whose links have been followed, below root.
func Of(root *os.Root, real string) Verdict { return New(root).Of(real) }

// Judge judges changes below one directory that become visible together. It
// reads each directory once, and is not safe for concurrent use.
type Judge struct {
	root        *os.Root
	seen        map[string]layout // by path
	dirs        map[string]bool   // by path: whether it is a directory
	planned     map[string]layout // by path, its parts in the spelling of plain
	linkTargets []string          // targets of links in a .git
}

// layout says which parts of a repository without a working tree a directory
// has.
type layout struct{ head, objects, refs, common bool }

// complete reports whether git takes the directory for a repository: it needs
// HEAD, and either objects and refs or a commondir that leads to them.
func (l layout) complete() bool { return l.head && (l.common || l.objects && l.refs) }

// with returns l with the parts that a name in the directory can be, in any
// spelling.
func (l layout) with(name string) layout {
	for _, s := range spellingsOf(name) {
		l.head = l.head || s == "head"
		l.objects = l.objects || s == "objects"
		l.refs = l.refs || s == "refs"
		l.common = l.common || s == "commondir"
	}
	return l
}

func (l layout) and(o layout) layout {
	return layout{l.head || o.head, l.objects || o.objects, l.refs || o.refs, l.common || o.common}
}

// New makes a Judge. The caller keeps root open for as long as it is used.
func New(root *os.Root) *Judge {
	return &Judge{root: root, seen: map[string]layout{}, dirs: map[string]bool{}, planned: map[string]layout{}}
}

// Plan makes the judge count a change as made: the file real, and the
// directories above it.
func (j *Judge) Plan(real string) {
	dir := "."
	for part := range strings.SplitSeq(path.Clean(real), "/") {
		if l := j.planned[dir].with(part); l != (layout{}) {
			j.planned[dir] = l
		}
		dir = plainPath(path.Join(dir, part))
	}
}

// Of judges the change of a path whose links have been followed, together with
// the planned changes.
func (j *Judge) Of(real string) Verdict {
	real = path.Clean(real)
	if why := repository(real); why != "" {
		return Verdict{Never, real, why}
	}
	if j.bare(real) {
		return Verdict{Never, real, bareReason}
	}
	if slices.ContainsFunc(j.linkTargets, func(dir string) bool { return real == dir || strings.HasPrefix(real, dir+"/") }) {
		return Verdict{Never, real, repositories.Entries[0].Reason}
	}
	if why := Named(real); why != "" {
		return Verdict{Ask, real, why}
	}
	return Verdict{Path: real}
}

// bare reports whether the path is or lies in a repository without a working
// tree, or would complete one.
func (j *Judge) bare(real string) bool {
	dir := "."
	if real != "." {
		for part := range strings.SplitSeq(real, "/") {
			if j.layout(dir).with(part).complete() {
				return true
			}
			dir = path.Join(dir, part)
		}
	}
	return j.layout(dir).complete()
}

func (j *Judge) layout(dir string) layout {
	return j.found(dir).and(j.planned[plainPath(dir)])
}

// found returns the layout of a directory; it is empty for other files, also
// for a link to a directory.
func (j *Judge) found(dir string) layout {
	if l, known := j.seen[dir]; known {
		return l
	}
	var l layout
	if j.isDir(dir) {
		there := func(name string) bool { info, err := j.lstat(path.Join(dir, name)); return info != nil || err != nil }
		l = layout{there("HEAD"), there("objects"), there("refs"), there("commondir")}
		if there(".git") {
			j.addTargets(path.Join(dir, ".git"))
		}
	}
	j.seen[dir] = l
	return l
}

// addTargets records the targets of links in a .git: git reads them like files
// in it.
func (j *Judge) addTargets(git string) {
	for _, name := range []string{"hooks", "config", "config.worktree"} {
		target, err := j.root.Readlink(path.Join(git, name))
		if err != nil || path.IsAbs(target) {
			continue
		}
		if at := path.Join(git, target); at != "." && at != ".." && !strings.HasPrefix(at, "../") {
			j.linkTargets = append(j.linkTargets, at)
		}
	}
}

func (j *Judge) isDir(dir string) bool {
	if dir == "." {
		return true
	}
	is, known := j.dirs[dir]
	if !known {
		if is = j.isDir(path.Dir(dir)); is {
			info, err := j.lstat(dir)
			is = err != nil || info != nil && info.IsDir()
		}
		j.dirs[dir] = is
	}
	return is
}

// lstat returns neither info nor error if the file does not exist.
func (j *Judge) lstat(name string) (fs.FileInfo, error) {
	info, err := j.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	return info, err
}

func plainPath(name string) string {
	parts := strings.Split(path.Clean(name), "/")
	for i, part := range parts {
		if p := plain(part); p != "" {
			parts[i] = p
		}
	}
	return strings.Join(parts, "/")
}
