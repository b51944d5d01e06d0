package local

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/internal/seccomp"
	"github.com/pygent/pygent/runtime/netproxy"
	"github.com/pygent/pygent/runtime/specials"
	"github.com/pygent/pygent/runtime/supervisor"
)

// childArg is the hidden first argument that makes the program, executed again,
// confine itself and be a supervisor.
const childArg = "__sandbox"

// confinedArg follows childArg when the process has confined itself already and
// was executed once more; the memory to watch, in bytes, and the workspace follow it.
const confinedArg = "confined"

// spec is what the child has to do before it is ready. The server prepares it,
// because it sees all files before anything is confined.
type spec struct {
	Level     string
	Workspace string
	ReadOnly  bool     // strong: the workspace cannot be written to
	Write     []string // besides the workspace, absolute
	Git       []gitPart
	Masks     []specials.Part // strong: sockets, FIFOs and devices of the host
	Sockets   []string        // strong: sockets of the host, or directories with some, that commands may have
	View      view
	HomeDir   string // mounted at View.Home; at level medium commands use it directly
	TmpDir    string // medium: a private directory for temporary files
	TmpBytes  int64  // strong: limit for each of /tmp and /dev/shm
	FileBytes int64
	FullNet   bool   // strong: the host's network, not an empty one
	NetDir    string // strong: mounted at netproxy.InsideDir; "": no proxy
	Processes int64  // RLIMIT_NPROC; 0: limited in another way
	Watch     int64  // memory in bytes that the supervisor enforces; 0: limited in another way
}

// RunIfChild makes the process a supervisor and never returns if it was started
// as one; otherwise it does nothing. Call it first in main, and in TestMain
// where tests run local commands. It also calls supervisor.RunIfChild and
// supervisor.CloseInherited.
func RunIfChild() {
	supervisor.CloseInherited()
	supervisor.RunIfChild()
	if len(os.Args) < 2 || os.Args[1] != childArg {
		return
	}
	serve := confineAndServe
	if len(os.Args) == 5 && os.Args[2] == confinedArg {
		serve = func() error { return serveConfined(os.Args[3], os.Args[4]) }
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func confineAndServe() error {
	config, err := supervisor.ReadConfig(os.Stdin)
	if err != nil {
		return err // the server is gone
	}
	var s spec
	if err := json.Unmarshal(config, &s); err != nil {
		return supervisor.Fail(os.Stdout, "read the configuration", err)
	}
	if step, err := s.confine(); err != nil {
		return supervisor.Fail(os.Stdout, step, err)
	}
	if s.Level != runtime.SandboxMedium {
		opts := supervisor.Options{MemoryBytes: s.Watch}
		if s.Level == runtime.SandboxStrong {
			opts.Disk = s.Workspace
			if opts.TagKey, err = seccomp.GuardTags(); err != nil {
				return supervisor.Fail(os.Stdout, "seccomp for tags", err)
			}
		}
		if s.NetDir != "" {
			opts.Proxy = netproxy.InsideSocket
		}
		return supervisor.Serve(os.Stdin, os.Stdout, opts)
	}
	// Landlock has given each thread a domain of its own, and a domain with a
	// scope for signals would prevent the supervisor's threads from killing
	// each other's commands. After another exec all threads come from this one
	// and share its domain.
	watch := strconv.FormatInt(s.Watch, 10)
	err = syscall.Exec("/proc/self/exe", []string{os.Args[0], childArg, confinedArg, watch, s.Workspace}, os.Environ())
	return supervisor.Fail(os.Stdout, "execute the supervisor inside", err)
}

func serveConfined(watch, workspace string) error {
	limit, err := strconv.ParseInt(watch, 10, 64)
	if err != nil {
		return supervisor.Fail(os.Stdout, "read the configuration", err)
	}
	key, err := seccomp.GuardTags() // made here, because the arguments of a process can be read
	if err != nil {
		return supervisor.Fail(os.Stdout, "seccomp for tags", err)
	}
	return supervisor.Serve(os.Stdin, os.Stdout, supervisor.Options{MemoryBytes: limit, Disk: workspace, TagKey: key, Shield: shield})
}

// step is one step, with its name for the error.
type step struct {
	name string
	do   func() error
}

// confine restricts this process and all that it will start. It returns the
// step that failed; then the process must not run any command.
func (s *spec) confine() (failed string, err error) {
	var steps []step
	switch s.Level {
	case runtime.SandboxStrong:
		steps = []step{
			{"make the sandbox's file system", s.mount},
			{"bring the loopback interface up", s.loopback},
			{"set limits", s.limit},
			{"drop capabilities", dropCapabilities},
			{"Landlock", s.landlockStrong},
			{"seccomp", func() error { return s.filterStrong().Install() }},
		}
	case runtime.SandboxMedium:
		steps = []step{
			{"set limits", s.limit},
			{"drop capabilities", dropCapabilities},
			{"Landlock", s.landlockMedium},
			{"seccomp", func() error { return s.filterMedium().Install() }},
		}
	case runtime.SandboxNone:
		steps = []step{{"set limits", s.limit}}
	default:
		return "choose a sandbox", fmt.Errorf("no level is called %q", s.Level)
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return step.name, err
		}
	}
	return "", nil
}
