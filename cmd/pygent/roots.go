package main

import (
	"path/filepath"
	"sync"

	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/statedir"
)

// roots opens workspaces, and keeps for the next session there what the user must know of
// edits that a killed server had begun.
type roots struct {
	mu    sync.Mutex
	texts map[string][]string // by workspace
}

// open opens root, or makes a temporary workspace for "".
func (r *roots) open(root string) (*runtime.Workspace, error) {
	ws, err := openWorkspace(root)
	if err != nil || len(ws.Recovered()) == 0 {
		return ws, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.texts == nil {
		r.texts = map[string][]string{}
	}
	r.texts[ws.Dir()] = append(r.texts[ws.Dir()], ws.Recovered()...)
	return ws, nil
}

// take returns the texts for the workspace dir, once.
func (r *roots) take(dir string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	texts := r.texts[dir]
	delete(r.texts, dir)
	return texts
}

// check refuses an unusable workspace before the first step. "" means a temporary
// workspace.
func (r *roots) check(root string) error {
	if root == "" {
		return nil
	}
	ws, err := r.open(root)
	if err != nil {
		return err
	}
	return ws.Close()
}

// openWorkspace opens root, or makes a temporary workspace for "".
func openWorkspace(root string) (*runtime.Workspace, error) {
	if root == "" {
		return runtime.TempWorkspace()
	}
	var opts runtime.OpenOptions
	// A command that writes to the user's file could loosen the settings of the next
	// server. The file can be a link to another place.
	if file := config.UserFile(); file != "" {
		opts.Protect = append(opts.Protect, filepath.Dir(file), file)
	}
	if dir, err := statedir.Path(); err == nil {
		opts.Protect = append(opts.Protect, dir)
		opts.State = dir
	}
	return runtime.OpenWorkspace(root, opts)
}
