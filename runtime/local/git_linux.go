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

// guardGit keeps commands from what git on the host would run for them: .git is
// mounted onto itself, so that it cannot be renamed, and what names programs
// (hooks, the configuration) is read-only in it, in those of submodules too.
func (s *spec) guardGit(root int) error {
	git := filepath.Join(s.Workspace, ".git")
	info, err := os.Lstat(git)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&os.ModeSymlink != 0:
		return fmt.Errorf("%s is a symbolic link, which cannot be protected: put the repository there itself, or a file that says gitdir", git)
	case !info.IsDir(): // a worktree's or a submodule's: it names the repository
		return bindOnto(root, git, unix.MOUNT_ATTR_RDONLY)
	}
	if err := bindOnto(root, git, 0); err != nil {
		return err
	}
	repos := append([]string{git}, submodules(filepath.Join(git, "modules"), maxModuleDepth)...)
	for _, repo := range repos {
		if err := guardRepo(root, repo); err != nil {
			return err
		}
	}
	return nil
}

// guardRepo makes what names programs read-only in one repository. What is not
// there is made first, empty, which git takes for the same; in a directory that
// is no repository nothing is made.
func guardRepo(root int, repo string) error {
	r, err := os.OpenRoot(repo)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	if _, err := r.Lstat("HEAD"); err != nil {
		return nil
	}
	if err := r.Mkdir("hooks", 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	names := []string{"hooks", "config"}
	if usesWorktreeConfig(r) {
		names = append(names, "config.worktree")
	}
	for _, name := range names {
		if name != "hooks" {
			f, err := r.OpenFile(name, os.O_CREATE|os.O_RDONLY|unix.O_NONBLOCK, 0o644)
			if err != nil {
				return err
			}
			_ = f.Close()
		}
		if err := bindOnto(root, filepath.Join(repo, name), unix.MOUNT_ATTR_RDONLY); err != nil {
			return err
		}
	}
	return nil
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

// bindOnto mounts a file or directory onto itself in the new root.
func bindOnto(root int, path string, attrs uint64) error {
	fd, err := unix.OpenTree(unix.AT_FDCWD, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE|unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return fmt.Errorf("protect %s: %w", path, err)
	}
	m := mount{at: path, fd: fd}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return fmt.Errorf("%s is a symbolic link, which cannot be protected: put a directory or file in its place", path)
	}
	m.file = st.Mode&unix.S_IFMT != unix.S_IFDIR
	attrs |= unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: attrs}); err != nil {
		return fmt.Errorf("protect %s: %w", path, err)
	}
	if err := m.attach(root); err != nil {
		return fmt.Errorf("protect %s: %w", path, err)
	}
	return nil
}
