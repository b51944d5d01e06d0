package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/openai"
	"github.com/pygent/pygent/agent/replay"
	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/cmd/pygent/internal/localserver"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/snapshot"
	"github.com/pygent/pygent/runtime/statedir"
)

// app holds the parts of one run of the program: settings, log, model and runtimes.
type app struct {
	cfg      config.Config
	log      *zap.Logger
	model    agent.Model
	ready    func() error // why no turn can start
	unset    bool         // neither a key nor an endpoint is set
	runtimes *runtimes
	store    *journal.Store // of sessions; nil if there is no state directory
	noStore  error          // why store is nil
	undo     *snapshot.Undo
	stderr   io.Writer
	closers  []func() error
}

// newApp reads the settings and makes the parts that all commands need. project is the
// workspace whose pygent.toml may tighten the settings, "" if it is not known yet.
func newApp(f *flags, std streams, project string) (*app, error) {
	cfg, err := f.load(project)
	if err != nil {
		return nil, err
	}
	// Without a sandbox, a command of the same user can read the environment that this
	// process started with.
	local.HideEnvironment("OPENAI_API_KEY")
	a := &app{cfg: cfg, stderr: std.err}
	log, closeLog, err := newLogger(cfg, std.err)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	a.log = log
	a.closers = append(a.closers, closeLog)
	for _, n := range cfg.Notices {
		log.Warn(n)
	}
	if err := a.openModel(f); err != nil {
		a.close()
		return nil, &exitError{exitUsage, err}
	}
	left := openLeftovers(log)
	a.closers = append(a.closers, left.close)
	a.store, a.noStore = sessionStore()
	a.undo = undoStore(a.store)
	a.runtimes = newRuntimes(cfg, log, left)
	a.closers = append(a.closers, a.runtimes.Close)
	return a, nil
}

func (a *app) openModel(f *flags) error {
	a.ready = func() error { return nil }
	switch {
	case f.replay != "":
		player, err := replay.Open(f.replay)
		if err != nil {
			return err
		}
		a.model = player
	default:
		model, err := openai.New(openai.Options{
			BaseURL:     a.cfg.BaseURL,
			APIKey:      a.cfg.APIKey,
			Model:       a.cfg.Model,
			Retries:     orNever(a.cfg.ModelRetries),
			IdleTimeout: orNever(config.Seconds(a.cfg.ModelIdleTimeout)),
			Logger:      a.log,
		})
		if err != nil {
			return err
		}
		a.model = model
		a.closers = append(a.closers, func() error { model.Close(); return nil })
		a.unset = a.cfg.APIKey == "" && a.cfg.BaseURL == ""
		a.ready = func() error {
			if a.unset {
				return noModel(context.Background(), localserver.Known())
			}
			return nil
		}
	}
	if f.record != "" {
		recorder, err := replay.Record(f.record, a.model)
		if err != nil {
			return err
		}
		a.model = recorder
		a.closers = append(a.closers, recorder.Close)
	}
	return nil
}

// orNever converts a setting's 0, which means none, to a negative number, which means
// never in the model's options.
func orNever[T int | time.Duration](n T) T {
	if n == 0 {
		return -1
	}
	return n
}

// close releases everything in reverse order. It writes errors, such as of a recording, to
// stderr, because it closes the log too.
func (a *app) close() {
	for i := len(a.closers) - 1; i >= 0; i-- {
		if err := a.closers[i](); err != nil {
			fmt.Fprintln(a.stderr, "pygent:", err)
		}
	}
	a.closers = nil
}

// sessionStore opens the store of sessions. Without one, sessions work but are not stored,
// and each says so.
func sessionStore() (*journal.Store, error) {
	dir, err := statedir.Path()
	if err != nil {
		return nil, err
	}
	return journal.NewStore(filepath.Join(dir, "sessions")), nil
}

// undoStore opens the store of the snapshots for undo.
func undoStore(sessions *journal.Store) *snapshot.Undo {
	dir, err := statedir.Path()
	if err != nil {
		return snapshot.NewUndo(snapshot.UndoOptions{NoDir: err})
	}
	opts := snapshot.UndoOptions{Dir: filepath.Join(dir, "undo")}
	if sessions != nil {
		opts.Records = func() ([]string, error) { return sessions.Beside(snapshot.RecordsFile) }
	}
	return snapshot.NewUndo(opts)
}

// openWorkspace opens root, or makes a temporary workspace for "".
func openWorkspace(root string) (*runtime.Workspace, error) {
	if root == "" {
		return runtime.TempWorkspace()
	}
	var protect []string
	// A command that writes to the user's file could loosen the settings of the next
	// server. The file can be a link to another place.
	if file := config.UserFile(); file != "" {
		protect = append(protect, filepath.Dir(file), file)
	}
	if dir, err := statedir.Path(); err == nil {
		protect = append(protect, dir)
	}
	return runtime.OpenWorkspace(root, runtime.OpenOptions{Protect: protect})
}

// checkRoot refuses an unusable workspace before the first step. "" means a temporary
// workspace.
func checkRoot(root string) error {
	if root == "" {
		return nil
	}
	ws, err := openWorkspace(root)
	if err != nil {
		return err
	}
	return ws.Close()
}

// closeTimeout bounds the clean-up at the end of the program.
const closeTimeout = 4 * time.Second

// shutdown closes the domain of a connection within closeTimeout. The log says what it
// could not end.
func (a *app) shutdown(d *domain) (clean bool) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := d.close(ctx)
	if err != nil {
		a.log.Error("clean-up", zap.Error(err))
	}
	return err == nil
}
