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

// Places inside a container.
const (
	workDir = "/workspace"
	homeDir = "/home/pygent"
	tmpDir  = "/tmp"
)

// Where the supervisor is, inside.
const (
	programDir  = "/.pygent"
	programPath = programDir + "/supervisor"
)

const (
	hostname    = "pygent"
	openFiles   = 4096     // ulimit nofile
	sharedBytes = 64 << 20 // of /dev/shm, at most; Docker's own default
)

//go:embed scripts/init.sh
var initScript string

// supervisorEnv keeps PID 1 small: its memory and its threads count as the
// commands' own.
var supervisorEnv = []string{"GOMEMLIMIT=32MiB", "GOMAXPROCS=2"}

// containerConfig is what a container is: its user, environment and PID 1.
func containerConfig(o Options, p plan) *container.Config {
	supervised := p.noSupervisor == ""
	env := []string{"HOME=" + homeDir, "USER=pygent", "LANG=C.UTF-8", "TERM=dumb"}
	first := []string{"sh", "-c", initScript}
	if supervised {
		env = append(env, supervisorEnv...)
		first = slices.Concat([]string{programPath}, o.Supervisor.Args, []string{supervisor.GuardArg, supervisor.DiskArg(workDir)})
		if o.netDir != "" {
			first = append(first, supervisor.ProxyArg(netproxy.InsideSocket))
		}
	} else {
		// Every exec has its own mark in the place of this one. It stands first, to
		// come early in the environment.
		env = append([]string{markVariable + "=" + markInit}, env...)
	}
	return &container.Config{
		Hostname:        hostname,
		User:            o.User,
		Env:             append(env, o.Env...),
		Image:           o.Image,
		Entrypoint:      first,
		Cmd:             []string{},
		WorkingDir:      workDir,
		Labels:          labels(o.Instance, o.Labels),
		NetworkDisabled: !o.Network.Full,
		Healthcheck:     &container.HealthConfig{Test: []string{"NONE"}}, // the image's would run commands
		AttachStdin:     true,
		AttachStdout:    supervised,
		AttachStderr:    supervised,
		OpenStdin:       true,
		StdinOnce:       true, // stdin closes with the connection that holds it
	}
}

// hostConfig is what a container can reach. dir is the workspace on the host,
// free of links, with git in it guarded. cpus is what the daemon's machine has,
// 0 when unknown.
func hostConfig(o Options, p plan, dir string, git gitguard.Guard, cpus int) *container.HostConfig {
	if cpus > 0 {
		o.CPUs = min(o.CPUs, float64(cpus)) // the daemon refuses more
	}
	uid, gid, _ := strings.Cut(o.User, ":")
	if gid == "" {
		gid = uid
	}
	// What lies in memory counts as memory: at most half of it is for files.
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
