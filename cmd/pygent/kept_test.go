package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/journal"
)

// keep writes a session with one prompt, and returns its open journal.
func keep(t *testing.T, h journal.Header, prompt string) *journal.Journal {
	t.Helper()
	store, err := sessionStore()
	if err != nil {
		t.Fatal(err)
	}
	j, err := store.Create(h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	for i, e := range []map[string]any{
		{"kind": "message", "role": "user", "text": prompt, "turnId": "t1"},
		{"kind": "turnFinished", "turnId": "t1", "status": "completed", "text": "done"},
	} {
		line, err := journal.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.AppendSync(int64(i+1), line); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// pygent runs the program in this process.
func pygent(t *testing.T, want int, args ...string) (out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	if code := run(args, strings.NewReader(""), &o, &e); code != want {
		t.Fatalf("pygent %q: exit code %d, want %d: %s%s", args, code, want, o.String(), e.String())
	}
	return o.String(), e.String()
}

func TestSessionsAndTasksThatAreKept(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	if out, errOut := pygent(t, exitOK, "sessions"); out != "" || errOut != "there are no sessions\n" {
		t.Errorf("%q %q", out, errOut)
	}
	open := keep(t, journal.Header{SessionID: "s_parent", Root: "/work/app"}, "fix \x1b]0;title\x07 it")
	task := keep(t, journal.Header{SessionID: "s_child", ParentSessionID: "s_parent", TaskID: "task_1", Prompt: "look around", Root: "/tmp/x"}, "look around")
	task.Close()

	out, _ := pygent(t, exitOK, "sessions", "list")
	if !strings.Contains(out, "s_parent") || !strings.Contains(out, "idle  /work/app") || strings.Contains(out, "s_child") || strings.Contains(out, "\x1b") {
		t.Errorf("sessions list: %q", out)
	}
	var items []keptItem
	out, _ = pygent(t, exitOK, "tasks", "--json")
	if err := json.Unmarshal([]byte(out), &items); err != nil || len(items) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	if got := items[0]; got.ID != "task_1" || got.SessionID != "s_child" || got.ParentID != "s_parent" || got.State != "finished" || got.Title != "look around" {
		t.Errorf("tasks --json: %+v", got)
	}

	out, _ = pygent(t, exitOK, "sessions", "show", "s_parent")
	if !strings.Contains(out, "## User\n\nfix \\x1b]0;title\\x07 it") {
		t.Errorf("show: %q", out)
	}
	out, _ = pygent(t, exitOK, "tasks", "show", "task_1")
	if !strings.Contains(out, "look around") {
		t.Errorf("show: %q", out)
	}
	file := filepath.Join(t.TempDir(), "s.json")
	pygent(t, exitOK, "sessions", "export", "s_parent", "--format=json", "-o", file)
	pygent(t, exitUsage, "sessions", "export", "s_parent", "--format=xml")
	if text, err := os.ReadFile(file); err != nil || !json.Valid(text) || !bytes.Contains(text, []byte(`fix \u001b]0`)) {
		t.Errorf("export: %s", text)
	}
	if out, _ := pygent(t, exitOK, "__complete", "tasks", "show", ""); !strings.HasPrefix(out, "task_1\tlook around\n:4") {
		t.Errorf("completion: %q", out)
	}

	if _, errOut := pygent(t, exitFailed, "sessions", "delete", "s_parent", "s_none"); !strings.Contains(errOut, "in use: s_parent is open in the server") || !strings.Contains(errOut, "s_none") {
		t.Errorf("delete of an open session: %q", errOut)
	}
	open.Close()
	if out, _ := pygent(t, exitOK, "tasks", "delete", "task_1"); out != "deleted task_1\n" {
		t.Errorf("delete: %q", out)
	}
	pygent(t, exitFailed, "tasks", "show", "task_1")
	pygent(t, exitOK, "sessions", "delete", "s_parent")
	if out, _ := pygent(t, exitOK, "sessions"); out != "" {
		t.Errorf("after delete: %q", out)
	}
}

func TestManualHasEveryCommandAndFlag(t *testing.T) {
	out, _ := pygent(t, exitOK, "man")
	for _, want := range []string{
		".TH PYGENT 1", ".SS pygent serve", ".SS pygent sessions delete ID", `.B \-\-max\-message\-bytes int`, `.B \-m, \-\-model string`,
		`.B \-\-config string`, ".B max_tasks, PYGENT_MAX_TASKS", "Exit codes: 0 done",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in the manual", want)
		}
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out, _ := pygent(t, exitOK, "completion", shell); !strings.Contains(out, "pygent") {
			t.Errorf("%s: %q", shell, out)
		}
	}
	if out, _ := pygent(t, exitOK, "__complete", "run", "--network", ""); out != "none\nfull\n:4\n" {
		t.Errorf("--network: %q", out)
	}
}
