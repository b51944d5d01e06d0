package docker

import (
	"context"
	"errors"
	"os"
	goruntime "runtime"
	"strings"

	cerrdefs "github.com/containerd/errdefs"

	"github.com/pygent/pygent/runtime"
)

// plan is how a container gets its files and its commands. The zero plan is the
// best one: both the workspace and our supervisor are mounted.
type plan struct {
	noMount      string // why files are copied in and out; "" when they are mounted
	noSupervisor string // why commands are the daemon's execs; "" when they are forks
}

// planKey is what a plan depends on, given the daemon.
type planKey struct{ program, image, user string }

func (o Options) planKey() planKey { return planKey{o.Supervisor.Path, o.Image, o.User} }

// reason words a plan for people; the best one needs no words.
func (p plan) reason() string {
	var all []string
	if p.noMount != "" {
		all = append(all, "files are copied into the container and back: "+p.noMount)
	}
	if p.noSupervisor != "" {
		all = append(all, "every command is a call to the Docker daemon: "+p.noSupervisor)
		if p.noMount == "" {
			all = append(all, "commands can make set-user-ID files in the workspace")
		}
	}
	return strings.Join(all, "; ")
}

// plan is the best one that may work.
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
		// A directory of the same name over there would be another one.
		p.noMount = "the daemon at " + host + " may be on another machine"
	}
	return p, nil
}

// remember keeps a plan that worked, so that the next container need not fail
// first to come to it.
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

// after is the next plan to try when p failed; ok is false when there is none.
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

// sourceMissing recognises the daemon's refusal to mount what it does not have,
// and Docker Desktop's to mount what it was not told to share.
func sourceMissing(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "mounts denied") ||
		cerrdefs.IsInvalidArgument(err) && strings.Contains(text, "bind source path does not exist")
}

// brief keeps a reason to one line of readable length.
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
