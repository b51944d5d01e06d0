//go:build linux

package web

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// program is pygent gui in a temporary directory: one run, or several in a row with the
// same workspace and state.
type program struct {
	t                *testing.T
	binary           string
	dir, root, state string
	model            []string // settings of the current run
	url              string   // its address
	cmd              *exec.Cmd
	stderr           *bufio.Scanner
}

// newProgram builds the program and makes a workspace.
func newProgram(t *testing.T) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{t: t, binary: filepath.Join(dir, "pygent"), dir: dir}
	if out, err := exec.Command("go", "build", "-trimpath", "-o", p.binary, "../../cmd/pygent").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return p.in("project")
}

// in returns the program with another workspace and state.
func (p *program) in(name string) *program {
	p.t.Helper()
	root := filepath.Join(p.dir, name)
	wrong := strings.Replace(fixed, "result = 0", "result = 1", 1)
	for name, content := range map[string]string{"sum.py": wrong, "notes.txt": "one\ntwo\n"} {
		if err := os.MkdirAll(root, 0o700); err != nil {
			p.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	return &program{t: p.t, binary: p.binary, dir: p.dir, root: root, state: root + "-state"}
}

// modelOf returns settings for the scripted model.
func modelOf(t *testing.T) []string {
	t.Helper()
	return []string{"OPENAI_BASE_URL=" + newModel(t), "OPENAI_API_KEY="}
}

// start runs the program until kill or the end of the test.
func (p *program) start(model []string) {
	p.t.Helper()
	p.model = model
	cmd := exec.Command(p.binary, "gui", "--no-open", "--no-docker", "--log-level=error")
	cmd.Dir = p.root
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+p.state, "XDG_CONFIG_HOME="+p.state, "XDG_DATA_HOME="+p.state, "PYGENT_USE_DOCKER=0")
	cmd.Env = append(cmd.Env, model...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.cmd, p.stderr = cmd, bufio.NewScanner(stderr)
	p.t.Cleanup(func() {
		if p.cmd == cmd {
			p.end(syscall.SIGTERM)
		}
	})
	for p.stderr.Scan() {
		if url := p.stderr.Text(); strings.HasPrefix(url, "http://127.0.0.1:") {
			p.url = url
			return
		}
		p.t.Log(p.stderr.Text())
	}
	p.t.Fatal("pygent gui printed no address")
}

// end ends the program and logs its last output.
func (p *program) end(by syscall.Signal) {
	_ = p.cmd.Process.Signal(by)
	for p.stderr.Scan() {
		p.t.Log(p.stderr.Text())
	}
	if err := p.cmd.Wait(); err != nil && by != syscall.SIGKILL {
		p.t.Errorf("pygent gui: %v", err)
	}
	p.cmd = nil
}

// obey runs an order of the browser's steps and returns a page's address: kill kills the
// program and starts it again, bare starts another one without a model.
func (p *program) obey(order string) string {
	p.t.Helper()
	switch order {
	case "kill":
		p.end(syscall.SIGKILL)
		p.start(p.model)
		return p.url
	case "bare":
		other := p.in("bare")
		other.start([]string{"OPENAI_BASE_URL=", "OPENAI_API_KEY="})
		return other.url
	default:
		p.t.Fatalf("the browser's steps ask for %q", order)
		return ""
	}
}
