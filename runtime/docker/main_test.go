package docker

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pygent/pygent/runtime/supervisor"
)

func TestMain(m *testing.M) {
	code := m.Run()
	removeProgram()
	os.Exit(code)
}

// program builds a static supervisor, once: the test's own program can need
// libraries that the image does not have.
var program = sync.OnceValues(func() (Program, error) {
	dir, err := os.MkdirTemp("", "pygent-test-")
	if err != nil {
		return Program{}, err
	}
	programDirOfTests = dir
	path := filepath.Join(dir, "supervise")
	if err := buildStatic("./internal/supervise", path); err != nil {
		return Program{}, err
	}
	return Program{Path: path, Args: []string{supervisor.Arg}}, os.Chmod(dir, 0o755)
})

func buildStatic(source, path string) error {
	build := exec.Command("go", "build", "-o", path, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", source, err, text)
	}
	return nil
}

func build(t *testing.T, source, path string) {
	t.Helper()
	if err := buildStatic(source, path); err != nil {
		t.Fatal(err)
	}
}

var programDirOfTests string

func removeProgram() {
	if programDirOfTests != "" {
		_ = os.RemoveAll(programDirOfTests)
	}
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

// with sets what opts leave open to what the way demands.
func (w way) with(opts Options) Options {
	opts.NoMount, opts.NoSupervisor = w.opts.NoMount, w.opts.NoSupervisor
	return opts
}

// eachWay runs a test for every way.
func eachWay(t *testing.T, test func(t *testing.T, w way)) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			if testing.Short() && w.opts.NoMount {
				t.Skip("copies files")
			}
			test(t, w)
		})
	}
}

// eachCommandWay runs a test for the ways that differ in how commands run.
func eachCommandWay(t *testing.T, test func(t *testing.T, w way)) {
	for _, w := range ways() {
		if !w.opts.NoMount {
			t.Run(w.name, func(t *testing.T) { test(t, w) })
		}
	}
}
