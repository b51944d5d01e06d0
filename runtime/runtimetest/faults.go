package runtimetest

import (
	"os"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

// Place is a kind of runtime that is tested by faults.
type Place struct {
	// New makes a runtime with a new workspace, which is removed with it.
	// limits are for its commands; a place without limits ignores them.
	New func(t *testing.T, limits runtime.Limits) *runtime.Runtime

	// Left lists the processes and containers that run now for the place's
	// runtimes; rt is one of them. The list must not depend on what a process
	// does.
	Left func(t *testing.T, rt *runtime.Runtime) []string
}

// faultLimits are so low that faults certainly reach them.
var faultLimits = runtime.Limits{MemoryBytes: 256 << 20, PIDs: 100, FileBytes: 16 << 20}

// busy is added to the bounds of the table, for a machine that also runs other
// tests.
const busy = 2 * time.Second

// fault is a row of the table of faults to survive.
type fault struct {
	row    string
	happen func(t *testing.T, s *server)
}

// server is this process, which must survive all faults.
type server struct {
	place Place
	rt    *runtime.Runtime // most faults happen in it, and it must work after each
	key   string           // a secret in the server's environment
}

// Faults tests the faults that commands and files can cause in a server. After
// each fault the next command must work within a second, and nothing of the
// fault may be left: no process, container, temporary file or goroutine. It
// examines all of this process, so no other test may run in it at the same
// time.
func Faults(t *testing.T, place Place) {
	s := &server{place: place, key: key()}
	t.Setenv("TMPDIR", t.TempDir())
	s.rt = s.fresh(t)
	bash(t, s.rt, "true")
	for _, group := range [][]fault{commandFaults, fileFaults, hostFaults} {
		for _, f := range group {
			t.Run(f.row, func(t *testing.T) { s.survive(t, f.happen) })
		}
	}
}

// fresh makes a runtime that is closed with the test.
func (s *server) fresh(t *testing.T) *runtime.Runtime {
	t.Helper()
	return start(t, func(t *testing.T) *runtime.Runtime { return s.place.New(t, faultLimits) })
}

// survive runs one row and checks what must hold after every row.
func (s *server) survive(t *testing.T, happen func(t *testing.T, s *server)) {
	t.Helper()
	before := s.state(t)
	// It is a subtest, so that its cleanup has run when it has ended.
	t.Run("fault", func(t *testing.T) { happen(t, s) })
	begin := time.Now()
	wantText(t, s.rt, "echo next", "next\n")
	took(t, begin, time.Second+busy)
	for end := time.Now().Add(2 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		diff := s.above(t, before)
		if diff == "" {
			return
		}
		if time.Now().After(end) {
			t.Errorf("left above the baseline: %s", diff)
			return
		}
	}
}

// above returns what exists now and did not exist before. It ignores what has
// gone since: a goroutine of the previous fault may have been ending then.
func (s *server) above(t *testing.T, before state) string {
	t.Helper()
	now := s.state(t)
	gone := before.Goroutines
	for _, g := range now.Goroutines {
		if i := slices.Index(gone, g); i >= 0 {
			gone = slices.Delete(slices.Clone(gone), i, i+1)
		}
	}
	now.Goroutines = append(now.Goroutines, gone...)
	slices.Sort(now.Goroutines)
	return cmp.Diff(before, now)
}

// state is what must be the same before and after a fault.
type state struct{ Running, Temporary, Goroutines []string }

func (s *server) state(t *testing.T) state {
	t.Helper()
	entries, err := os.ReadDir(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	now := state{Running: s.place.Left(t, s.rt), Goroutines: goroutines()}
	for _, e := range entries {
		now.Temporary = append(now.Temporary, e.Name())
	}
	inside, err := os.ReadDir(s.rt.Workspace().Dir())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range inside {
		if strings.HasPrefix(e.Name(), ".pygent-") {
			now.Temporary = append(now.Temporary, "workspace/"+e.Name())
		}
	}
	slices.Sort(now.Running)
	return now
}

// goroutines lists where the goroutines of this module, without those of tests,
// were made. Others depend on the connections of HTTP clients.
func goroutines() (made []string) {
	buf := make([]byte, 1<<20)
	buf = buf[:goruntime.Stack(buf, true)]
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		if strings.Contains(stack, "/pygent/runtime") && !strings.Contains(stack, "testing.tRunner(") {
			_, by, _ := strings.Cut(stack, "\ncreated by ")
			by, _, _ = strings.Cut(by, " in goroutine ")
			made = append(made, by)
		}
	}
	slices.Sort(made)
	return made
}
