package gitguard

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/instance"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// Where a workspace has no .git, commands get one of their own, which is staged:
//
//	on the host                     for commands
//	.git/                           (not seen)
//	.git/pygent-new-TAGRANDOM/      .git/, empty at first
//
// For git on the host such a .git is no repository, whatever commands make in
// theirs. Once no command runs, publish removes what would run programs and
// moves the rest to .git, HEAD last, which makes it a repository.
//
// Other programs take any .git for a repository, so the directory has that name
// only while commands run and a second longer, and is named idleDir at other
// times: a mount on a directory follows its renaming. Servers that work in the
// same workspace share it, each with a staged directory of its own; a server
// that runs commands holds a shared lock on it.

const (
	stagedPrefix = "pygent-new-"

	// GoFlags is for the environment of commands that have a staged .git: go
	// build would fail because there is no repository in it.
	GoFlags = "GOFLAGS=-buildvcs=false"

	// idleDir is named like the temporary files of writes, which are no part of
	// a workspace.
	idleDir = ".pygent-GITOFCOMMANDSWHILENONERUNS"
)

// staging is the directory that is named .git and idleDir in turn.
type staging struct {
	name string   // of the staged directory inside
	file *os.File // the directory, open

	mu    sync.Mutex // guards the fields below
	over  bool       // it was released
	timer *time.Timer
}

// hideAfter is how long no command must have run before the directory is
// renamed to idleDir: the next command often follows at once.
const hideAfter = time.Second

// NotPublishedYet is the notice while other commands could change the
// repository that HasNew reports.
const NotPublishedYet = "the repository that commands made in .git is theirs alone until no other command or job runs here; then it becomes the workspace's"

// addStaged makes or finds the directory that commands see as .git; staged is
// false if there is a .git already.
func (f *finder) addStaged(above *os.Root, info fs.FileInfo) (staged bool, err error) {
	if info != nil && !isStaging(above, gitrepo.Dir) {
		return false, nil
	}
	if f.opts.Placeholders {
		f.staged, err = stage(above)
		switch {
		case isDenied(err):
			return true, nil // commands cannot make one either
		case err != nil || f.staged == nil:
			return false, err
		}
	}
	if f.staged == nil {
		return true, nil
	}
	from := path.Join(gitrepo.Dir, f.staged.name)
	made, err := above.Lstat(from)
	if err != nil {
		return false, err
	}
	f.Parts = append(f.Parts, Part{Path: gitrepo.Dir, From: from, Dir: true, info: made})
	return true, nil
}

// isDenied reports whether this process, and so commands too, may not make the
// file.
func isDenied(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// stage makes a staged directory. It returns nil if there is a repository by
// now.
func stage(above *os.Root) (*staging, error) {
	top, err := above.Stat(".")
	if err != nil {
		return nil, err
	}
	for range 3 {
		if isStaging(above, idleDir) {
			_ = above.Rename(idleDir, gitrepo.Dir) // another server's, or left by a dead one
		}
		if err = above.Mkdir(gitrepo.Dir, 0o755); err == nil {
			giveTo(above, gitrepo.Dir, top)
		} else if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		var s *staging
		if s, err = stageIn(above, top); !errors.Is(err, fs.ErrNotExist) { // else another server has removed .git
			return s, err
		}
	}
	return nil, err
}

func stageIn(above *os.Root, top fs.FileInfo) (*staging, error) {
	r, err := nolink.Dir(above, gitrepo.Dir)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	s := &staging{name: stagedPrefix + strings.ToLower(instance.Self().Tag()+rand.Text()[:8])}
	if s.file, err = r.Open("."); err != nil {
		return nil, err
	}
	_ = lockPatiently(s.file)
	if !s.isAt(above, gitrepo.Dir) || !isStaging(above, gitrepo.Dir) {
		s.file.Close()
		return nil, nil //nolint:nilnil // a repository has just been published
	}
	if err := r.Mkdir(s.name, 0o755); err != nil {
		s.file.Close()
		return nil, err
	}
	giveTo(r, s.name, top)
	_ = lockShared(s.file)
	return s, nil
}

// isAt reports whether the directory has that name.
func (s *staging) isAt(root *os.Root, name string) bool {
	is, err := s.file.Stat()
	if err != nil {
		return false
	}
	now, err := root.Lstat(name)
	return err == nil && os.SameFile(is, now)
}

// Show names the staged directory .git before a command runs. It returns false
// if it cannot, and the guard must be prepared anew.
func (g Guard) Show() bool {
	if g.staged == nil {
		return true
	}
	root, err := os.OpenRoot(g.dir)
	if err != nil {
		return false
	}
	defer root.Close()
	g.staged.mu.Lock()
	defer g.staged.mu.Unlock()
	g.staged.stopTimer()
	return !g.staged.over && g.staged.show(root)
}

// stopTimer stops the timer that renames the directory. The caller holds mu.
func (s *staging) stopTimer() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}

func (s *staging) show(root *os.Root) bool {
	if lockSharedPatiently(s.file) != nil {
		return false
	}
	for range 3 { // another server can do the same
		if s.isAt(root, gitrepo.Dir) {
			return true
		}
		if !s.isAt(root, idleDir) {
			return false
		}
		_ = root.Rename(idleDir, gitrepo.Dir)
	}
	return false
}

// Hide renames the directory to idleDir soon. No command runs here any more.
func (g Guard) Hide() {
	if g.staged == nil {
		return
	}
	s := g.staged
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.timer != nil {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(hideAfter, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.timer != timer || s.over {
			return
		}
		s.timer = nil
		if root, err := os.OpenRoot(g.dir); err == nil {
			s.hide(root)
			root.Close()
		}
	})
	s.timer = timer
}

func (s *staging) hide(root *os.Root) {
	defer unlock(s.file)
	if lockAlone(s.file) == nil && s.isAt(root, gitrepo.Dir) && isStaging(root, gitrepo.Dir) && !exists(root, idleDir) {
		_ = root.Rename(gitrepo.Dir, idleDir)
	}
}

// Stages reports whether commands have a staged .git.
func (g Guard) Stages() bool { return g.staged != nil }

// isStaging reports whether the file name, .git or idleDir, is a directory with
// nothing but staged directories in it.
func isStaging(above *os.Root, name string) bool {
	r, err := nolink.Dir(above, name)
	if err != nil {
		return false
	}
	defer r.Close()
	entries, ok := list(r, maxHooks)
	for _, e := range entries {
		ok = ok && strings.HasPrefix(e.Name(), stagedPrefix)
	}
	return ok
}

// stagedIn returns the names of the staged directories in a directory.
func stagedIn(root *os.Root, name string) (names []string) {
	r, err := nolink.Dir(root, name)
	if err != nil {
		return nil
	}
	defer r.Close()
	entries, _ := list(r, maxHooks)
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), stagedPrefix) {
			names = append(names, e.Name())
		}
	}
	return names
}

// HasNew reports whether commands have made a repository that is not yet the
// workspace's.
func (g Guard) HasNew() bool {
	if g.staged == nil {
		return false
	}
	_, err := os.Lstat(filepath.Join(g.dir, gitrepo.Dir, g.staged.name, "HEAD"))
	return err == nil
}

// Publish makes a repository that commands have made the workspace's. No
// command may be running, and the guard must be prepared anew afterwards.
func (g Guard) Publish() (notices []string) {
	if !g.HasNew() {
		return nil
	}
	root, err := os.OpenRoot(g.dir)
	if err != nil {
		return nil
	}
	defer root.Close()
	g.staged.mu.Lock()
	defer g.staged.mu.Unlock()
	if g.staged.over {
		return nil
	}
	p := publishing{root: root, dir: g.dir, base: gitrepo.Dir, staged: g.staged.name}
	return p.publish(g.staged.file)
}

// release is for Guard.Release.
func (s *staging) release(root *os.Root, dir string) (notices []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil
	}
	s.over = true
	s.stopTimer()
	defer s.file.Close()
	p := publishing{root: root, dir: dir, base: gitrepo.Dir, staged: s.name, all: true}
	if !s.show(root) {
		p.base = idleDir // the host has made a .git
	}
	notices = p.publish(s.file)
	if s.isAt(root, p.base) {
		_ = root.Remove(p.base) // if it is empty
	}
	s.hide(root) // if others use it
	return notices
}
