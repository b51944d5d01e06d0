package gitguard

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// placeholderText is the content of our commondir. For git it names the
// repository itself.
const placeholderText = "./.\n"

// held is a placeholder that this process holds, by a lock on it.
type held struct {
	repo string
	file *os.File
}

// placehold makes a commondir without effect where there is none, so that it
// can be mounted read-only: otherwise commands could make one by which git
// takes its configuration from elsewhere. With a commondir git ignores
// core.bare and core.worktree, so repositories that set these get none, except
// those of submodules, which work without these settings.
func (f *finder) placehold(r *os.Root, rel string) error {
	text, _, err := nolink.ReadFile(r, gitrepo.CommonDir, maxFile)
	switch {
	case err == nil && string(text) == placeholderText: // made by another server, or left by a dead one
	case !errors.Is(err, fs.ErrNotExist), !isModule(rel) && needsNone(r):
		return nil
	}
	for range 3 {
		file, err := r.OpenFile(gitrepo.CommonDir, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err == nil {
			_, err = file.WriteString(placeholderText)
		} else if errors.Is(err, fs.ErrExist) {
			file, err = r.OpenFile(gitrepo.CommonDir, os.O_RDONLY|nolink.Nonblock, 0)
		}
		if isDenied(err) {
			return nil // commands cannot make one either
		}
		if err != nil {
			return err
		}
		if err := lockShared(file); errors.Is(err, errors.ErrUnsupported) {
			file.Close()
			return r.Remove(gitrepo.CommonDir)
		}
		is, err := file.Stat()
		if now, lerr := r.Lstat(gitrepo.CommonDir); err == nil && lerr == nil && os.SameFile(is, now) {
			f.held = append(f.held, held{rel, file})
			return nil
		}
		file.Close() // its last holder removed it
	}
	return errors.New("commondir is made and removed at the same time; try again")
}

// needsNone reports whether a configuration has a setting that git ignores with
// a commondir.
func needsNone(r *os.Root) bool {
	text, _, err := nolink.ReadFile(r, "config", maxFile)
	if err != nil {
		return false
	}
	all, err := gitrepo.ParseConfig(string(text))
	return err != nil || slices.ContainsFunc(all, func(s gitrepo.Setting) bool {
		return s.Name() == "core.worktree" || s.Name() == "core.bare" && !isFalse(s)
	})
}

func isFalse(s gitrepo.Setting) bool {
	return !s.Bare && slices.Contains([]string{"", "0", "false", "no", "off"}, strings.ToLower(s.Value))
}

// Release removes what Prepare has made, once no command runs. A repository
// that commands made becomes the workspace's. It can be called again, also for
// a copy.
func (g Guard) Release() (notices []string) {
	if len(g.held) == 0 && g.staged == nil {
		return nil
	}
	root, err := os.OpenRoot(g.dir)
	if err != nil {
		for _, h := range g.held {
			h.file.Close()
		}
		return nil // the workspace is gone
	}
	defer root.Close()
	for _, h := range g.held {
		_ = nolink.Within(root, h.repo, func(r *os.Root) error { return removePlaceholder(r, h.file) })
		h.file.Close()
	}
	if g.staged == nil {
		return nil
	}
	return g.staged.release(root, g.dir)
}

// removePlaceholder removes our commondir, which is open as file, unless
// another server holds it too.
func removePlaceholder(r *os.Root, file *os.File) error {
	if err := lockAlone(file); err != nil {
		return err
	}
	is, err := file.Stat()
	if err != nil {
		return err
	}
	now, err := r.Lstat(gitrepo.CommonDir)
	if err != nil || !os.SameFile(is, now) {
		return err
	}
	if text, _, err := nolink.ReadFile(r, gitrepo.CommonDir, maxFile); err != nil || string(text) != placeholderText {
		return err
	}
	return r.Remove(gitrepo.CommonDir)
}

// Sweep removes the placeholders and staged directories that a killed server
// left in a workspace, by its tag (instance.Identity). The repositories that
// its commands made become the workspace's. The directory above the staged ones
// stays until the next Release: removing it would change the time of the
// workspace's directory, which shows whether files were removed since the
// server's end.
func Sweep(dir, tag string) (notices []string) {
	w, err := openWorkspace(dir)
	if err != nil {
		return nil
	}
	defer w.close()
	for _, base := range []string{gitrepo.Dir, idleDir} {
		for _, name := range stagedIn(w.root, base) {
			if !strings.HasPrefix(name, stagedPrefix+strings.ToLower(tag)) {
				continue
			}
			if lock, err := w.root.Open(base); err == nil {
				notices = append(notices, publishing{root: w.root, dir: dir, base: base, staged: name, all: true}.publish(lock)...)
				lock.Close()
			}
		}
	}
	for _, at := range new(tree).search(w, maxGuardDirs).places {
		_ = nolink.Within(w.root, at.path, func(r *os.Root) error {
			file, err := r.OpenFile(gitrepo.CommonDir, os.O_RDONLY|nolink.Nonblock, 0)
			if err != nil {
				return err
			}
			defer file.Close()
			return removePlaceholder(r, file)
		})
	}
	return notices
}
