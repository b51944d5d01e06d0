package agent_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// weakContainer has a weakness that is known after its first command.
type weakContainer struct{ *runtimetest.Fake }

func (w weakContainer) Info() runtime.Info {
	info := runtime.Info{Kind: runtime.KindDocker, Sandbox: runtime.SandboxContainer}
	if len(w.Ran()) > 0 {
		info.Reason = "commands have no filter"
	}
	return info
}

func (w weakContainer) Exec(ctx context.Context, cmd runtime.Command, out io.Writer) (runtime.Exit, error) {
	return w.Fake.Exec(ctx, cmd, out)
}

// TestWeaknessIsTold: a notice reports it once, right after the first command.
func TestWeaknessIsTold(t *testing.T) {
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	rt := runtime.New(ws, weakContainer{runtimetest.NewFake(map[string]runtimetest.Script{"ok": {}}, nil)}, runtime.Options{})
	calls := func() agent.Reply {
		return agenttest.Calls("", agenttest.Call("a", "bash", `{"cmd":"ok"}`), agenttest.Call("b", "bash", `{"cmd":"ok"}`))
	}
	rec := &agenttest.Recorder{}
	model := agenttest.Script(calls(), agenttest.Text("done"), calls(), agenttest.Text("done"))
	a := agent.New(model, agenttest.Registry(t), rt, agent.Options{Permissions: agenttest.Anything, Client: rec})
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	for range 2 {
		_ = a.Run(t.Context(), "go", agent.Turn{})
	}
	var told []string
	for _, e := range rec.Events() {
		switch e.Kind {
		case event.KindNotice:
			told = append(told, e.Text)
		case event.KindToolFinished:
			told = append(told, string(e.Kind))
		}
	}
	if len(told) != 5 || told[0] != string(event.KindToolFinished) || !strings.HasSuffix(told[1], "commands have no filter") {
		t.Errorf("%q", told)
	}
}

// alwaysWeak is a container with its own reason.
type alwaysWeak struct {
	*runtimetest.Fake
	reason string
}

func (w alwaysWeak) Info() runtime.Info {
	return runtime.Info{Kind: runtime.KindDocker, Sandbox: runtime.SandboxContainer, Reason: w.reason}
}

// TestWeaknessOfViewIsTold: the runtime and its view have different weaknesses,
// and each is reported once.
func TestWeaknessOfViewIsTold(t *testing.T) {
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	fake := func() *runtimetest.Fake {
		return runtimetest.NewFake(map[string]runtimetest.Script{"ok": {}}, nil)
	}
	rt := runtime.New(ws, alwaysWeak{fake(), "no filter"}, runtime.Options{View: alwaysWeak{fake(), "no limits"}})
	call := func(id string) any { return agenttest.Calls("", agenttest.Call(id, "bash", `{"cmd":"ok"}`)) }
	rec := &agenttest.Recorder{}
	a := agent.New(agenttest.Script(call("a"), call("b"), call("c"), agenttest.Text("done"), agenttest.Text("done")), agenttest.Registry(t), rt, agent.Options{Permissions: agenttest.Anything, Client: rec})
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	for range 2 {
		_ = a.Run(t.Context(), "go", agent.Turn{})
	}
	var told []string
	for _, e := range rec.Events(event.KindNotice) {
		told = append(told, e.Text)
	}
	if len(told) != 2 || !strings.HasSuffix(told[0], "no filter") || !strings.HasSuffix(told[1], "no limits") {
		t.Errorf("%q", told)
	}
}
