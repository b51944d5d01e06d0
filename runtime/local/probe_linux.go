package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/internal/confine"
	"github.com/pygent/pygent/runtime/supervisor"
)

// cache keeps the report for the process: the machine's abilities do not change
// while a program runs, and a probe starts it several times.
var cache struct {
	mu     sync.Mutex // guards the fields below
	report *Report
}

// Probe finds out, by trying, which sandboxes and limits this machine has. The
// report is kept for the life of the process, unless ctx ended first.
func Probe(ctx context.Context) Report {
	cache.mu.Lock()
	defer cache.mu.Unlock()
	if cache.report != nil {
		return *cache.report
	}
	r := probe(ctx)
	if ctx.Err() == nil {
		cache.report = &r
	}
	return r
}

// probed returns the level that Probe has found, "" before.
func probed() string {
	if !cache.mu.TryLock() {
		return ""
	}
	defer cache.mu.Unlock()
	if cache.report == nil {
		return ""
	}
	return cache.report.Level
}

func probe(ctx context.Context) Report {
	r := Report{Level: runtime.SandboxNone}
	r.add("kernel", fmt.Sprintf("Landlock version %d", confine.ABI()), nil, "")
	got, err := try(ctx, runtime.SandboxStrong)
	r.add(runtime.SandboxStrong, insideDetail, err, "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0; in a container: a seccomp profile that permits them and an unmasked /proc), or use Docker")
	if err == nil {
		r.Level = runtime.SandboxStrong
	} else {
		got, err = try(ctx, runtime.SandboxMedium)
		r.add(runtime.SandboxMedium, mediumDetail(), err, "use Linux 6.12 or later with Landlock among its security modules (lsm=landlock,…), or use Docker")
		if err == nil {
			r.Level = runtime.SandboxMedium
		}
	}
	if r.Level != runtime.SandboxNone {
		r.addLimits(got)
	}
	return r
}

// insideDetail is the result of a successful try.
const insideDetail = "a command ran inside and could not read a file outside"

// mediumDetail adds what level medium does not prevent.
func mediumDetail() string {
	whose := "the user's files outside"
	if os.Getuid() == 0 {
		whose = "all of root's files, the system's and devices among them,"
	}
	return insideDetail + "; it could change the modes and times of " + whose + " and write hooks into .git"
}

func (r *Report) addLimits(got tried) {
	const cure = "run where control groups are delegated to the user (systemd-run --user --scope -p Delegate=yes), or as root"
	r.Limits = got.limits
	r.add("disk limit", "a command is killed when less than 1 GB, or 5 %, of the workspace's disk is free, though not always in time; otherwise only the size of each file is limited", nil, "")
	memory := ""
	if got.watched {
		memory = "checked ten times a second, because there is no control group: files in /tmp and /dev/shm do not count"
	}
	for _, l := range []struct {
		name, detail string
		on           bool
	}{{"memory limit", memory, r.Limits.MemoryBytes > 0}, {"process limit", "", r.Limits.PIDs > 0}, {"CPU limit", "", r.Limits.CPUs > 0}} {
		var err error
		if !l.on {
			err = errors.New("no control group can be made")
		}
		r.add(l.name, l.detail, err, cure)
	}
}

// tried is the properties of the supervisor that try started.
type tried struct {
	limits  runtime.Limits // in force
	watched bool           // process.watched
}

// try starts a supervisor of a level in a temporary workspace, and runs one
// command there that must work and one that must fail.
func try(ctx context.Context, level string) (got tried, err error) {
	dir, err := os.MkdirTemp("", "pygent-probe-")
	if err != nil {
		return got, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ws, err := runtime.OpenWorkspace(dir, runtime.OpenOptions{})
	if err != nil {
		return got, err
	}
	defer func() { _ = ws.Close() }()
	home, secret := filepath.Join(ws.Dir(), "home"), filepath.Join(ws.Dir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		return got, err
	}
	inner := filepath.Join(ws.Dir(), "ws")
	if err := os.Mkdir(inner, 0o700); err != nil {
		return got, err
	}
	innerWS, err := runtime.OpenWorkspace(inner, runtime.OpenOptions{})
	if err != nil {
		return got, err
	}
	defer func() { _ = innerWS.Close() }()
	e := New(innerWS, Options{Level: level, Home: home, Limits: runtime.Limits{CPUs: 1}})
	defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()
	s, _, err := e.newSpec(level)
	if err != nil {
		return got, err
	}
	p, err := startProcess(ctx, s, e.wantedLimits(level))
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, p.close(ctx)) }()
	out := runtime.NewOutput(0)
	script := "echo works >file && cat file; cat '" + secret + "'"
	exit, err := p.client.Exec(ctx, supervisor.Start{Argv: []string{"/bin/sh", "-c", script}, Env: environment(), Dir: inner}, out)
	switch text := out.String(); {
	case err != nil:
		return got, err
	case exit.Code == 0, len(text) < 6 || text[:6] != "works\n":
		return got, fmt.Errorf("a command that tries it got through, or did not run: %s", text)
	}
	return tried{p.limits, p.watched}, nil
}
