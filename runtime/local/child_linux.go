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
	"github.com/pygent/pygent/runtime/supervisor"
)

// childArg is the hidden first argument by which the program, executed again,
// knows that it is to confine itself and to be a supervisor.
const childArg = "__sandbox"

// confinedArg follows childArg when the process has confined itself already and
// was executed once more; the memory to watch, in bytes, and the workspace follow it.
const confinedArg = "confined"

// spec is what the child has to do before it is ready. The host works it out,
// because it sees what it is about before anything is confined.
type spec struct {
	Level     string
	Workspace string
	ReadOnly  bool     // strong: the workspace cannot be written to
	Write     []string // besides the workspace, absolute
	Git       []gitPart
	View      view
	HomeDir   string // what is mounted at View.Home; at level medium commands get it as it is
	TmpDir    string // medium: a private directory for temporary files
	TmpBytes  int64  // strong: of each of /tmp and /dev/shm
	FileBytes int64
	FullNet   bool   // strong: the host's network, not an empty one
	NetDir    string // strong: what is mounted at netproxy.InsideDir; "" is no proxy
	Processes int64  // RLIMIT_NPROC, 0 when another means is used
	Watch     int64  // bytes of memory that the supervisor watches, likewise
}

// RunIfChild makes the process a supervisor and never returns, if it was started
// as one; else it does nothing. It belongs at the very beginning of main, and of
// TestMain where tests run local commands. It does supervisor.RunIfChild and
// supervisor.CloseInherited too.
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
		return err // the host is gone
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
	// Landlock has given each thread a domain of its own, and one that scopes
	// signals would not let the supervisor's threads kill each other's commands.
	// Executed anew, all threads come from this one and share its domain.
	watch := strconv.FormatInt(s.Watch, 10)
	err = syscall.Exec("/proc/self/exe", []string{os.Args[0], childArg, confinedArg, watch, s.Workspace}, os.Environ())
	return supervisor.Fail(os.Stdout, "execute the supervisor inside", err)
}

func serveConfined(watch, workspace string) error {
	limit, err := strconv.ParseInt(watch, 10, 64)
	if err != nil {
		return supervisor.Fail(os.Stdout, "read the configuration", err)
	}
	key, err := seccomp.GuardTags() // here, because arguments of a process can be read
	if err != nil {
		return supervisor.Fail(os.Stdout, "seccomp for tags", err)
	}
	return supervisor.Serve(os.Stdin, os.Stdout, supervisor.Options{MemoryBytes: limit, Disk: workspace, TagKey: key, Shield: shield})
}

// step is one thing to do, with words for the error.
type step struct {
	name string
	do   func() error
}

// confine restricts this process and all that it will start. It returns the step
// that failed; the process must then not run any command.
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
