//go:build linux

package interop

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// quoted is the Python script in editors/README.md.
var quoted = regexp.MustCompile("(?s)```python\n(.*?)```")

// quotedScript writes the Python script of editors/README.md to a file.
func (p *place) quotedScript(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../editors/README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := quoted.FindSubmatch(page)
	if found == nil {
		t.Fatal("editors/README.md quotes no Python script")
	}
	lines := 0
	for line := range strings.Lines(string(found[1])) {
		if strings.TrimSpace(line) != "" {
			lines++
		}
	}
	if lines != 20 {
		t.Errorf("editors/README.md says that its script has 20 lines: they are %d", lines)
	}
	path := filepath.Join(p.dir, "client.py")
	if err := os.WriteFile(path, found[1], 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// python runs the script that editors/README.md quotes as its user does, with prompts
// as arguments, an answer on stdin and an interrupt; then as a library.
func python(t *testing.T, p *place) {
	script, interpreter := p.quotedScript(t), need(t, "python3")
	cmd := p.command(t, interpreter, script, "greet", "greet", "ask", "hang")
	cmd.Stdin = strings.NewReader("blue\n")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		got = append(got, lines.Text())
		if lines.Text() == "up" { // the command of "hang" runs
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil { // it waits for the server too, which holds stderr open
		t.Errorf("%v\n%s", err, stderr.String())
	}
	want := []string{
		greeting, "completed",
		"Which colour? It is blue.", "completed",
		"up", "", "cancelled",
		greeting, // the task's
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the script said (-want +got):\n%s\n%s", diff, stderr.String())
	}

	cmd = p.command(t, interpreter, "testdata/malformed.py", "greet", "greet")
	cmd.Env = append(cmd.Env, "PYTHONPATH="+filepath.Dir(script), "PYTHONDONTWRITEBYTECODE=1")
	talk := greeting + "\ncompleted\n" + greeting + "\n"
	if out, err := cmd.Output(); err != nil || string(out) != talk+"-32700 0\n" {
		t.Errorf("malformed input: %q, %v", out, err)
	}
}
