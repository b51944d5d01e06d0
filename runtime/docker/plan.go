package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	goruntime "runtime"
	"strings"

	cerrdefs "github.com/containerd/errdefs"

	"github.com/pygent/pygent/runtime"
)

// plan says how a container gets its files and its commands. The zero plan is
// the best one: the workspace and the supervisor are mounted.
type plan struct {
	noMount      string // why files are copied in and out; "" when they are mounted
	noSupervisor string // why commands are the daemon's execs; "" when they are forks
}

// planKey holds what a plan for one daemon depends on.
type planKey struct{ program, image, user string }

func (o Options) planKey() planKey { return planKey{o.Supervisor.Path, o.Image, o.User} }

// reason describes a plan to the user; "" for the best plan.
func (p plan) reason() string {
	var all []string
	if p.noMount != "" {
		all = append(all, "files are copied into the container and back: "+p.noMount)
	}
	if p.noSupervisor != "" {
		all = append(all, "every command is a call to the Docker daemon, with no filter of system calls but Docker's own: "+p.noSupervisor)
		if p.noMount == "" {
			all = append(all, "commands can make set-user-ID files in the workspace")
		}
	}
	return strings.Join(all, "; ")
}

// plan returns the best plan that may work.
func (c *Client) plan(ctx context.Context, o Options) (plan, error) {
	m, err := c.look(ctx)
	if err != nil {
		return plan{}, err
	}
	c.mu.Lock()
	p := c.plans[o.planKey()]
	c.mu.Unlock()
	_, missing := os.Stat(o.Supervisor.Path)
	ours := goruntime.GOOS + "/" + goruntime.GOARCH
	switch {
	case o.NoSupervisor:
		p.noSupervisor = "it was asked for"
	case o.Supervisor.Path == "":
		p.noSupervisor = "the path of this program is unknown"
	case missing != nil:
		p.noSupervisor = "the program is not there: " + missing.Error()
	case m.platform != ours:
		p.noSupervisor = "the daemon's machine is " + m.platform + ", this program is for " + ours
	}
	host := c.api.DaemonHost()
	switch {
	case o.NoMount:
		p.noMount = "it was asked for"
	case !strings.HasPrefix(host, "unix://") && !strings.HasPrefix(host, "npipe://"):
		// A directory of the same name on that machine would be a different
		// one.
		p.noMount = "the daemon at " + host + " may be on another machine"
	}
	return p, nil
}

// Foresee returns why the plan will not be the best one, as far as that is
// known before a container was made; "" if it may be the best one.
func (c *Client) Foresee(ctx context.Context, o Options) (string, error) {
	o = o.withDefaults()
	p, err := c.plan(ctx, o)
	if err != nil {
		return "", err
	}
	p, _ = p.link(o.Supervisor)
	return p.reason(), nil
}

// checkFilter refuses a plan without the filter that Options.NeedFilter
// demands.
func (p plan) checkFilter(o Options) error {
	if !o.NeedFilter || p.noSupervisor == "" {
		return nil
	}
	return fmt.Errorf("%w: this container is weaker than strong, which require_sandbox demands: %s; leave require_sandbox out, or use local commands in sandbox strong", runtime.ErrUnavailable, p.reason())
}

// link finds the program's loader and libraries. If that fails, the returned
// plan has no supervisor.
func (p plan) link(program Program) (plan, link) {
	if p.noSupervisor != "" {
		return p, link{}
	}
	l, err := linkOf(program.Path)
	if err != nil {
		p.noSupervisor = program.Path + " cannot run in the container: " + err.Error() + " (install one that was built with CGO_ENABLED=0)"
	}
	return p, l
}

// remember keeps a plan that worked, so that the next container starts with it.
func (c *Client) remember(o Options, p plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.plans == nil {
		c.plans = make(map[planKey]plan)
	}
	if o.NoMount {
		p.noMount = ""
	}
	if o.NoSupervisor {
		p.noSupervisor = ""
	}
	c.plans[o.planKey()] = p
}

// supervisorError says that PID 1 did not become a supervisor.
type supervisorError struct{ err error }

func (e *supervisorError) Error() string { return e.err.Error() }
func (e *supervisorError) Unwrap() error { return e.err }

// after returns the next plan to try when p failed; ok is false if there is
// none.
func (p plan) after(o Options, err error) (next plan, ok bool) {
	var unfit *supervisorError
	switch {
	case p.noMount == "" && sourceMissing(err):
		p.noMount = "the daemon does not see this machine's files: " + brief(err)
		return p, true
	case p.noSupervisor == "" && errors.As(err, &unfit):
		p.noSupervisor = o.Supervisor.Path + " cannot run in the container: " + brief(err)
		return p, true
	}
	return p, false
}

// sourceMissing reports whether the daemon refused a mount because its source
// does not exist there, or because Docker Desktop does not share it.
func sourceMissing(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "mounts denied") ||
		cerrdefs.IsInvalidArgument(err) && strings.Contains(text, "bind source path does not exist")
}

// brief shortens a reason to one line of readable length.
func brief(err error) string {
	text := strings.ReplaceAll(err.Error(), runtime.ErrUnavailable.Error()+": ", "")
	return lastLine(text)
}

func lastLine(text string) string {
	const most = 300
	text = strings.TrimSpace(text)
	text = text[strings.LastIndexByte(text, '\n')+1:]
	if len(text) > most {
		text = "…" + strings.ToValidUTF8(text[len(text)-most:], "")
	}
	return text
}
