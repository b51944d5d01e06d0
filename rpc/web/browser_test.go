//go:build linux

package web

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// browserLimit bounds all that the browser does.
const browserLimit = 10 * time.Minute

// TestBrowser works on the page as a user does: Chromium, the built program, and
// a scripted model. The steps are in testdata/page.mjs; its pictures are in
// build/web.
func TestBrowser(t *testing.T) {
	for name, cure := range map[string]string{"node": "install Node.js", "chromium": "install Chromium"} {
		if _, err := exec.LookPath(name); err != nil {
			lacking(t, err.Error()+": "+cure+", or run make setup")
		}
	}
	if _, err := os.Stat("testdata/node_modules/playwright-core"); err != nil {
		lacking(t, "playwright-core is not there: run make setup")
	}
	p := startProgram(t)
	ctx, cancel := context.WithTimeout(t.Context(), browserLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "testdata/page.mjs")
	cmd.Env = append(os.Environ(), "PAGE="+p.url, "WORKSPACE="+p.root, "PICTURES="+filepath.Join("..", "..", "build", "web"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	steps := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var step struct{ Name, Error, Figures string }
		if err := json.Unmarshal(lines.Bytes(), &step); err != nil {
			t.Errorf("%v in %q", err, lines.Text())
			continue
		}
		steps++
		t.Run(step.Name, func(t *testing.T) {
			if step.Figures != "" {
				t.Log(step.Figures)
			}
			if step.Error != "" {
				t.Error(step.Error)
			}
		})
	}
	if err := cmd.Wait(); err != nil || steps == 0 {
		t.Errorf("the browser: %v after %d steps", err, steps)
	}
}

func lacking(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// program is a running pygent gui.
type program struct{ url, root string }

// startProgram builds and starts it in a scratch directory, and ends it with the
// test.
func startProgram(t *testing.T) program {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "pygent")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", binary, "../../cmd/pygent").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	root := filepath.Join(dir, "project")
	wrong := strings.Replace(fixed, "result = 0", "result = 1", 1)
	for name, content := range map[string]string{"sum.py": wrong, "notes.txt": "one\ntwo\n"} {
		if err := os.MkdirAll(root, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(binary, "gui", "--no-open", "--no-docker", "--log-level=error")
	cmd.Dir = root
	cmd.Env = append(os.Environ(),
		"XDG_STATE_HOME="+filepath.Join(dir, "state"), "XDG_CONFIG_HOME="+filepath.Join(dir, "config"), "XDG_DATA_HOME="+filepath.Join(dir, "data"),
		"OPENAI_BASE_URL="+newModel(t), "OPENAI_API_KEY=", "PYGENT_USE_DOCKER=0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		for lines.Scan() {
			t.Log(lines.Text())
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("pygent gui: %v", err)
		}
	})
	for lines.Scan() {
		if url := lines.Text(); strings.HasPrefix(url, "http://127.0.0.1:") {
			return program{url, root}
		}
		t.Log(lines.Text())
	}
	t.Fatal("pygent gui printed no address")
	return program{}
}
