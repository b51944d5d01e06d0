//go:build unix

package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/docker"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/runtime/snapshot"
	"github.com/pygent/pygent/tools"
)

// undoScript is the command of the turn that is undone.
const undoScript = `set -e
sed -i 's/two/2/' src/edited.txt
mv src/old.txt src/renamed.txt
rm src/gone.txt
rm -r whole
printf 'a\0b' > image.bin
chmod 755 run.sh
mkdir empty
ln -s edited.txt src/link`

// fillUndoTree makes the files of these tests.
func fillUndoTree(t *testing.T, dir string) {
	t.Helper()
	for name, text := range map[string]string{
		"src/edited.txt": "one\ntwo\n", "src/old.txt": "it moves\n", "src/gone.txt": "no newline", "run.sh": "#!/bin/sh\n",
		"whole/tree/file": "x\n", "tool.txt": "before\n", "kept.bin": "\x00\x01",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "src/gone.txt"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// treeOf returns all files below dir: modes, contents and the targets of links.
func treeOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	tree := map[string]string{}
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == ".git" || strings.HasPrefix(d.Name(), ".pygent-") { // made for commands, for as long as the server lives
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var content []byte
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			var target string
			target, err = os.Readlink(file)
			content = []byte(target)
		case info.Mode().IsRegular():
			content, err = os.ReadFile(file)
		}
		rel, _ := filepath.Rel(dir, file)
		tree[rel] = fmt.Sprintf("%v %q", info.Mode(), content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// undoModel makes the change or hangs when the prompt says so, and else answers with text.
func undoModel(w http.ResponseWriter, req agenttest.ServerRequest) {
	last := req.Messages[len(req.Messages)-1]
	reply := agenttest.Text("done")
	if last.Role == event.RoleUser {
		switch *last.Content {
		case "change":
			reply = agenttest.Calls("",
				agenttest.Call("a", "write_file", map[string]any{"path": "tool.txt", "content": "after\n"}),
				agenttest.Call("b", "bash", map[string]any{"cmd": undoScript}))
		case "change and hang":
			reply = agenttest.Calls("",
				agenttest.Call("a", "write_file", map[string]any{"path": "tool.txt", "content": "after\n"}),
				agenttest.Call("b", "bash", map[string]any{"cmd": undoScript}),
				agenttest.Call("c", "bash", map[string]any{"cmd": "echo hanging > hanging; echo ready; sleep 1000"}))
		case "hang":
			reply = agenttest.Calls("", agenttest.Call("c", "bash", map[string]any{"cmd": "echo x > hanging; echo ready; sleep 1000"}))
		}
	}
	agenttest.WriteReply(w, reply)
}

// undoServer is a program that serves a workspace.
type undoServer struct {
	*killClient
	cmd *exec.Cmd
}

func startUndo(t *testing.T, url, state, root string) undoServer {
	t.Helper()
	cmd := exec.Command("pygent", "serve", "--no-docker", "--root", root)
	cmd.Env = append(os.Environ(), "OPENAI_BASE_URL="+url, "OPENAI_API_KEY=test", "XDG_STATE_HOME="+state, "XDG_CONFIG_HOME="+state)
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // some were killed
	})
	return undoServer{&killClient{killing: &killing{t: t, answers: map[string]string{}}, in: in, out: bufio.NewReader(out)}, cmd}
}

// revert calls files/revert and returns its result.
func (s undoServer) revert(parent, turn string) session.RevertResult {
	s.t.Helper()
	var res session.RevertResult
	s.call("files/revert", session.RevertParams{SessionID: parent, TurnID: turn}, &res)
	return res
}

// A turn that changes files by tools and by sandboxed commands is undone exactly, and the
// undo is undone. Files that were edited by hand stay. All of it also works after the server
// was killed in the next turn.
func TestTurnUndone(t *testing.T) {
	root, state := t.TempDir(), t.TempDir()
	fillUndoTree(t, root)
	entries := make([]any, 20)
	for i := range entries {
		entries[i] = undoModel
	}
	url := agenttest.Server(t, entries...).URL
	before := treeOf(t, root)
	s := startUndo(t, url, state, root)
	var made session.NewSessionResult
	s.call("session/new", session.NewSessionParams{}, &made)
	if made.Runtime.Sandbox != runtime.SandboxStrong {
		t.Logf("the sandbox is %q here", made.Runtime.Sandbox)
	}
	var step session.StepResult
	s.call("agent/step", session.StepParams{SessionID: made.SessionID, Prompt: "change"}, &step)
	want := []runtime.Change{
		{Path: "image.bin", Change: runtime.ChangeAdded},
		{Path: "run.sh", Change: runtime.ChangeModified},
		{Path: "src/edited.txt", Change: runtime.ChangeModified, Added: 1, Removed: 1},
		{Path: "src/gone.txt", Change: runtime.ChangeDeleted, Removed: 1},
		{Path: "src/link", Change: runtime.ChangeAdded},
		{Path: "src/renamed.txt", From: "src/old.txt", Change: runtime.ChangeRenamed},
		{Path: "tool.txt", Change: runtime.ChangeModified, Added: 1, Removed: 1},
		{Path: "whole/tree/file", Change: runtime.ChangeDeleted, Removed: 1},
	}
	if diff := gocmp.Diff(want, step.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	after := treeOf(t, root)

	same := func(what string, want map[string]string, res session.RevertResult) {
		t.Helper()
		if diff := gocmp.Diff(want, treeOf(t, root)); diff != "" || len(res.Conflicts) > 0 {
			t.Errorf("%s: conflicts %v, files (-want +got):\n%s", what, res.Conflicts, diff)
		}
	}
	same("undo", before, s.revert(made.SessionID, step.TurnID))
	same("undo of the undo", after, s.revert(made.SessionID, ""))

	edited := filepath.Join(root, "src", "edited.txt")
	if err := os.WriteFile(edited, []byte("by hand\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	res := s.revert(made.SessionID, step.TurnID)
	if diff := gocmp.Diff([]session.FileConflict{{Path: "src/edited.txt", Reason: "it was changed since"}}, res.Conflicts); diff != "" {
		t.Errorf("conflicts (-want +got):\n%s", diff)
	}
	byHand := treeOf(t, root)
	if got, want := byHand["src/edited.txt"], `-rw-r--r-- "by hand\n"`; got != want {
		t.Errorf("the file that was edited by hand is %s", got)
	}
	s.revert(made.SessionID, "")
	if err := os.WriteFile(edited, []byte("one\n2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	same("after the conflict", after, session.RevertResult{})

	s.killInTurn(made.SessionID, "hang")
	if err := os.Remove(filepath.Join(root, "hanging")); err != nil {
		t.Fatal(err)
	}
	s = startUndo(t, url, state, root)
	s.call("session/resume", session.OpenSessionParams{SessionID: made.SessionID}, new(session.ResumeResult))
	same("undo after kill -9", before, s.revert(made.SessionID, step.TurnID))
	var back session.RewindResult
	s.call("session/rewind", session.RewindParams{SessionID: made.SessionID, TurnID: step.TurnID}, &back)
	same("rewound to before the turn and its undo", before, session.RevertResult{Conflicts: back.Conflicts})
}

// killInTurn kills the server while a command of a turn runs.
func (s undoServer) killInTurn(parent, prompt string) {
	s.t.Helper()
	s.send("agent/step", session.StepParams{SessionID: parent, Prompt: prompt})
	for {
		msg, ok := s.next()
		if !ok {
			s.t.Fatal("the server ended")
		}
		if strings.Contains(string(msg.Params), `"delta":"ready`) {
			break
		}
	}
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	for ok := true; ok; {
		_, ok = s.next()
	}
}

// A turn whose server was killed can be shown and undone like any other, including the
// changes of its tools and commands, even of the command that ran at that moment. Later edits
// by hand stay.
func TestKilledTurnUndone(t *testing.T) {
	root, state := t.TempDir(), t.TempDir()
	fillUndoTree(t, root)
	before := treeOf(t, root)
	url := agenttest.Server(t, undoModel, undoModel, undoModel).URL
	s := startUndo(t, url, state, root)
	var made session.NewSessionResult
	s.call("session/new", session.NewSessionParams{}, &made)
	s.killInTurn(made.SessionID, "change and hang")
	after := treeOf(t, root)

	edited, later := filepath.Join(root, "src", "edited.txt"), time.Now().Add(time.Hour)
	if err := errors.Join(os.WriteFile(edited, []byte("by hand\n"), 0o644), os.Chtimes(edited, later, later)); err != nil {
		t.Fatal(err)
	}
	s = startUndo(t, url, state, root)
	var resumed session.ResumeResult
	s.call("session/resume", session.OpenSessionParams{SessionID: made.SessionID}, &resumed)
	var page session.EventsPage
	s.call("session/events", session.SessionEventsParams{SessionID: made.SessionID, Limit: 1}, &page)
	turn := page.Events[0].TurnID
	var diff session.DiffResult
	s.call("files/diff", session.DiffParams{SessionID: made.SessionID, TurnID: turn}, &diff)
	if len(diff.Files) != 9 || !strings.Contains(diff.Patch, "+++ b/hanging") {
		t.Errorf("%+v", diff)
	}
	res := s.revert(made.SessionID, turn)
	reason := "what it became is not known: it was changed after the server had ended, or may have been"
	if diff := gocmp.Diff([]session.FileConflict{{Path: "src/edited.txt", Reason: reason}}, res.Conflicts); diff != "" {
		t.Errorf("conflicts (-want +got):\n%s", diff)
	}
	want := maps.Clone(before)
	want["src/edited.txt"] = `-rw-r--r-- "by hand\n"`
	if diff := gocmp.Diff(want, treeOf(t, root)); diff != "" {
		t.Errorf("undo (-want +got):\n%s", diff)
	}
	s.revert(made.SessionID, "")
	after["src/edited.txt"] = want["src/edited.txt"]
	if diff := gocmp.Diff(after, treeOf(t, root)); diff != "" {
		t.Errorf("undo of the undo (-want +got):\n%s", diff)
	}
}

// A turn's changes are also seen and undone when files are copied into the container and
// back.
func TestTurnUndoneInContainerWithCopies(t *testing.T) {
	image := cmp.Or(os.Getenv("PYGENT_TEST_IMAGE"), "pygent-test:busybox")
	client, err := docker.Connect()
	if err == nil {
		defer client.Close()
		err = client.Probe(t.Context(), image)
	}
	if err != nil {
		runtimetest.Missing(t, err)
	}
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	fillUndoTree(t, ws.Dir())
	registry, err := tools.NewRegistry(tools.Bash(), tools.WriteFile())
	if err != nil {
		t.Fatal(err)
	}
	undo := snapshot.NewUndo(snapshot.UndoOptions{})
	sessions := session.NewManager(t.Context(), session.Options{Undo: undo, New: func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
		executor := docker.New(ws, docker.Options{Client: client, Image: image, NoMount: true, NoSupervisor: true})
		model := agenttest.Script(
			agenttest.Calls("", agenttest.Call("a", "bash", map[string]any{"cmd": undoScript})), agenttest.Text("done"))
		return agent.New(model, registry, runtime.New(ws, executor, runtime.Options{}), agent.Options{SessionID: spec.SessionID, Undo: undo}), nil
	}})
	defer func() {
		if err := sessions.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	before := treeOf(t, ws.Dir())
	step, err := sessions.Step(t.Context(), session.StepParams{Prompt: "change"})
	if err != nil || step.Error != nil || len(step.Changes) != 7 {
		t.Fatalf("%+v, %v", step, err)
	}
	res, err := sessions.RevertFiles(t.Context(), session.RevertParams{SessionID: step.SessionID})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(before, treeOf(t, ws.Dir())); diff != "" || len(res.Conflicts) > 0 {
		t.Errorf("conflicts %v, files (-want +got):\n%s", res.Conflicts, diff)
	}
}
