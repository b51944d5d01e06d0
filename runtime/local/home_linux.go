package local

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pygent/pygent/runtime"
)

// home is the private home of a workspace's commands.
type home struct {
	dir  string
	tmp  string // for temporary files, at level medium; inside of dir
	drop bool   // it goes with the executor
}

// openHome makes the home of a workspace if it is not there yet.
func openHome(ws *runtime.Workspace, opts Options) (*home, error) {
	h := &home{dir: opts.Home}
	if h.dir == "" {
		state := opts.StateDir
		if state == "" {
			var err error
			if state, err = defaultStateDir(); err != nil {
				return nil, err
			}
		}
		sum := sha256.Sum256([]byte(ws.Dir()))
		h.dir = filepath.Join(state, "homes", hex.EncodeToString(sum[:12]))
		h.drop = ws.Temporary()
	}
	if err := os.MkdirAll(h.dir, 0o700); err != nil {
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
		err = removeAll(filepath.Join(h.dir, tmp)) // a command can make directories read-only
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

func defaultStateDir() (string, error) {
	base := os.Getenv("XDG_STATE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the state directory: %w; set XDG_STATE_HOME", err)
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "pygent"), nil
}

// gitIdentity is who commits inside: the user, by name and address, and nothing
// more of the user's configuration. Without git it is empty.
func gitIdentity() []byte {
	cmd := exec.Command("git", "config", "--global", "-z", "--get-regexp", `^user\.(name|email)$`) //nolint:noctx // it reads one file
	cmd.Dir = "/"
	out, err := cmd.Output()
	if err != nil {
		return nil
	}
	text := strings.Builder{}
	text.WriteString("[user]\n")
	for entry := range strings.SplitSeq(string(out), "\x00") {
		key, value, ok := strings.Cut(entry, "\n")
		if !ok {
			continue
		}
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", "").Replace(value)
		fmt.Fprintf(&text, "\t%s = \"%s\"\n", strings.TrimPrefix(key, "user."), quoted)
	}
	return []byte(text.String())
}

// close removes a home that is not to be kept.
func (h *home) close() {
	if h != nil && h.drop {
		_ = removeAll(h.dir)
	}
}

// removeAll removes a tree, the read-only directories in it included, as Go's
// module cache has them.
func removeAll(dir string) error {
	if err := os.RemoveAll(dir); err == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700) //nolint:gosec // a directory of our own
		}
		return nil
	})
	return os.RemoveAll(dir)
}
