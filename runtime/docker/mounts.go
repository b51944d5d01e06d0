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

// mounts lists what a container sees of this machine: its files and PID 1's
// program; where nothing can be mounted, volumes of its own in their place.
func mounts(o Options, p plan, dir string) ([]mount.Mount, error) {
	all, protected, err := gitMounts(dir)
	if err != nil {
		return nil, err
	}
	if p.noMount != "" {
		all = []mount.Mount{volume(workDir)}
		if p.noSupervisor == "" {
			all = append(all, volume(programDir))
		}
		return all, nil
	}
	all = append([]mount.Mount{bind(dir, workDir, false)}, all...)
	for _, name := range protected {
		all = append(all, bind(filepath.Join(dir, name), path.Join(workDir, name), true))
	}
	if p.noSupervisor == "" {
		all = append(all, bind(o.Supervisor.Path, programPath, true))
	}
	return all, nil
}

// gitMounts binds the workspace's .git onto itself: a mount point cannot be
// renamed away and replaced. protected are the parts of it, relative to dir, that
// commands must not change. The API's mounts fail when a source is missing, where
// binds would make a directory that root owns.
func gitMounts(dir string) (self []mount.Mount, protected []string, err error) {
	git := filepath.Join(dir, ".git")
	info, err := os.Lstat(git)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil
	case err != nil:
		return nil, nil, fmt.Errorf("look at %s: %w", git, err)
	case info.Mode().IsRegular():
		// A worktree's or submodule's pointer to its repository elsewhere.
		return nil, []string{".git"}, nil
	case !info.IsDir():
		// A link cannot be a mount point, and its target is outside of our care.
		return nil, nil, fmt.Errorf("%s is a link or a special file, so it cannot be kept from commands; replace it with the directory it stands for", git)
	}
	for _, name := range gitReadOnly {
		source := filepath.Join(git, name)
		info, err := os.Lstat(source)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, nil, fmt.Errorf("look at %s: %w", source, err)
		case !info.IsDir() && !info.Mode().IsRegular():
			return nil, nil, fmt.Errorf("%s is a link or a special file, so it cannot be kept from commands; replace it with a plain one", source)
		}
		protected = append(protected, path.Join(".git", name))
	}
	return []mount.Mount{bind(git, path.Join(workDir, ".git"), false)}, protected, nil
}

// volume is one that goes with the container.
func volume(target string) mount.Mount {
	return mount.Mount{Type: mount.TypeVolume, Target: target, VolumeOptions: &mount.VolumeOptions{NoCopy: true}}
}

func bind(source, target string, readOnly bool) mount.Mount {
	return mount.Mount{
		Type: mount.TypeBind, Source: source, Target: target, ReadOnly: readOnly,
		BindOptions: &mount.BindOptions{Propagation: mount.PropagationRPrivate},
	}
}
