//go:build unix

package runtime_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
)

// killMe makes this program, as a child, write five files for ever.
const killMe = "PYGENT_TEST_KILLED_IN"

func TestMain(m *testing.M) {
	if base := os.Getenv(killMe); base != "" {
		writeForEver(base)
		return
	}
	os.Exit(m.Run())
}

func openKilled(base string) (*runtime.Workspace, error) {
	return runtime.OpenWorkspace(filepath.Join(base, "ws"), runtime.OpenOptions{State: filepath.Join(base, "state", "pygent")})
}

// fiveFiles is the state number n: two files change, one moves, two come and go.
func fiveFiles(n int) map[string]string {
	text := fmt.Sprintf("state %d\n", n)
	files := map[string]string{"a": text, "dir/b": text}
	if n%2 == 0 {
		files["even"], files["made/by/even"], files["e2"] = text, text, text
	} else {
		files["odd"], files["made/by/odd"], files["o2"] = text, text, text
	}
	return files
}

// writeForEver turns each state into the next one, by an edit of five files.
func writeForEver(base string) {
	ws, err := openKilled(base)
	for n := 0; err == nil; n++ {
		text := fmt.Sprintf("state %d\n", n+1)
		from, to, made, unmade, came, went := "even", "odd", "made/by/odd", "made/by/even", "o2", "e2"
		if n%2 == 1 {
			from, to, made, unmade, came, went = to, from, unmade, made, went, came
		}
		_, err = ws.Apply([]runtime.Edit{
			{Path: "a", Content: text},
			{Path: "dir/b", Content: text},
			{Path: from, MoveTo: to, Content: text},
			{Path: unmade, MoveTo: made, Content: text},
			{Path: went, MoveTo: came, Content: text},
		})
		if n == 0 {
			fmt.Println("begun")
		}
	}
	fmt.Println(err)
}

// TestKilledInAnEditOfFiveFiles kills a process with SIGKILL at random points: the
// next start leaves all files of one state, or of the next one.
func TestKilledInAnEditOfFiveFiles(t *testing.T) {
	const kills = 200
	work := make(chan int, kills)
	for i := range kills {
		work <- i
	}
	close(work)
	var inTheMiddle atomic.Int32
	t.Run("kills", func(t *testing.T) {
		for range 2 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for range work {
					if killOnce(t) {
						inTheMiddle.Add(1)
					}
				}
			})
		}
	})
	if n := inTheMiddle.Load(); n == 0 {
		t.Error("no kill was in the middle of an edit")
	} else {
		t.Logf("%d of %d kills left a journal", n, kills)
	}
}

// killOnce reports whether the kill left a journal.
func killOnce(t *testing.T) bool {
	base := t.TempDir()
	dir := filepath.Join(base, "ws")
	for name, text := range fiveFiles(0) {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), killMe+"="+base)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "begun" {
		t.Errorf("the child says %q", lines.Text())
	}
	time.Sleep(rand.N(8 * time.Millisecond)) // the point of the kill is random
	must(t, child.Process.Kill())
	_ = child.Wait() // killed
	journals, err := filepath.Glob(filepath.Join(base, "state", "pygent", "edits", "*", "*.edits"))
	must(t, err)
	ws, err := openKilled(base)
	must(t, err)
	defer ws.Close()
	if said := ws.Recovered(); len(said) > 0 {
		t.Errorf("%q", said)
	}
	data, err := ws.ReadFile("a", 100)
	must(t, err)
	var n int
	_, err = fmt.Sscanf(string(data), "state %d", &n)
	must(t, err)
	want := fiveFiles(n)
	got := tree(t, ws)
	for name := range got {
		if strings.HasSuffix(name, "/") {
			delete(got, name)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("state %d: %q", n, got)
	}
	return len(journals) > 0
}
