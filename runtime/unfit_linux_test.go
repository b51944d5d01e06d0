package runtime_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/pygent/pygent/runtime"
)

// homesOf names the directory in which TestInsideHomesOfAccounts finds homes.
const homesOf = "PYGENT_TEST_HOMES"

// TestHomesOfAccounts: the home of an account that people log in to is refused,
// but not the /app that a container has for its program.
func TestHomesOfAccounts(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"app/src", "user", "own"} {
		must(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
	}
	must(t, os.WriteFile(filepath.Join(dir, "user", ".bashrc"), nil, 0o600))
	line := func(name, home string) string { return name + ":x:4000:4000::" + home + ":/bin/sh\n" }
	accounts := line("app", dir+"/app") + line("user", dir+"/user") + line("own", dir+"/own") + line("some", "/home/some")
	must(t, os.WriteFile(filepath.Join(dir, "passwd"), []byte(accounts), 0o644))
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestInsideHomesOfAccounts$", "-test.v")
	cmd.Env = append(os.Environ(), homesOf+"="+dir, "HOME="+dir+"/own")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &ended) || os.Getenv("CI") != "":
		t.Errorf("%v\n%s", err, out)
	default:
		t.Skip("no user namespaces: ", err)
	}
}

// TestInsideHomesOfAccounts has accounts of its own.
func TestInsideHomesOfAccounts(t *testing.T) {
	dir := os.Getenv(homesOf)
	if dir == "" {
		t.Skip("TestHomesOfAccounts runs it")
	}
	must(t, syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""))
	must(t, syscall.Mount(dir+"/passwd", "/etc/passwd", "", syscall.MS_BIND, ""))
	must(t, syscall.Mount("tmpfs", "/home", "tmpfs", 0, ""))
	must(t, os.MkdirAll("/home/some/project", 0o755))
	for path, fits := range map[string]bool{
		dir + "/app": true, dir + "/app/src": true, dir + "/user": false, dir + "/own": false,
		"/home/some": false, "/home/some/project": true,
	} {
		ws, err := runtime.OpenWorkspace(path, runtime.OpenOptions{})
		if (err == nil) != fits || err != nil && !errors.Is(err, runtime.ErrOutside) {
			t.Errorf("%s: %v", path, err)
		}
		if err == nil {
			must(t, ws.Close())
		}
	}
}
