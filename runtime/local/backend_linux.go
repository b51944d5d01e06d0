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
	"github.com/pygent/pygent/runtime/specials"
	"github.com/pygent/pygent/runtime/supervisor"
)

// graceTime is how long after its deadline the supervisor ends a command that
// the server has not ended.
const graceTime = 2 * time.Second

// backend runs commands by one supervisor, which it starts with the first
// command, and again when it has died.
type backend struct {
	starting chan struct{} // holds a token while a supervisor starts
	once     sync.Once

	mu      sync.Mutex // guards the fields below
	process *process
	level   string // the level that was decided
	home    *home
	users   int            // commands that use process
	retired bool           // process is being replaced and accepts no commands
	git     gitguard.Guard // state when process was started
	watch   *gitguard.Watch
	masked  masked         // state when process was started
	proxy   *netproxy.Host // nil without an allow list
}

// describe fills in what commands run in.
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
		gitguard.Tell(out, slices.Concat(u.git.Notices, u.masked.notices()))
	}
	if err := u.watch.Enter(u.git); err != nil {
		return runtime.Exit{}, unavailable("watch the workspace", err)
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
	gitguard.Tell(out, e.backend.afterwards(u))
	if p.limits.MemoryBytes == 0 || p.group.kills() == kills {
		return exit, err
	}
	if err != nil && errors.Is(err, runtime.ErrUnavailable) {
		err = fmt.Errorf("%w; the commands of this workspace took more than %d bytes of memory together", err, p.limits.MemoryBytes)
	}
	exit.OutOfMemory = exit.OutOfMemory || exit.Code == 137
	return exit, err
}

// connect returns the supervisor for one command, until release. It starts one
// if none lives, and a new one if the guard of .git is outdated and no command
// runs.
func (e *Executor) connect(ctx context.Context) (use, error) {
	b := &e.backend
	b.once.Do(func() { b.starting = make(chan struct{}, 1) })
	if u, ok := b.use(); ok {
		return u, nil
	}
	select {
	case b.starting <- struct{}{}:
		defer func() { <-b.starting }()
	case <-ctx.Done():
		return use{}, context.Cause(ctx)
	}
	if u, ok := b.use(); ok {
		return u, nil
	}
	b.mu.Lock()
	p, git := b.process, b.git
	b.mu.Unlock()
	if p != nil {
		if err := p.close(ctx); err != nil {
			return use{}, err
		}
	}
	notices := git.Release()
	level, err := e.decide(ctx)
	if err != nil {
		return use{}, err
	}
	u, err := e.startLevel(ctx, level)
	u.git.Notices = append(notices, u.git.Notices...)
	return u, err
}

// use is the use of a supervisor by one command. The supervisor may die
// meanwhile, and the backend may have started the next one.
type use struct {
	process *process
	git     gitguard.Guard
	watch   *gitguard.Watch
	masked  masked
	began   time.Time
	fresh   bool // it was started for this command
	stale   bool // the guard of .git is outdated
}

// use uses the supervisor for a command, or retires it.
func (b *backend) use() (u use, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.process
	if p == nil || b.retired {
		return u, false
	}
	stale := b.users == 0 && !b.git.Show() || !b.git.Holds()
	if !p.alive() || b.users == 0 && (stale || b.masked.stale()) {
		b.retired = true
		return u, false
	}
	b.users++
	return use{process: p, git: b.git, watch: b.watch, masked: b.masked, began: time.Now(), stale: stale}, true
}

// afterwards undoes and reports what the command did to repositories. A
// repository that it made becomes the workspace's if no other command can
// change it.
func (b *backend) afterwards(u use) (notices []string) {
	notices = u.watch.Leave()
	made := u.git.HasNew()
	b.mu.Lock()
	others := b.process == u.process && b.users > 1
	last := b.process == u.process && b.users == 1
	if last && made {
		b.retired = true
	}
	b.mu.Unlock()
	switch {
	case last && made:
		notices = append(notices, u.git.Publish()...)
	case made:
		notices = append(notices, gitguard.NotPublishedYet)
	}
	if u.stale {
		notices = append(notices, unguardedYet)
	}
	if others || time.Since(u.began) > specials.LookAgain {
		notices = append(notices, u.masked.afterwards()...)
	}
	return notices
}

// release ends a command's use of p.
func (b *backend) release(p *process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.process != p {
		return
	}
	if b.users--; b.users == 0 {
		b.git.Hide()
	}
}

// decide returns the level: the requested one, or the one that Probe finds.
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

func (e *Executor) startLevel(ctx context.Context, level string) (u use, err error) {
	var git gitguard.Guard
	defer func() {
		if err != nil {
			git.Release()
		}
	}()
	var gitErr error
	var looking sync.WaitGroup // a search of up to some milliseconds
	if level == runtime.SandboxStrong && !e.opts.ReadOnly {
		looking.Go(func() { git, gitErr = gitguard.Prepare(e.ws.Dir(), gitguard.Options{Placeholders: true}) })
	}
	var hidden masked
	looking.Go(func() { hidden = e.findMasked(level) })
	s, h, err := e.newSpec(level)
	looking.Wait()
	if err != nil {
		return use{}, unavailable("prepare the sandbox", err)
	}
	if err := e.connectNetwork(&s); err != nil {
		return use{}, unavailable("prepare the network of commands", err)
	}
	hidden.complete(&s)
	if gitErr != nil {
		return use{}, fmt.Errorf("%w: sandbox %s: %w", runtime.ErrUnavailable, level, gitErr)
	}
	s.Git = gitParts(git)
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
	b.git, b.masked = git, hidden
	if b.watch == nil && !e.opts.ReadOnly {
		b.watch = gitguard.NewWatch(e.ws.Dir(), level == runtime.SandboxNone)
	}
	return use{process: p, git: git, watch: b.watch, masked: hidden, began: time.Now(), fresh: true}, nil
}

// wantedLimits returns the limits with defaults filled in.
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

// newSpec prepares what the child has to do.
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

// commandEnv returns the whole environment of a command.
func (e *Executor) commandEnv(pwd string) []string {
	b := &e.backend
	b.mu.Lock()
	defer b.mu.Unlock()
	env := environment()
	if b.level != runtime.SandboxNone {
		env = confinedEnv(env, b.level, b.home)
	}
	if b.git.Stages() {
		env = append(env, gitguard.GoFlags)
	}
	return append(env, "PWD="+pwd)
}

// stopBackend ends the supervisor. No command runs any more, or ctx is over.
func (e *Executor) stopBackend(ctx context.Context) error {
	b := &e.backend
	b.mu.Lock()
	p, proxy, git := b.process, b.proxy, b.git
	b.process, b.home, b.proxy = nil, nil, nil
	b.mu.Unlock()
	var err error
	if p != nil {
		if err = p.close(ctx); err == nil { // otherwise commands may live that need the guard
			git.Release()
		}
	}
	if proxy != nil {
		err = errors.Join(err, proxy.Close())
	}
	return err
}
