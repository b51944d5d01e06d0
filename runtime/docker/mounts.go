package docker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/docker/docker/api/types/mount"
)

// gitReadOnly are the parts of a repository that make the host's git run code.
// They are read-only where they exist.
var gitReadOnly = []string{"hooks", "config", "config.worktree"}

// mounts binds the workspace, writable, and over it its own .git: a mount point
// cannot be renamed away and replaced. The API's mounts fail when a source is
// missing, where binds would make a directory that root owns.
func mounts(dir string) ([]mount.Mount, error) {
	all := []mount.Mount{bind(dir, workDir, false)}
	git := filepath.Join(dir, ".git")
	info, err := os.Lstat(git)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return all, nil
	case err != nil:
		return nil, fmt.Errorf("look at %s: %w", git, err)
	case info.Mode().IsRegular():
		// A worktree's or submodule's pointer to its repository elsewhere.
		return append(all, bind(git, path.Join(workDir, ".git"), true)), nil
	case !info.IsDir():
		// A link cannot be a mount point, and its target is outside of our care.
		return nil, fmt.Errorf("%s is a link or a special file, so it cannot be kept from commands; replace it with the directory it stands for", git)
	}
	all = append(all, bind(git, path.Join(workDir, ".git"), false))
	for _, name := range gitReadOnly {
		source := filepath.Join(git, name)
		info, err := os.Lstat(source)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("look at %s: %w", source, err)
		case !info.IsDir() && !info.Mode().IsRegular():
			return nil, fmt.Errorf("%s is a link or a special file, so it cannot be kept from commands; replace it with a plain one", source)
		}
		all = append(all, bind(source, path.Join(workDir, ".git", name), true))
	}
	return all, nil
}

func bind(source, target string, readOnly bool) mount.Mount {
	return mount.Mount{
		Type: mount.TypeBind, Source: source, Target: target, ReadOnly: readOnly,
		BindOptions: &mount.BindOptions{Propagation: mount.PropagationRPrivate},
	}
}
