package docker

import (
	"path"
	"path/filepath"

	"github.com/docker/docker/api/types/mount"
)

// mounts binds the workspace, writable, and over it what g guards in it. The
// API's mounts fail when a source is missing, where binds would make a directory
// that root owns.
func mounts(dir string, g gitGuard) []mount.Mount {
	all := []mount.Mount{bind(dir, workDir, false)}
	for _, name := range g.self {
		all = append(all, bind(filepath.Join(dir, name), path.Join(workDir, name), false))
	}
	for _, name := range g.readOnly {
		all = append(all, bind(filepath.Join(dir, name), path.Join(workDir, name), true))
	}
	return all
}

func bind(source, target string, readOnly bool) mount.Mount {
	return mount.Mount{
		Type: mount.TypeBind, Source: source, Target: target, ReadOnly: readOnly,
		BindOptions: &mount.BindOptions{Propagation: mount.PropagationRPrivate},
	}
}
