package docker

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"

	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/netproxy"
	"github.com/pygent/pygent/runtime/supervisor"
)

// Paths inside a container.
const (
	workDir = "/workspace"
	homeDir = "/home/pygent"
	tmpDir  = "/tmp"
)

// Paths of the supervisor inside.
const (
	programDir  = "/.pygent"
	programPath = programDir + "/supervisor"
)

const (
	hostname    = "pygent"
	openFiles   = 4096     // ulimit nofile
	sharedBytes = 64 << 20 // most for /dev/shm; Docker's own default
)

//go:embed scripts/init.sh
var initScript string

// supervisorEnv keeps PID 1 small: its memory and threads count against the
// commands' limits.
var supervisorEnv = []string{"GOMEMLIMIT=32MiB", "GOMAXPROCS=2"}

// containerConfig returns a container's user, environment and PID 1.
func containerConfig(o Options, p plan) *container.Config {
	supervised := p.noSupervisor == ""
	env := []string{"HOME=" + homeDir, "USER=pygent", "LANG=C.UTF-8", "TERM=dumb"}
	first := []string{"sh", "-c", initScript}
	if supervised {
		env = append(env, supervisorEnv...)
		first = slices.Concat(o.link.start(), o.Supervisor.Args, []string{supervisor.GuardArg, supervisor.VictimsArg, supervisor.DiskArg(workDir)})
		if o.netDir != "" {
			first = append(first, supervisor.ProxyArg(netproxy.InsideSocket))
		}
	} else {
		// Every exec replaces this mark by its own. It comes first, so that it
		// is early in the environment.
		env = append([]string{markVariable + "=" + markInit}, env...)
	}
	env = append(env, o.Env...)
	if supervised && o.link.loader != "" {
		env = withhold(env)
	}
	return &container.Config{
		Hostname:        hostname,
		User:            o.User,
		Env:             env,
		Image:           o.Image,
		Entrypoint:      first,
		Cmd:             []string{},
		WorkingDir:      workDir,
		Labels:          labels(o.Instance),
		NetworkDisabled: !o.Network.Full,
		Healthcheck:     &container.HealthConfig{Test: []string{"NONE"}}, // the image's own would run commands
		AttachStdin:     true,
		AttachStdout:    supervised,
		AttachStderr:    supervised,
		OpenStdin:       true,
		StdinOnce:       true, // stdin closes with its connection
	}
}

// hostConfig returns what a container can reach. dir is the workspace on the
// host, free of links, and git guards its repositories. cpus is the number of
// the daemon's processors, 0 when unknown.
func hostConfig(o Options, p plan, dir string, git gitguard.Guard, cpus int) *container.HostConfig {
	if cpus > 0 {
		o.CPUs = min(o.CPUs, float64(cpus)) // the daemon refuses more
	}
	uid, gid, _ := strings.Cut(o.User, ":")
	if gid == "" {
		gid = uid
	}
	// Files in memory count against the memory limit: at most half of it is for
	// files.
	quarter := strconv.FormatInt(o.MemoryBytes/4, 10)
	mode := container.NetworkMode("none")
	if o.Network.Full {
		mode = "bridge"
	}
	return &container.HostConfig{
		AutoRemove:     true,
		NetworkMode:    mode,
		IpcMode:        container.IPCModePrivate,
		LogConfig:      container.LogConfig{Type: "none"},
		CapDrop:        []string{"ALL"},
		SecurityOpt:    []string{"no-new-privileges"},
		ReadonlyRootfs: true,
		ShmSize:        min(sharedBytes, o.MemoryBytes/8),
		Tmpfs: map[string]string{
			// Some versions of runc give it the mode of the image's /tmp in place of
			// this one, hence the owner.
			tmpDir:  fmt.Sprintf("rw,exec,nosuid,nodev,mode=1777,uid=%s,gid=%s,size=%s", uid, gid, quarter),
			homeDir: fmt.Sprintf("rw,exec,nosuid,nodev,mode=0700,uid=%s,gid=%s,size=%s", uid, gid, quarter),
		},
		Mounts: mounts(o, p, dir, git),
		Resources: container.Resources{
			Memory:     o.MemoryBytes,
			MemorySwap: o.MemoryBytes,
			NanoCPUs:   int64(o.CPUs * 1e9),
			PidsLimit:  &o.PIDs,
			Ulimits: []*container.Ulimit{
				{Name: "core", Soft: 0, Hard: 0},
				{Name: "fsize", Soft: o.FileBytes, Hard: o.FileBytes},
				{Name: "nofile", Soft: openFiles, Hard: openFiles},
			},
		},
	}
}
