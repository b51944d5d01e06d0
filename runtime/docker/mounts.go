package docker

import (
	"path"
	"path/filepath"

	"github.com/docker/docker/api/types/mount"

	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/netproxy"
)

// mounts lists what a container sees of this machine: the workspace, writable
// unless Options.ReadOnly is set, read-only mounts over the paths that g guards
// in it, and PID 1's program. Where nothing can be mounted, the container gets
// volumes instead. It uses the API's mounts because they fail when a source is
// missing; binds would make a directory that root owns.
func mounts(o Options, p plan, dir string, g gitguard.Guard) []mount.Mount {
	if p.noMount != "" {
		all := []mount.Mount{volume(workDir)}
		if p.noSupervisor == "" {
			all = append(all, volume(programDir))
		}
		return all
	}
	all := []mount.Mount{bind(dir, workDir, o.ReadOnly)}
	for _, part := range g.Parts {
		part.ReadOnly = part.ReadOnly || o.ReadOnly
		all = append(all, bind(filepath.Join(dir, filepath.FromSlash(part.Source())), path.Join(workDir, part.Path), part.ReadOnly))
	}
	if p.noSupervisor == "" {
		all = append(all, bind(o.Supervisor.Path, programPath, true))
		for name, file := range o.link.all() {
			all = append(all, bind(file, path.Join(libraryDir, name), true))
		}
		if o.netDir != "" {
			all = append(all, bind(o.netDir, netproxy.InsideDir, true))
		}
	}
	return all
}

// volume returns a volume that is removed with the container.
func volume(target string) mount.Mount {
	return mount.Mount{Type: mount.TypeVolume, Target: target, VolumeOptions: &mount.VolumeOptions{NoCopy: true}}
}

func bind(source, target string, readOnly bool) mount.Mount {
	return mount.Mount{
		Type: mount.TypeBind, Source: source, Target: target, ReadOnly: readOnly,
		BindOptions: &mount.BindOptions{Propagation: mount.PropagationRPrivate},
	}
}
