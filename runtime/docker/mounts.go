package docker

import (
	"path"
	"path/filepath"

	"github.com/docker/docker/api/types/mount"

	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/netproxy"
)

// mounts lists what a container sees of this machine: the workspace, writable
// unless it shall not be, and over it what g guards in it, and PID 1's program;
// where nothing can be mounted, volumes of its own in their place. The API's
// mounts fail when a source is missing, where binds would make a directory that
// root owns.
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
		all = append(all, bind(filepath.Join(dir, filepath.FromSlash(part.Path)), path.Join(workDir, part.Path), part.ReadOnly))
	}
	if p.noSupervisor == "" {
		all = append(all, bind(o.Supervisor.Path, programPath, true))
		if o.netDir != "" {
			all = append(all, bind(o.netDir, netproxy.InsideDir, true))
		}
	}
	return all
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
