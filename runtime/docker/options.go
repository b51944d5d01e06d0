package docker

import (
	"crypto/rand"
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
	Image  string  // for containers; required; must have a POSIX sh

	// Pull says what to do when the image is missing: PullNever (the default)
	// or PullMissing.
	Pull string
	// Progress gets lines about the progress of a pull. It is called from one
	// goroutine at a time and must not block. It may be nil.
	Progress func(line string)

	// Supervisor is the program that runs as PID 1 and starts commands. The
	// default is this program, whose main must begin with
	// supervisor.RunIfChild.
	Supervisor Program
	link       link // of it

	// NoSupervisor starts each command by a call of the daemon. That also
	// happens where the supervisor cannot run.
	NoSupervisor bool
	// NeedFilter makes commands fail where there is no supervisor, and so no
	// filter of system calls but Docker's own.
	NeedFilter bool
	// NoMount copies the workspace into the container and changes back. That
	// also happens where the daemon cannot mount the workspace.
	NoMount bool

	// Reason is Info's Reason before there is a container, from Client.Foresee.
	Reason string

	// ReadOnly mounts the whole workspace read-only; commands fail where the
	// daemon cannot mount it.
	ReadOnly bool

	MemoryBytes int64   // of all processes and of /tmp and HOME together; no swap on top
	PIDs        int64   // processes and threads
	CPUs        float64 // capped at what the daemon's machine has
	FileBytes   int64   // size of one file that a command can write

	// Network is what commands may reach. An allow list needs the supervisor
	// and the mount of the workspace; without them commands fail.
	Network runtime.Network
	netDir  string // of the executor's proxy, mounted at netproxy.InsideDir

	// User is the "uid:gid" that commands run as. Default: the user of this
	// process, so that files in the workspace keep their owner.
	User string

	// Env adds "NAME=value" to a command's environment, which otherwise is the
	// image's own, HOME, USER, LANG and TERM. Nothing is taken from the
	// environment of this process.
	Env []string

	// Instance distinguishes the containers of this server from those of
	// others. It is a label and part of their names; default: random.
	Instance string

	Log *zap.Logger // nil logs nothing
}

// Program is a program on the host.
type Program struct {
	Path string   // absolute
	Args []string // arguments that make it a supervisor
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
	return o
}

// ownProgram returns the running program, or the zero value when its path is
// unknown.
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

// currentUser returns "uid:gid". Windows has no such numbers, and Docker maps
// file owners there: any unprivileged user works.
func currentUser() string {
	uid, gid := os.Getuid(), os.Getgid()
	if uid < 0 || gid < 0 {
		return "1000:1000"
	}
	return strconv.Itoa(uid) + ":" + strconv.Itoa(gid)
}

// randomID returns 26 letters and digits, usable in names and labels.
func randomID() string { return rand.Text() }
