package session_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/runtime/snapshot"
	"github.com/pygent/pygent/tools"
)

type messIn struct {
	Write  map[string]string `json:"write,omitempty"`
	Remove []string          `json:"remove,omitempty"`
}

// mess changes files as a command does, without reporting them.
func mess() tools.Tool {
	return tools.New("mess", "Change files.", func(_ context.Context, env tools.Env, in messIn) (tools.Result, error) {
		dir := env.Runtime.Workspace().Dir()
		var errs []error
		for name, text := range in.Write {
			file := filepath.Join(dir, name)
			errs = append(errs, os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o755))
		}
		for _, name := range in.Remove {
			errs = append(errs, os.RemoveAll(filepath.Join(dir, name)))
		}
		return tools.Text("done"), errors.Join(errs...)
	})
}

// undoAgent makes an agent whose turns are followed, in a temporary workspace
// unless ws is given.
func undoAgent(t *testing.T, ws *runtime.Workspace, undo *snapshot.Undo, entries ...any) (*agent.Agent, *agenttest.Recorder) {
	t.Helper()
	if ws == nil {
		var err error
		if ws, err = runtime.TempWorkspace(); err != nil {
			t.Fatal(err)
		}
	}
	rec := &agenttest.Recorder{}
	rt := runtime.New(ws, runtimetest.NewFake(nil, nil), runtime.Options{})
	a := agent.New(agenttest.Script(entries...), agenttest.Registry(t, mess()), rt, agent.Options{SessionID: "s", Client: rec, Undo: undo, Permissions: approval.Permissions{Mode: event.ModeAuto, Unconfined: true}})
	t.Cleanup(func() {
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return a, rec
}

func write(id, path, content string) event.ToolCall {
	return agenttest.Call(id, "write_file", map[string]any{"path": path, "content": content})
}

// told returns the fileChanged events and the notices, in order.
func told(rec *agenttest.Recorder) []string {
	list := []string{}
	for _, e := range rec.Events(event.KindFileChanged, event.KindNotice) {
		if e.Kind == event.KindNotice {
			list = append(list, string(e.Level)+": "+e.Text)
			continue
		}
		list = append(list, e.Change+" "+e.Path)
	}
	return list
}

// Changes by commands are reported once, at the turn's end; so is a tool's change
// that was undone by then.
func TestChangesOfCommands(t *testing.T) {
	a, rec := undoAgent(t, nil, snapshot.NewUndo(snapshot.UndoOptions{}),
		agenttest.Calls("", write("a", "told", "x\n"), write("b", "gone", "x\n"), write("c", "twice", "x\n"),
			agenttest.Call("d", "mess", messIn{Write: map[string]string{"silent": "y\n", "twice": "z\nz\n"}, Remove: []string{"gone"}})),
		agenttest.Text("done"))
	out := a.Run(t.Context(), "go", agent.Turn{})
	want := []runtime.Change{
		{Path: "silent", Change: "added", Added: 1}, {Path: "told", Change: "added", Added: 1}, {Path: "twice", Change: "added", Added: 2},
	}
	if diff := cmp.Diff(want, out.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"added told", "added gone", "added twice", "added silent", "deleted gone"}, told(rec)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if kinds := rec.Kinds(); kinds[len(kinds)-1] != event.KindTurnFinished {
		t.Errorf("the turn ends with %s", kinds[len(kinds)-1])
	}
}

// TestProtectedOfCommands: files that commands put where programs of the user run
// them are named, unless they came with dependencies.
func TestProtectedOfCommands(t *testing.T) {
	a, rec := undoAgent(t, nil, snapshot.NewUndo(snapshot.UndoOptions{}),
		agenttest.Calls("", agenttest.Call("d", "mess", messIn{Write: map[string]string{"silent": "y\n", ".envrc": "x\n", "a/.vscode/tasks.json": "{}\n", "vendor/a/.npmrc": "x\n"}})),
		agenttest.Text("done"))
	out := a.Run(t.Context(), "go", agent.Turn{})
	want := []runtime.Change{
		{Path: ".envrc", Change: "added", Added: 1, Protected: true},
		{Path: "a/.vscode/tasks.json", Change: "added", Added: 1, Protected: true},
		{Path: "silent", Change: "added", Added: 1},
		{Path: "vendor/a/.npmrc", Change: "added", Added: 1, Protected: true},
	}
	if diff := cmp.Diff(want, out.Changes); diff != "" {
		t.Error(diff)
	}
	var notices []string
	for _, e := range rec.Events(event.KindNotice) {
		notices = append(notices, string(e.Level)+" "+e.Text)
	}
	if len(notices) != 1 || !strings.HasPrefix(notices[0], `warning commands changed files that programs of yours run: look at them before you go on there: ".envrc" (direnv runs`) || !strings.Contains(notices[0], `; "a/.vscode/tasks.json" (`) || strings.Contains(notices[0], "vendor") {
		t.Errorf("%q", notices)
	}
}

// When nothing can be recorded, the turn works all the same, and a notice says
// once what that means.
func TestTurnWithoutUndo(t *testing.T) {
	ws, err := runtime.OpenWorkspace(t.TempDir(), runtime.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	a, rec := undoAgent(t, ws, snapshot.NewUndo(snapshot.UndoOptions{NoDir: errors.New("HOME is not set")}),
		agenttest.Calls("", write("a", "told", "x\n"), agenttest.Call("b", "mess", messIn{Write: map[string]string{"silent": "y\n"}})),
		agenttest.Text("done"))
	out := a.Run(t.Context(), "go", agent.Turn{})
	if out.Status != event.StatusCompleted || len(out.Changes) != 1 {
		t.Errorf("%+v", out)
	}
	want := []string{
		"warning: what commands change in this turn is not told and cannot be undone: there is no directory to keep files in: HOME is not set",
		"added told",
	}
	if diff := cmp.Diff(want, told(rec)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Omitted paths are named once a session, but a tool's own write there can be
// undone. A hook that a turn plants is reported at its end, once.
func TestUndoTellsOnce(t *testing.T) {
	undo := snapshot.NewUndo(snapshot.UndoOptions{})
	hook := messIn{Write: map[string]string{"sub/.git/HEAD": "ref: refs/heads/main\n", "sub/.git/hooks/pre-commit": "#!/bin/sh\n"}}
	var a *agent.Agent
	var rec *agenttest.Recorder
	s := session.NewManager(t.Context(), session.Options{Undo: undo, New: func(context.Context, session.Spec) (*agent.Agent, error) {
		a, rec = undoAgent(t, nil, undo,
			agenttest.Calls("", agenttest.Call("a", "mess", messIn{Write: map[string]string{"node_modules/x/index.js": "1\n"}}),
				write("b", "node_modules/y.js", "2\n")),
			agenttest.Text("done"),
			agenttest.Calls("", agenttest.Call("c", "mess", hook)), agenttest.Text("done"),
			agenttest.Calls("", agenttest.Call("d", "mess", messIn{Write: map[string]string{"a": "b"}})), agenttest.Text("done"))
		return a, nil
	}})
	var id string
	var turns []string
	for range 3 {
		res, err := s.Step(t.Context(), session.StepParams{Prompt: "go"})
		if err != nil || res.Status != event.StatusCompleted {
			t.Fatal(res, err)
		}
		id, turns = res.SessionID, append(turns, res.TurnID)
	}
	var notices []string
	for _, e := range rec.Events(event.KindNotice) {
		notices = append(notices, string(e.Level)+": "+e.Text)
	}
	if len(notices) != 2 || !strings.Contains(notices[0], `info: changes of these are not seen and cannot be undone: "node_modules"`) ||
		!strings.Contains(notices[1], "warning: sub/.git/hooks/pre-commit is a hook") {
		t.Errorf("notices: %q", notices)
	}
	res, err := s.RevertFiles(t.Context(), session.RevertParams{SessionID: id, TurnID: turns[0]})
	if diff := cmp.Diff([]session.AppliedChange{{Path: "node_modules/y.js", Change: "deleted"}}, res.Applied); diff != "" || err != nil {
		t.Errorf("%v, applied (-want +got):\n%s", err, diff)
	}
}

// A session's rewind includes files, over turns, reverts and rewinds.
func TestRewindWithFiles(t *testing.T) {
	undo := snapshot.NewUndo(snapshot.UndoOptions{Dir: t.TempDir()})
	root := t.TempDir()
	entries := []any{
		agenttest.Calls("", write("a", "f", "1\n")), agenttest.Text("one"),
		agenttest.Text("nothing"),
		agenttest.Calls("", write("b", "f", "2\n")), agenttest.Text("two"),
	}
	model := agenttest.Script(entries...)
	s := session.NewManager(t.Context(), session.Options{Undo: undo, Store: journal.NewStore(t.TempDir()), New: func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
		ws, err := runtime.OpenWorkspace(root, runtime.OpenOptions{})
		if err != nil {
			return nil, err
		}
		rt := runtime.New(ws, runtimetest.NewFake(nil, nil), runtime.Options{})
		return agent.New(model, agenttest.Registry(t), rt, agent.Options{SessionID: spec.SessionID, Undo: undo, Permissions: approval.Permissions{Mode: event.ModeAuto}}), nil
	}})
	defer func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	var id string
	var turns []string
	for range 3 {
		res, err := s.Step(t.Context(), session.StepParams{SessionID: id, Prompt: "go"})
		if err != nil {
			t.Fatal(err)
		}
		id, turns = res.SessionID, append(turns, res.TurnID)
	}
	file := func(want string) {
		t.Helper()
		got, err := os.ReadFile(filepath.Join(root, "f"))
		if string(got) != want || want == "" && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("f has %q, want %q; %v", got, want, err)
		}
	}
	rewind := func(to string) string {
		t.Helper()
		res, err := s.RewindSession(t.Context(), session.RewindParams{SessionID: id, TurnID: to})
		if err != nil || len(res.Conflicts) > 0 {
			t.Fatal(res, err)
		}
		return res.TurnID
	}
	reopen := func() {
		t.Helper()
		if _, err := s.CloseSession(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Resume(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	file("2\n")
	back := rewind(turns[1]) // a turn that changed nothing
	file("1\n")
	reopen()
	rewind(back)
	file("2\n")
	reverted, err := s.RevertFiles(t.Context(), session.RevertParams{SessionID: id, TurnID: turns[2]})
	if err != nil || len(reverted.Applied) != 1 {
		t.Fatal(reverted, err)
	}
	file("1\n")
	reopen()
	before := rewind(turns[0])
	file("")
	rewind(before)
	file("1\n")
	rewind(reverted.TurnID)
	file("2\n")
}

// A command right after the model's first text waits until the whole tree is
// known: its immediate changes are seen, wherever they are.
func TestCommandWaitsForFirstScan(t *testing.T) {
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	change := messIn{Write: map[string]string{}}
	for i := range 1500 {
		name := fmt.Sprintf("d%d/f%d", i%8, i)
		file := filepath.Join(ws.Dir(), name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(name), 0o644)); err != nil {
			t.Fatal(err)
		}
		if i%50 == 0 {
			change.Write[name] = "changed"
		}
	}
	a, _ := undoAgent(t, ws, snapshot.NewUndo(snapshot.UndoOptions{}), agenttest.Calls("", agenttest.Call("a", "mess", change)), agenttest.Text("done"))
	if out := a.Run(t.Context(), "go", agent.Turn{}); len(out.Changes) != len(change.Write) {
		t.Errorf("%d of %d changes were seen", len(out.Changes), len(change.Write))
	}
}

// Two sessions in one workspace: while a command of the first runs, the second
// writes a file, which the first must not revert. Nothing is reverted while a
// turn runs.
func TestSessionsInOneWorkspace(t *testing.T) {
	root := filepath.Join(t.TempDir(), "ws")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	d := &killedServer{root: root, mode: event.ModeAuto, store: agenttest.NewStore(t)}
	var second session.StepResult
	servers := make([]*session.Manager, 2)
	busy := func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		var err error
		if second, err = servers[1].Step(t.Context(), session.StepParams{Prompt: "go"}); err != nil {
			t.Error(err)
		}
		if _, err := servers[1].RevertFiles(t.Context(), session.RevertParams{SessionID: second.SessionID}); !errors.Is(err, agent.ErrBusy) {
			t.Errorf("a revert beside a turn: %v", err)
		}
		return agenttest.Text("done"), nil
	}
	servers[0] = d.server(t, agenttest.Script(agenttest.Calls("", agenttest.Call("a", "mess", messIn{Write: map[string]string{"mine": "1\n"}})), busy), &agenttest.Recorder{})
	servers[1] = d.server(t, agenttest.Script(agenttest.Calls("", write("b", "theirs", "2\n")), agenttest.Text("done")), &agenttest.Recorder{})
	first, err := servers[0].Step(t.Context(), session.StepParams{Prompt: "go"})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]runtime.Change{{{Path: "mine", Change: "added", Added: 1}}, {{Path: "theirs", Change: "added", Added: 1}}} {
		got := []session.StepResult{first, second}[i]
		if diff := cmp.Diff(want, got.Changes); diff != "" {
			t.Errorf("session %d (-want +got):\n%s", i+1, diff)
		}
		res, err := servers[i].RevertFiles(t.Context(), session.RevertParams{SessionID: got.SessionID})
		if diff := cmp.Diff([]session.AppliedChange{{Path: want[0].Path, Change: "deleted"}}, res.Applied); diff != "" || err != nil || len(res.Conflicts) > 0 {
			t.Errorf("%v, %v, applied (-want +got):\n%s", err, res.Conflicts, diff)
		}
	}
}

// The scan of a large tree after a turn without tool calls blocks nothing.
func TestRevertBehindATalk(t *testing.T) {
	root := filepath.Join(t.TempDir(), "ws")
	for i := range 1500 {
		file := filepath.Join(root, fmt.Sprintf("d%d/f%d", i%8, i))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("text"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	const talks = 10
	script := []any{agenttest.Calls("", write("a", "mine", "1\n")), agenttest.Text("done")}
	for range talks {
		script = append(script, agenttest.Text("hm"))
	}
	d := &killedServer{root: root, mode: event.ModeAuto, store: agenttest.NewStore(t)}
	server := d.server(t, agenttest.Script(script...), &agenttest.Recorder{})
	res, err := server.Step(t.Context(), session.StepParams{Prompt: "go"})
	if err != nil {
		t.Fatal(err)
	}
	for range talks {
		if _, err := server.Step(t.Context(), session.StepParams{Prompt: "talk"}); err != nil {
			t.Fatal(err)
		}
		back, err := server.RevertFiles(t.Context(), session.RevertParams{SessionID: res.SessionID, TurnID: res.TurnID})
		if err != nil || len(back.Applied) != 1 {
			t.Fatalf("%+v, %v", back, err)
		}
		res.TurnID = back.TurnID
	}
}
