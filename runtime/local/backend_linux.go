package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/netproxy"
	"github.com/pygent/pygent/runtime/supervisor"
)

// graceTime is how long after its deadline a command is ended by the supervisor,
// should the server not have done so.
const graceTime = 2 * time.Second

// backend is what runs commands: one supervisor, started with the first one, and
// anew when it has died.
type backend struct {
	starting chan struct{} // holds a token while a supervisor is started
	once     sync.Once

	mu      sync.Mutex // guards what is below
	process *process
	level   string // as it was decided
	home    *home
	users   int            // commands that process runs
	retired bool           // process is being replaced: it takes no command any more
	git     gitguard.Guard // as process was started with
	proxy   *netproxy.Host // nil without an allow list
}

// describe says what commands run in.
func (e *Executor) describe(info *runtime.Info) {
	b := &e.backend
	b.mu.Lock()
	defer b.mu.Unlock()
	info.Sandbox = b.level
	if info.Sandbox == "" {
		info.Sandbox = e.opts.Level
	}
	if info.Sandbox == "" {
		info.Sandbox = probed()
	}
	info.Network = NetworkAt(info.Sandbox, e.opts.Network)
	if b.process != nil {
		info.Limits = b.process.limits
	}
}

// run runs a command in the workspace's supervisor.
func (e *Executor) run(ctx context.Context, shell string, cmd runtime.Command, out io.Writer) (runtime.Exit, error) {
	dir, err := e.ws.ResolveDir(cmd.Dir)
	if err != nil {
		return runtime.Exit{}, err
	}
	u, err := e.connect(ctx)
	if err != nil {
		return runtime.Exit{}, err
	}
	p := u.process
	defer e.backend.release(p)
	if u.fresh {
		gitguard.Tell(out, u.git.Notices)
	}
	start := supervisor.Start{
		Argv: []string{shell, "-c", cmd.Script},
		Env:  e.commandEnv(filepath.Join(e.ws.Dir(), filepath.FromSlash(path.Clean(cmd.Dir)))),
		Root: e.ws.Dir(),
		Dir:  dir,
	}
	if deadline, ok := ctx.Deadline(); ok {
		start.Timeout = time.Until(deadline) + graceTime
	}
	watch := e.backend.proxyHost().Watch()
	defer func() { watch.Report(out) }()
	kills := p.group.kills()
	exit, err := p.client.Exec(ctx, start, out)
	u.afterwards(&e.backend, out)
	if p.limits.MemoryBytes == 0 || p.group.kills() == kills {
		return exit, err
	}
	if err != nil && errors.Is(err, runtime.ErrUnavailable) {
		err = fmt.Errorf("%w; the commands of this workspace took more than %d bytes of memory together", err, p.limits.MemoryBytes)
	}
	exit.OutOfMemory = exit.OutOfMemory || exit.Code == 137
	return exit, err
}

// connect returns the supervisor, for one command until release. It starts one if
// there is none that lives, and anew if .git is not what that guards any more and
// nothing runs in it.
func (e *Executor) connect(ctx context.Context) (use, error) {
	b := &e.backend
	b.once.Do(func() { b.starting = make(chan struct{}, 1) })
	if u, ok := b.use(e.ws.Dir()); ok {
		return u, nil
	}
	select {
	case b.starting <- struct{}{}:
		defer func() { <-b.starting }()
	case <-ctx.Done():
		return use{}, context.Cause(ctx)
	}
	if u, ok := b.use(e.ws.Dir()); ok {
		return u, nil
	}
	b.mu.Lock()
	p := b.process
	b.mu.Unlock()
	if p != nil {
		if err := p.close(ctx); err != nil {
			return use{}, err
		}
	}
	level, err := e.decide(ctx)
	if err != nil {
		return use{}, err
	}
	return e.startLevel(ctx, level)
}

// use is the use of a supervisor by one command. The supervisor may die meanwhile,
// and the backend have the next one.
type use struct {
	process *process
	git     gitguard.Guard
	fresh   bool // it was started for this command
	stale   bool // git is not what is there any more
}

// use takes the supervisor for a command, or retires it.
func (b *backend) use(workspace string) (u use, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.process
	if p == nil || b.retired {
		return u, false
	}
	if b.level == runtime.SandboxMedium && b.users == 0 {
		b.git, _ = gitguard.Look(workspace) // as far as can be seen
	}
	stale := b.level == runtime.SandboxStrong && !b.git.Holds()
	if !p.alive() || stale && b.users == 0 {
		b.retired = true
		return u, false
	}
	b.users++
	return use{process: p, git: b.git, stale: stale}, true
}

// afterwards undoes and tells what the command did to repositories.
func (u use) afterwards(b *backend, out io.Writer) {
	notices, made := u.git.Disarm()
	b.mu.Lock()
	others := b.process == u.process && b.users > 1
	strong := b.level == runtime.SandboxStrong
	b.mu.Unlock()
	if strong && (u.stale || made && others) {
		notices = append(notices, unguardedYet)
	}
	gitguard.Tell(out, notices)
}

// release ends the use of p by a command.
func (b *backend) release(p *process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.process == p {
		b.users--
	}
}

// decide settles the level: the one that was asked for, or what Probe finds.
func (e *Executor) decide(ctx context.Context) (string, error) {
	if e.opts.Level != "" {
		return e.opts.Level, nil
	}
	report := Probe(ctx)
	if report.Level == runtime.SandboxNone {
		return "", fmt.Errorf("%w: no sandbox for local commands: %s; use Docker, or allow them unconfined with --sandbox=none", runtime.ErrUnavailable, report.Summary())
	}
	return report.Level, nil
}

func (e *Executor) startLevel(ctx context.Context, level string) (use, error) {
	var git gitguard.Guard
	var gitErr error
	var looking sync.WaitGroup // a search of up to some milliseconds
	looking.Go(func() { git, gitErr = guardGit(e.ws.Dir(), level) })
	s, h, err := e.newSpec(level)
	looking.Wait()
	if err != nil {
		return use{}, unavailable("prepare the sandbox", err)
	}
	if err := e.connectNetwork(&s); err != nil {
		return use{}, unavailable("prepare the network of commands", err)
	}
	if gitErr != nil {
		return use{}, fmt.Errorf("%w: sandbox %s: %w", runtime.ErrUnavailable, level, gitErr)
	}
	if !s.ReadOnly { // else nothing of git can be written anyhow
		s.Git = gitParts(git)
	}
	p, err := startProcess(ctx, s, e.wantedLimits(level))
	if err != nil {
		switch {
		case ctx.Err() != nil:
			return use{}, context.Cause(ctx)
		case level == runtime.SandboxNone:
			return use{}, unavailable("start the supervisor of commands", err)
		}
		return use{}, fmt.Errorf("%w: sandbox %s: %w; use Docker, or allow local commands unconfined with --sandbox=none", runtime.ErrUnavailable, level, err)
	}
	b := &e.backend
	b.mu.Lock()
	defer b.mu.Unlock()
	b.process, b.level, b.home = p, level, h
	b.users, b.retired = 1, false
	b.git = git
	return use{process: p, git: git, fresh: true}, nil
}

// wantedLimits fills in the defaults.
func (e *Executor) wantedLimits(level string) runtime.Limits {
	want := e.opts.Limits
	if level == runtime.SandboxNone {
		return want
	}
	if want.MemoryBytes == 0 {
		want.MemoryBytes = DefaultLimits.MemoryBytes
	}
	if want.PIDs == 0 {
		want.PIDs = DefaultLimits.PIDs
	}
	if want.FileBytes == 0 {
		want.FileBytes = DefaultLimits.FileBytes
	}
	return want
}

// newSpec works out what the child has to do.
func (e *Executor) newSpec(level string) (spec, *home, error) {
	s := spec{Level: level, Workspace: e.ws.Dir(), ReadOnly: e.opts.ReadOnly}
	if s.ReadOnly && level != runtime.SandboxStrong {
		return s, nil, &runtime.InvalidError{Field: "a read-only view of the workspace", Reason: "needs sandbox strong, and this is " + level}
	}
	if level == runtime.SandboxNone {
		return s, nil, nil
	}
	for _, path := range slices.Concat(e.opts.ReadPaths, e.opts.WritePaths) {
		if !filepath.IsAbs(path) || filepath.Clean(path) == "/" {
			return s, nil, &runtime.InvalidError{Field: "sandbox path " + path, Reason: "is not an absolute path below /"}
		}
		if _, err := os.Stat(path); err != nil {
			return s, nil, &runtime.InvalidError{Field: "sandbox path " + path, Reason: err.Error()}
		}
	}
	var looking sync.WaitGroup // some milliseconds each
	looking.Go(func() { s.View = newView(e.ws.Dir(), e.readPaths(level)) })
	h, err := openHome(e.ws, e.opts)
	looking.Wait()
	if err != nil {
		return s, nil, err
	}
	if !s.ReadOnly {
		for _, path := range e.opts.WritePaths {
			s.Write = append(s.Write, filepath.Clean(path))
		}
	}
	s.HomeDir, s.TmpDir, s.TmpBytes = h.dir, h.tmp, e.wantedLimits(level).FileBytes
	if s.TmpBytes <= 0 {
		s.TmpBytes = DefaultLimits.FileBytes
	}
	return s, h, nil
}

// commandEnv is the whole environment of a command.
func (e *Executor) commandEnv(pwd string) []string {
	b := &e.backend
	b.mu.Lock()
	defer b.mu.Unlock()
	env := environment()
	if b.level != runtime.SandboxNone {
		env = confinedEnv(env, b.level, b.home)
	}
	return append(append(env, "PWD="+pwd), e.opts.Env...)
}

// stopBackend ends the supervisor. No command runs any more, or ctx is over.
func (e *Executor) stopBackend(ctx context.Context) error {
	b := &e.backend
	b.mu.Lock()
	p, proxy := b.process, b.proxy
	b.process, b.home, b.proxy = nil, nil, nil
	b.mu.Unlock()
	var err error
	if p != nil {
		err = p.close(ctx)
	}
	if proxy != nil {
		err = errors.Join(err, proxy.Close())
	}
	return err
}
