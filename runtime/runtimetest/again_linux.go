package runtimetest

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// OrdinaryUser is a user without an account, group or privilege.
const OrdinaryUser = 65534

// insideVar is set in the process in which Again runs tests.
const insideVar = "PYGENT_TEST_INSIDE"

// Inside reports whether this process is one that Again has started.
func Inside() bool { return os.Getenv(insideVar) != "" }

// As says how tests run in a process of their own.
type As struct {
	UID    int      // of the user and its group; only root can become another user
	Groups []uint32 // further groups
	Run    string   // the tests, in the form of -test.run
	Key    string   // a secret: OPENAI_API_KEY in the environment that the process starts with
	Env    []string // added to an environment that has little more than PATH
}

// Again runs tests of this binary in a process of its own, with a home and a
// directory for temporary files that belong to its user.
func Again(t *testing.T, as As) {
	t.Helper()
	if as.UID != os.Getuid() && os.Getuid() != 0 {
		Missing(t, "only root can become another user")
	}
	dir, err := os.MkdirTemp("", "pygent-again-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, sub := range []string{"home", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(filepath.Join(dir, sub), as.UID, -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "test")
	CopyProgram(t, "/proc/self/exe", binary)
	cmd := exec.Command(binary, "-test.run="+as.Run, "-test.v", "-test.timeout=8m", "-test.parallel="+parallel(), "-test.short="+strconv.FormatBool(testing.Short())) //nolint:noctx // it has a timeout of its own
	cmd.Dir = dir
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir + "/home", "TMPDIR=" + dir + "/tmp", "CI=" + os.Getenv("CI"),
		insideVar + "=1", "OPENAI_API_KEY=" + as.Key,
	}, as.Env...)
	if as.UID != os.Getuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(as.UID), Gid: uint32(as.UID), Groups: as.Groups}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS")) {
		t.Errorf("%v:\n%s", err, failures(string(out)))
		return
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "--- ") || testing.Verbose() {
			t.Log(strings.TrimRight(line, "\n"))
		}
	}
}

// parallel returns how many tests of this process run in parallel, to pass it
// to another.
func parallel() string { return flag.Lookup("test.parallel").Value.String() }

// failures returns the output of failed tests and output that belongs to no
// test; all output if no test says that it failed.
func failures(verbose string) string {
	failed := map[string]bool{"": true}
	for line := range strings.Lines(verbose) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: "); ok {
			failed[strings.Fields(name)[0]] = true
		}
	}
	if len(failed) == 1 {
		return verbose
	}
	var b strings.Builder
	current := ""
	for line := range strings.Lines(verbose) {
		switch f := strings.Fields(line); {
		case len(f) > 2 && f[0] == "===":
			current = f[2]
		case len(f) > 2 && f[0] == "---":
			if current = ""; f[1] == "FAIL:" {
				b.WriteString(line)
			}
		case strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: "):
			current = ""
			b.WriteString(line)
		case failed[current]:
			b.WriteString(line)
		}
	}
	return b.String()
}
