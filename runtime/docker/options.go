package docker

import (
	"crypto/rand"
	"maps"
	"os"
	"path/filepath"
	"strconv"

	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/supervisor"
)

// Defaults of Options.
const (
	DefaultMemoryBytes = 512 << 20
	DefaultPIDs        = 256
	DefaultCPUs        = 2.0
	DefaultFileBytes   = 1 << 30
)

// Options configure an Executor. Zero numbers mean the defaults.
type Options struct {
	Client *Client // the daemon; required
	Image  string  // what containers are made of; required, with a POSIX sh in it

	// Pull says what to do when the image is missing: PullNever (the default)
	// or PullMissing.
	Pull string
	// Progress gets lines that tell how a pull goes. It is called from one
	// goroutine at a time and must not block; nil is fine.
	Progress func(line string)

	// Supervisor is the program that runs as PID 1 and starts commands. The
	// default is this very program, whose main then begins with
	// supervisor.RunIfChild.
	Supervisor Program

	// NoSupervisor starts each command by a call of the daemon, as is done
	// anyway where the program cannot run.
	NoSupervisor bool
	// NoMount copies the workspace into the container and changes back, as is
	// done anyway where the daemon cannot mount the workspace.
	NoMount bool

	// ReadOnly mounts the workspace read-only, all of it; commands fail where the
	// daemon cannot mount it.
	ReadOnly bool

	MemoryBytes int64   // of all processes and of /tmp and HOME together; no swap on top
	PIDs        int64   // processes and threads
	CPUs        float64 // capped at what the daemon's machine has
	FileBytes   int64   // size of one file that a command can write

	// Network is what commands reach. An allow list needs the mount of the
	// workspace and the supervisor; where these cannot be, commands fail.
	Network runtime.Network
	netDir  string // of the executor's proxy, mounted at netproxy.InsideDir

	// User is "uid:gid", whom commands run as. Default: the user of this
	// process, so that files in the workspace stay theirs.
	User string

	// Env adds "NAME=value" to a command's environment, which otherwise is the
	// image's own, HOME, USER, LANG and TERM. Nothing is taken from the
	// environment of this process.
	Env []string

	// Instance tells the containers of this server from those of others. It
	// is a label and part of their names; default: a random one.
	Instance string

	Labels map[string]string // further labels, such as the session
	Log    *zap.Logger       // nil logs nothing
}

// Program is a program on the host.
type Program struct {
	Path string   // absolute, and linked statically: the image may have no libraries
	Args []string // that make it a supervisor
}

func (o Options) withDefaults() Options {
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = DefaultMemoryBytes
	}
	if o.PIDs <= 0 {
		o.PIDs = DefaultPIDs
	}
	if o.CPUs <= 0 {
		o.CPUs = DefaultCPUs
	}
	if o.FileBytes <= 0 {
		o.FileBytes = DefaultFileBytes
	}
	if o.User == "" {
		o.User = currentUser()
	}
	if o.Instance == "" {
		o.Instance = randomID()
	}
	if o.Supervisor.Path == "" {
		o.Supervisor = ownProgram()
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	o.Labels = maps.Clone(o.Labels)
	return o
}

// ownProgram is this one, or nothing when the system does not tell which it is.
func ownProgram() Program {
	path, err := os.Executable()
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return Program{}
	}
	return Program{Path: path, Args: []string{supervisor.Arg}}
}

// currentUser is "uid:gid". Windows has no such numbers, and Docker there maps
// file owners itself: any unprivileged user does.
func currentUser() string {
	uid, gid := os.Getuid(), os.Getgid()
	if uid < 0 || gid < 0 {
		return "1000:1000"
	}
	return strconv.Itoa(uid) + ":" + strconv.Itoa(gid)
}

// randomID is 26 letters and digits, fit for names and labels.
func randomID() string { return rand.Text() }
