package runtime_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/instance"
)

func TestUnfitRootsAreRefused(t *testing.T) {
	homes, state, own := t.TempDir(), t.TempDir(), t.TempDir()
	home := filepath.Join(homes, "users", "me")
	must(t, os.MkdirAll(home, 0o700))
	inOwn := filepath.Join(own, "sessions", "x")
	must(t, os.MkdirAll(inOwn, 0o700))
	t.Setenv("HOME", home)
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink("/etc", link))
	opts := runtime.OpenOptions{Protect: []string{filepath.Join(state, "pygent", "not", "there", "yet"), own}}
	for _, dir := range []string{"/", home, filepath.Dir(home), homes, "/etc", "/etc/ssl", "/run", "/proc", "/proc/self", "/sys", "/dev", "/dev/shm", link, outsideFile(t), filepath.Join(home, "missing"), state, filepath.Dir(state), own, inOwn} {
		if _, err := os.Lstat(dir); err != nil && dir != filepath.Join(home, "missing") {
			continue // another system has no such directory
		}
		ws, err := runtime.OpenWorkspace(dir, opts)
		if !errors.Is(err, runtime.ErrOutside) {
			t.Errorf("%s: %v", dir, err)
		}
		if err == nil {
			must(t, ws.Close())
		}
	}
	var invalid *runtime.InvalidError
	if _, err := runtime.OpenWorkspace("", opts); !errors.As(err, &invalid) {
		t.Errorf("empty: %v", err)
	}
}

// TestUnfitThemselves: these are refused, but directories below them are not.
func TestUnfitThemselves(t *testing.T) {
	home, temp := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("TMPDIR", temp)
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(temp, link))
	for _, dir := range []string{".config", ".local/share", ".cache", ".ssh/keys", ".gnupg", ".aws/sso", ".kube", ".docker/run", ".config/gcloud", ".cargo", ".rustup", "go"} {
		must(t, os.MkdirAll(filepath.Join(home, dir, "project"), 0o700))
	}
	refused := []string{
		temp, link, "/tmp", "/var/tmp", "/usr", "/usr/bin", "/usr/local", "/bin", "/sbin", "/lib", "/lib64", "/boot", "/var", "/var/lib", "/opt", "/home", "/root", "/var/lib/docker", "/var/lib/containerd",
		home + "/.config", home + "/.local", home + "/.local/share", home + "/.cache", home + "/.cargo", home + "/.rustup", home + "/go",
		home + "/.ssh", home + "/.ssh/keys", home + "/.gnupg", home + "/.gnupg/project", home + "/.aws", home + "/.aws/sso/project", home + "/.kube",
		home + "/.docker/run", home + "/.config/gcloud", home + "/.config/gcloud/project",
	}
	for _, dir := range refused {
		if _, err := os.Stat(dir); err != nil && !strings.HasPrefix(dir, home) {
			continue // another system has no such directory
		}
		ws, err := runtime.OpenWorkspace(dir, runtime.OpenOptions{})
		if !errors.Is(err, runtime.ErrOutside) || strings.HasPrefix(dir, home) && !strings.Contains(err.Error(), "; ") {
			t.Errorf("%s: %v", dir, err)
		}
		if err == nil {
			must(t, ws.Close())
		}
	}
	must(t, os.Mkdir(temp+"/project", 0o700))
	for _, dir := range []string{temp + "/project", home + "/.config/project", home + "/.local/share/project", home + "/go/project", home + "/.cargo/project", "/usr/share/doc"} {
		if _, err := os.Stat(dir); err != nil && !strings.HasPrefix(dir, home) {
			continue
		}
		ws, err := runtime.OpenWorkspace(dir, runtime.OpenOptions{})
		if err != nil {
			t.Errorf("%s: %v", dir, err)
			continue
		}
		must(t, ws.Close())
	}
}

// TestWorkspacesOfOthersAreNotHeld: another live server has a temporary
// workspace there.
func TestWorkspacesOfOthersAreNotHeld(t *testing.T) {
	if !instance.Self().Known() {
		t.Skip("needs Linux's /proc")
	}
	temp := filepath.Join(t.TempDir(), "project", "tmp")
	must(t, os.MkdirAll(temp, 0o700))
	t.Setenv("TMPDIR", temp)
	open := func(dir string) error {
		ws, err := runtime.OpenWorkspace(dir, runtime.OpenOptions{})
		if err == nil {
			must(t, ws.Close())
		}
		return err
	}
	ours, err := runtime.TempWorkspace()
	must(t, err)
	defer func() { must(t, ours.Close()) }()
	project, outer := filepath.Dir(temp), filepath.Dir(ours.Dir())
	if err := open(project); err != nil {
		t.Errorf("our own workspace: %v", err)
	}
	if err := open(outer); !errors.Is(err, runtime.ErrOutside) {
		t.Errorf("the directory of a temporary workspace: %v", err)
	}
	owner, err := os.ReadFile(filepath.Join(outer, "owner"))
	must(t, err)
	child := exec.Command("cat") // ends with its input
	input, err := child.StdinPipe()
	must(t, err)
	must(t, child.Start())
	defer func() { _ = input.Close(); _ = child.Wait() }()
	who := instance.Self()
	who.PID, who.StartTime = child.Process.Pid, startTimeOf(t, child.Process.Pid)
	text, err := json.Marshal(who)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(outer, "owner"), text, 0o600))
	for _, dir := range []string{project, temp} {
		if err := open(dir); !errors.Is(err, runtime.ErrOutside) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	t.Setenv("TMPDIR", t.TempDir())
	if err := open(temp); !errors.Is(err, runtime.ErrOutside) || !strings.Contains(err.Error(), outer) {
		t.Errorf("with another TMPDIR: %v", err)
	}
	must(t, os.Chmod(outer, 0o755)) // as a repository could contain it
	if err := open(temp); err != nil {
		t.Errorf("what anybody could have made: %v", err)
	}
	must(t, os.Chmod(outer, 0o700))
	must(t, os.WriteFile(filepath.Join(outer, "owner"), owner, 0o600))
}

// startTimeOf is field 22 of proc(5)'s stat.
func startTimeOf(t *testing.T, pid int) string {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	must(t, err)
	return strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))[19]
}

func TestGivenWorkspaceStaysAfterClose(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(dir, link))
	ws, err := runtime.OpenWorkspace(link, runtime.OpenOptions{})
	must(t, err)
	real, err := filepath.EvalSymlinks(dir)
	must(t, err)
	if ws.Dir() != real || ws.Temporary() {
		t.Errorf("dir %s, temporary %t", ws.Dir(), ws.Temporary())
	}
	_, err = ws.WriteFile("x", nil)
	must(t, err)
	must(t, ws.Close())
	must(t, ws.Close())
	if _, err := os.Stat(filepath.Join(dir, "x")); err != nil {
		t.Error(err)
	}
	if _, err := ws.ReadFile("x", 1); !errors.Is(err, os.ErrClosed) {
		t.Errorf("read after Close: %v", err)
	}
}

func TestTemporaryWorkspaceIsPrivateAndRemoved(t *testing.T) {
	ws, err := runtime.TempWorkspace()
	must(t, err)
	info, err := os.Stat(ws.Dir())
	must(t, err)
	if info.Mode().Perm() != 0o700 || !ws.Temporary() {
		t.Errorf("mode %v, temporary %t", info.Mode(), ws.Temporary())
	}
	_, err = ws.WriteFile("locked/deep/file", nil)
	must(t, err)
	must(t, os.Chmod(filepath.Join(ws.Dir(), "locked/deep"), 0))
	must(t, os.Chmod(filepath.Join(ws.Dir(), "locked"), 0o500))
	must(t, ws.Close())
	if _, err := os.Lstat(ws.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}

func TestMovedWorkspaceIsNoticed(t *testing.T) {
	ws := workspace(t, nil)
	must(t, ws.Check())
	moved := ws.Dir() + "-moved"
	must(t, os.Rename(ws.Dir(), moved))
	defer func() { must(t, os.RemoveAll(moved)) }()
	if err := ws.Check(); !errors.Is(err, runtime.ErrUnavailable) {
		t.Errorf("moved: %v", err)
	}
	must(t, os.Mkdir(ws.Dir(), 0o700))
	if err := ws.Check(); !errors.Is(err, runtime.ErrUnavailable) {
		t.Errorf("another directory in its place: %v", err)
	}
}

func TestResolveDir(t *testing.T) {
	ws := workspace(t, map[string]string{"a/b/": "", "link": "-> a/b", "file": "", "loop": "-> loop"})
	for name, want := range map[string]string{"": ".", ".": ".", "a/b/": "a/b", "link": "a/b", "link/..": "."} {
		if got, err := ws.ResolveDir(name); err != nil || got != want {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"file", "missing", "loop", "..", "link/missing"} {
		if got, err := ws.ResolveDir(name); err == nil {
			t.Errorf("%q: %q", name, got)
		}
	}
}
