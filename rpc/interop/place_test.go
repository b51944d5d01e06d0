//go:build linux

package interop

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/agent/agenttest"
)

// conversationLimit is how long one client may take.
const conversationLimit = time.Minute

// greeting is the model's answer to most prompts. It has more bytes than characters.
const greeting = "Grüße, 世界."

// place is the directory in which one client and its server run.
type place struct {
	dir    string
	marker string // how many seconds the command of "hang" sleeps: a number that no other process has
	env    []string
}

// newPlace sets up a directory with its own copy of the program, so that its processes
// differ from those of other servers, and a scripted model.
func newPlace(t *testing.T, program string) *place {
	t.Helper()
	p := &place{dir: t.TempDir(), marker: fmt.Sprint(100_000 + time.Now().UnixNano()%100_000_000)}
	for _, dir := range []string{"bin", "root", "tmp", "state", "config", "data"} {
		if err := os.Mkdir(filepath.Join(p.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(program, filepath.Join(p.dir, "bin", "pygent")); err != nil {
		t.Fatal(err)
	}
	model := agenttest.Server(t, slices.Repeat([]any{p.answer}, 10)...)
	p.env = append(os.Environ(),
		"PATH="+filepath.Join(p.dir, "bin")+":"+os.Getenv("PATH"),
		"TMPDIR="+filepath.Join(p.dir, "tmp"),
		"XDG_STATE_HOME="+filepath.Join(p.dir, "state"),
		"XDG_CONFIG_HOME="+filepath.Join(p.dir, "config"),
		"XDG_DATA_HOME="+filepath.Join(p.dir, "data"),
		"OPENAI_BASE_URL="+model.URL,
		"PYGENT_USE_DOCKER=0",
		"PYGENT_WORKSPACE="+filepath.Join(p.dir, "root"),
	)
	return p
}

// answer is the model. It answers by the last message.
func (p *place) answer(w http.ResponseWriter, r agenttest.ServerRequest) {
	last := r.Messages[len(r.Messages)-1]
	text := ""
	if last.Content != nil {
		text = *last.Content
	}
	switch {
	case last.Role == "tool":
		agenttest.WriteReply(w, agenttest.Text("It is "+text+"."))
	case strings.Contains(text, "hang"):
		agenttest.WriteReply(w, agenttest.Calls("", agenttest.Call("c1", "bash", map[string]any{"cmd": "echo up; sleep " + p.marker, "timeout": 600})))
	case strings.Contains(text, "ask"):
		agenttest.WriteReply(w, agenttest.Calls("", agenttest.Call("c2", "ask_user", map[string]any{"prompt": "Which colour?", "options": []string{"red", "blue"}})))
	default:
		agenttest.WriteReply(w, agenttest.Text(greeting))
	}
}

// command prepares the client's command; the caller handles its output.
func (p *place) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), conversationLimit)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = p.env
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// nothingLeft fails if processes or workspaces of the server are left. The server has
// already exited.
func (p *place) nothingLeft(t *testing.T) {
	t.Helper()
	if left := p.processes(t); len(left) > 0 {
		t.Errorf("processes are left: %q", left)
	}
	if left, err := filepath.Glob(filepath.Join(p.dir, "tmp", "pygent-*")); err != nil || len(left) > 0 {
		t.Errorf("workspaces are left: %q, %v", left, err)
	}
}

// processes lists the server's processes and those of the command of "hang".
func (p *place) processes(t *testing.T) (found []string) {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		exe, _ := os.Readlink(filepath.Join(dir, "exe")) // the process may have ended
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		if strings.HasPrefix(exe, p.dir) || strings.HasPrefix(string(line), "sleep\x00"+p.marker) {
			found = append(found, exe+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}
