package local

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/instance"
	"github.com/pygent/pygent/runtime/statedir"
)

// home is the private home of a workspace's commands.
type home struct {
	dir string
	tmp string // for temporary files, at level medium; inside of dir
}

// openHome makes the home of a workspace if it is not there yet.
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

// choose makes the home below the state directory, for a temporary workspace where
// it goes with that.
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

// maxGitConfig bounds what is read of a git configuration of the user's.
const maxGitConfig = 1 << 20

// gitIdentity is who commits inside: the user, by name and address, and nothing
// more of the user's configuration.
func gitIdentity() []byte {
	var name, email string
	for _, file := range gitConfigs() { // the later one wins
		n, e := gitguard.Identity(readStart(file))
		name, email = cmp.Or(n, name), cmp.Or(e, email)
	}
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

// gitConfigs are the user's own configurations, as git-config(1) has them.
func gitConfigs() []string {
	if file, set := os.LookupEnv("GIT_CONFIG_GLOBAL"); set {
		return []string{file}
	}
	real, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	base := cmp.Or(os.Getenv("XDG_CONFIG_HOME"), filepath.Join(real, ".config"))
	return []string{filepath.Join(base, "git", "config"), filepath.Join(real, ".gitconfig")}
}

// readStart reads a file of the user's, or nothing.
func readStart(file string) string {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	text, _ := io.ReadAll(io.LimitReader(f, maxGitConfig))
	return string(text)
}
