package local

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/instance"
	"github.com/pygent/pygent/runtime/statedir"
)

// home is the private home of a workspace's commands.
type home struct {
	dir string
	tmp string // for temporary files, at level medium; inside dir
}

// openHome makes the home of a workspace if it does not exist.
func openHome(ws *runtime.Workspace, opts Options) (*home, error) {
	h := &home{dir: opts.Home}
	if h.dir == "" {
		if err := h.choose(ws, opts.StateDir); err != nil {
			return nil, fmt.Errorf("make the commands' home: %w", err)
		}
	} else if err := os.MkdirAll(h.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the commands' home: %w", err)
	}
	real, err := filepath.EvalSymlinks(h.dir)
	if err != nil {
		return nil, fmt.Errorf("make the commands' home: %w", err)
	}
	h.dir = real
	root, err := os.OpenRoot(h.dir) // commands have written in it
	if err != nil {
		return nil, fmt.Errorf("open the commands' home: %w", err)
	}
	defer func() { _ = root.Close() }()
	const tmp = ".tmp"
	if err := root.RemoveAll(tmp); err != nil {
		err = instance.RemoveAll(filepath.Join(h.dir, tmp)) // a command can make directories read-only
		if err != nil {
			return nil, fmt.Errorf("clear the commands' temporary files: %w", err)
		}
	}
	if err := root.Mkdir(tmp, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of temporary files: %w", err)
	}
	h.tmp = filepath.Join(h.dir, tmp)
	if _, err := root.Lstat(".gitconfig"); err != nil {
		_ = root.WriteFile(".gitconfig", gitIdentity(), 0o600)
	}
	return h, nil
}

// choose makes the home below the state directory, or beside a temporary
// workspace, with which it is removed.
func (h *home) choose(ws *runtime.Workspace, state string) (err error) {
	if beside := ws.Beside("home"); beside != "" {
		h.dir, err = statedir.Make(beside)
		return err
	}
	if state == "" {
		if state, err = statedir.Path(); err != nil {
			return err
		}
	}
	sum := sha256.Sum256([]byte(ws.Dir()))
	h.dir, err = statedir.Make(state, "homes", hex.EncodeToString(sum[:12]))
	return err
}

// gitIdentity returns a configuration for commits inside: the user's name and
// address, and nothing else of the user's configuration.
func gitIdentity() []byte {
	name, email := gitrepo.Identity()
	text := strings.Builder{}
	text.WriteString("[user]\n")
	for _, s := range [][2]string{{"name", name}, {"email", email}} {
		if s[1] != "" {
			quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", "").Replace(s[1])
			fmt.Fprintf(&text, "\t%s = \"%s\"\n", s[0], quoted)
		}
	}
	return []byte(text.String())
}
