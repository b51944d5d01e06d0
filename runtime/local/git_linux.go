package local

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Bounds of the search for the repositories of submodules.
const (
	maxModuleDepth = 6
	maxModules     = 200
	maxGitConfig   = 1 << 20
)

// gitGuards keep commands from what git on the host would run for them: .git is
// mounted onto itself, so that it cannot be renamed, and what names programs
// (hooks, the configuration) is read-only in it, in those of submodules too.
func (s *spec) gitGuards() ([]mount, error) {
	git := filepath.Join(s.Workspace, ".git")
	info, err := os.Lstat(git)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case info.Mode()&os.ModeSymlink != 0:
		return nil, fmt.Errorf("%s is a symbolic link, which cannot be protected: put the repository there itself, or a file that says gitdir", git)
	case !info.IsDir(): // a worktree's or a submodule's: it names the repository
		m, err := guard(git, unix.MOUNT_ATTR_RDONLY)
		return []mount{m}, err
	}
	m, err := guard(git, 0)
	if err != nil {
		return nil, err
	}
	mounts := []mount{m}
	for _, repo := range repositories(s.Workspace) {
		guards, err := guardRepo(repo)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, guards...)
	}
	return mounts, nil
}

// guardRepo makes what names programs read-only in one repository. What is not
// there is made first, empty, which git takes for the same; in a directory that
// is no repository nothing is made.
func guardRepo(repo string) (mounts []mount, err error) {
	r, err := os.OpenRoot(repo)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	if _, err := r.Lstat("HEAD"); err != nil {
		return nil, nil
	}
	if err := r.Mkdir("hooks", 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	names := []string{"hooks", "config"}
	if usesWorktreeConfig(r) {
		names = append(names, "config.worktree")
	}
	for _, name := range names {
		if name != "hooks" {
			f, err := r.OpenFile(name, os.O_CREATE|os.O_RDONLY|unix.O_NONBLOCK, 0o644)
			if err != nil {
				return nil, err
			}
			_ = f.Close()
		}
		m, err := guard(filepath.Join(repo, name), unix.MOUNT_ATTR_RDONLY)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, m)
	}
	return mounts, nil
}

// usesWorktreeConfig tells whether git reads config.worktree too.
func usesWorktreeConfig(repo *os.Root) bool {
	if _, err := repo.Lstat("config.worktree"); err == nil {
		return true
	}
	f, err := repo.OpenFile("config", os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	text, _ := io.ReadAll(io.LimitReader(f, maxGitConfig))
	return bytes.Contains(bytes.ToLower(text), []byte("worktreeconfig"))
}

// repositories lists the workspace's repository and those of its submodules.
func repositories(workspace string) []string {
	git := filepath.Join(workspace, ".git")
	if info, err := os.Lstat(git); err != nil || !info.IsDir() {
		return nil
	}
	return append([]string{git}, submodules(filepath.Join(git, "modules"), maxModuleDepth)...)
}

// redirects watches for the one file that no mount can keep from being made:
// commondir, by which a repository takes its configuration from elsewhere.
type redirects struct {
	workspace string
	watched   []string // relative to the workspace, and not there when watching began
}

func watchRedirects(workspace string) redirects {
	w := redirects{workspace: workspace}
	for _, repo := range repositories(workspace) {
		path := filepath.Join(repo, "commondir")
		if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
			if rel, err := filepath.Rel(workspace, path); err == nil {
				w.watched = append(w.watched, rel)
			}
		}
	}
	return w
}

// remove removes what a command has made of them, and says so.
func (w redirects) remove(out io.Writer) {
	for _, rel := range w.watched {
		if _, err := os.Lstat(filepath.Join(w.workspace, rel)); err != nil {
			continue
		}
		root, err := os.OpenRoot(w.workspace)
		if err == nil {
			err = root.RemoveAll(rel)
			_ = root.Close()
		}
		if err != nil {
			_, _ = fmt.Fprintf(out, "\n[%s could not be removed, though git on the host would run what it leads to: %v]\n", rel, err)
			continue
		}
		_, _ = fmt.Fprintf(out, "\n[%s was removed: git on the host would run what it leads to]\n", rel)
	}
}

// submodules lists the repositories below dir.
func submodules(dir string, depth int) (repos []string) {
	entries, err := os.ReadDir(dir)
	if err != nil || depth == 0 {
		return nil
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !e.IsDir() || len(repos) >= maxModules {
			continue
		}
		if _, err := os.Lstat(filepath.Join(path, "HEAD")); err == nil {
			repos = append(repos, path)
			path = filepath.Join(path, "modules")
		}
		repos = append(repos, submodules(path, depth-1)...)
	}
	return repos[:min(len(repos), maxModules)]
}

// guard takes a file or directory of the workspace, to be mounted onto itself.
func guard(path string, attrs uint64) (mount, error) {
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&os.ModeSymlink != 0 {
		err = errors.New("it is a symbolic link; put a directory or file in its place")
	}
	if err != nil {
		return mount{}, fmt.Errorf("protect %s: %w", path, err)
	}
	m, err := clone(path, path, attrs|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
	if err != nil {
		return mount{}, fmt.Errorf("protect %s: %w", path, err)
	}
	return m, nil
}
