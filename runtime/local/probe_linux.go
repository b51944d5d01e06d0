package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/supervisor"
)

// cache keeps the report of the process: what a machine gives does not change
// while a program runs, and a probe costs some starts of it.
var cache struct {
	mu     sync.Mutex // guards what is below
	report *Report
}

// Probe finds out, by doing it, what this machine gives. The answer is kept for
// the life of the process, unless ctx ended first.
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

// probed is the level that Probe has found, "" before.
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
	r.add("kernel", fmt.Sprintf("Landlock version %d", landlockABI()), nil, "")
	strong, limits, err := try(ctx, runtime.SandboxStrong)
	r.add(runtime.SandboxStrong, strong, err, "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0; in a container: a seccomp profile that permits them and an unmasked /proc), or use Docker")
	if err == nil {
		r.Level = runtime.SandboxStrong
	} else {
		var medium string
		medium, limits, err = try(ctx, runtime.SandboxMedium)
		r.add(runtime.SandboxMedium, medium, err, "use Linux 6.12 or later with Landlock among its security modules (lsm=landlock,…), or use Docker")
		if err == nil {
			r.Level = runtime.SandboxMedium
		}
	}
	if r.Level != runtime.SandboxNone {
		r.Limits = limits
		for _, l := range []struct {
			name string
			on   bool
		}{{"memory limit", limits.MemoryBytes > 0}, {"process limit", limits.PIDs > 0}, {"CPU limit", limits.CPUs > 0}} {
			var err error
			if !l.on {
				err = errors.New("no control group can be made")
			}
			r.add(l.name, "", err, "run where control groups are delegated to the user (systemd-run --user --scope -p Delegate=yes), or as root")
		}
	}
	return r
}

// try starts a supervisor of a level in a workspace made for it, and runs one
// command there that must work and one that must not.
func try(ctx context.Context, level string) (detail string, limits runtime.Limits, err error) {
	dir, err := os.MkdirTemp("", "pygent-probe-")
	if err != nil {
		return "", limits, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ws, err := runtime.OpenWorkspace(dir, runtime.OpenOptions{})
	if err != nil {
		return "", limits, err
	}
	defer func() { _ = ws.Close() }()
	home, secret := filepath.Join(ws.Dir(), "home"), filepath.Join(ws.Dir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		return "", limits, err
	}
	inner := filepath.Join(ws.Dir(), "ws")
	if err := os.Mkdir(inner, 0o700); err != nil {
		return "", limits, err
	}
	innerWS, err := runtime.OpenWorkspace(inner, runtime.OpenOptions{})
	if err != nil {
		return "", limits, err
	}
	defer func() { _ = innerWS.Close() }()
	e := New(innerWS, Options{Level: level, Home: home, Limits: runtime.Limits{CPUs: 1}})
	defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()
	s, _, err := e.newSpec(level)
	if err != nil {
		return "", limits, err
	}
	p, err := startProcess(ctx, s, e.wantedLimits(level))
	if err != nil {
		return "", limits, err
	}
	defer func() { err = errors.Join(err, p.close(ctx)) }()
	out := runtime.NewOutput(0)
	script := "echo works >file && cat file; cat '" + secret + "'"
	exit, err := p.client.Exec(ctx, supervisor.Start{Argv: []string{"/bin/sh", "-c", script}, Env: environment(), Dir: inner}, out)
	switch text := out.String(); {
	case err != nil:
		return "", limits, err
	case exit.Code == 0, len(text) < 6 || text[:6] != "works\n":
		return "", limits, fmt.Errorf("a command that tries it got through, or did not run: %s", text)
	}
	return "a command ran inside and could not read a file outside", p.limits, nil
}
