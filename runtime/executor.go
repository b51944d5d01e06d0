package runtime

import (
	"context"
	"errors"
	"io"
)

// ErrUnavailable says that no command can run at all: the Docker daemon is
// down, the image is missing, no shell is there. The error that wraps it names
// the cause and the remedy.
var ErrUnavailable = errors.New("runtime unavailable")

// Kinds of runtime, as the protocol names them.
const (
	KindDocker = "docker"
	KindLocal  = "local"
)

// Sandbox levels, as the protocol names them, strongest first.
const (
	SandboxContainer = "container"
	SandboxStrong    = "strong"
	SandboxMedium    = "medium"
	SandboxNone      = "none"
)

// Info describes what a command runs in.
type Info struct {
	Kind        string `json:"kind" jsonschema:"docker or local"`
	Sandbox     string `json:"sandbox" jsonschema:"container, strong, medium or none"`
	Image       string `json:"image,omitempty"`
	ContainerID string `json:"containerId,omitempty"`
	Network     string `json:"network" jsonschema:"none, allow (the hosts that the user has listed) or full"`
	Workspace   string `json:"workspace" jsonschema:"the workspace's path on the host"`
	Limits      Limits `json:"limits"`
	Reason      string `json:"reason,omitempty" jsonschema:"why this kind and level were chosen, when a stronger one was not"`
}

// Limits are the bounds that the host really enforces. Zero means that it
// cannot enforce one; the field is then absent in JSON.
type Limits struct {
	MemoryBytes int64   `json:"memoryBytes,omitempty" jsonschema:"absent, as others here: the host cannot enforce it"`
	PIDs        int64   `json:"pids,omitempty"`
	CPUs        float64 `json:"cpus,omitempty"`
	FileBytes   int64   `json:"fileBytes,omitempty" jsonschema:"of each file that is written"`
	OutputBytes int64   `json:"outputBytes" jsonschema:"what is kept of a command's output"`
}

// Command is one shell command.
type Command struct {
	Script string // given to sh -c; stdin is /dev/null
	Dir    string // workspace-relative, with slashes; "" is the root
}

// Exit is how a command ended by itself.
type Exit struct {
	Code        int    // exit code; 128 + number for a signal, as shells have it
	Signal      string // "SIGKILL" and the like when a signal ended it, else ""
	OutOfMemory bool
	OutOfDisk   bool // it was killed because the workspace's disk was nearly full
}

// Executor runs commands in one workspace. Implementations are safe for
// concurrent use and start what they need (a container, a supervisor) with the
// first command, not when they are made.
type Executor interface {
	// Exec runs cmd and returns when every process that it started is gone,
	// background processes included. out gets stdout and stderr as they arrive,
	// from one goroutine at a time; Exec never calls it after it has returned.
	//
	// When ctx ends, the whole process tree is killed and Exec returns
	// context.Cause(ctx) within a second; the output up to then is kept. An
	// error that wraps ErrUnavailable means that the command did not run or
	// that its exit code is unknown. A non-zero exit code is not an error.
	Exec(ctx context.Context, cmd Command, out io.Writer) (Exit, error)

	// Info is cheap and never blocks on the backend.
	Info() Info

	// Close ends everything that the executor started and waits for it, bounded
	// by ctx. Exec fails afterwards.
	Close(ctx context.Context) error
}
