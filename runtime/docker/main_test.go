package docker

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/pygent/pygent/runtime/supervisor"
)

// programsVariable names a directory with the programs, for tests whose user has
// no Go or no cache of it.
const programsVariable = "PYGENT_TEST_PROGRAMS"

// secret is in the environment of this process and must not be in a container.
const secret = "sk-docker-0123456789"

func TestMain(m *testing.M) {
	supervisor.CloseInherited()
	supervisor.RunIfChild() // where the test's own program is the supervisor
	if err := os.Setenv("OPENAI_API_KEY", secret); err != nil {
		panic(err)
	}
	code := m.Run()
	if programsMade != "" {
		_ = os.RemoveAll(programsMade)
	}
	os.Exit(code)
}

var programsMade string

// programs builds static programs, once, and returns their directory: the
// test's own program can need libraries that the image does not have.
var programs = sync.OnceValues(func() (dir string, err error) {
	if dir := os.Getenv(programsVariable); dir != "" {
		return dir, nil
	}
	if programsMade, err = os.MkdirTemp("", "pygent-test-"); err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", programsMade, "./internal/supervise", "./internal/attack")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build programs: %w\n%s", err, text)
	}
	return programsMade, os.Chmod(programsMade, 0o755)
})

// testProgram is the supervisor of tests.
func testProgram(tb testing.TB) Program {
	tb.Helper()
	return Program{Path: builtProgram(tb, "supervise"), Args: []string{supervisor.Arg}}
}

func builtProgram(tb testing.TB, name string) string {
	tb.Helper()
	dir, err := programs()
	if err != nil {
		tb.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// way is how a container gets its files and commands.
type way struct {
	name string
	opts Options
}

// ways are all of them, the best one first.
func ways() []way {
	return []way{
		{"mount", Options{}},
		{"copy", Options{NoMount: true}},
		{"exec", Options{NoSupervisor: true}},
		{"copy exec", Options{NoMount: true, NoSupervisor: true}},
	}
}

// commandWays are the ways that differ in how commands run.
func commandWays() []way {
	return slices.DeleteFunc(ways(), func(w way) bool { return w.opts.NoMount })
}

// with returns opts with the settings of the way.
func (w way) with(opts Options) Options {
	opts.NoMount, opts.NoSupervisor = w.opts.NoMount, w.opts.NoSupervisor
	return opts
}

// eachWay runs a test for every way, all at a time: most of it waits.
func eachWay(t *testing.T, test func(t *testing.T, w way)) {
	inTurn(t, ways(), func(t *testing.T, w way) {
		if testing.Short() && w.opts.NoMount {
			t.Skip("copies files")
		}
		t.Parallel()
		test(t, w)
	})
}

// eachCommandWay does so for commandWays.
func eachCommandWay(t *testing.T, test func(t *testing.T, w way)) {
	inTurn(t, commandWays(), func(t *testing.T, w way) {
		t.Parallel()
		test(t, w)
	})
}

// inTurn is for a test that uses something that the ways share, such as this
// process's environment.
func inTurn(t *testing.T, ways []way, test func(t *testing.T, w way)) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) { test(t, w) })
	}
}
