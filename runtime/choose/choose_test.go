package choose

import (
	"errors"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
)

// TestFailureIsNotKept changes the machine between two calls.
func TestFailureIsNotKept(t *testing.T) {
	c := New(Options{Kind: runtime.KindLocal, Network: runtime.Network{Allow: []string{"a.example:1"}}})
	defer c.Close()
	c.probes = machine(t, nil, "", runtime.SandboxNone)
	if _, err := c.Choose(t.Context()); !errors.Is(err, runtime.ErrUnavailable) {
		t.Fatal(err)
	}
	if info := c.Info(t.Context()); info.Sandbox != runtime.SandboxNone || info.Network != runtime.NetworkNone || !strings.HasPrefix(info.Reason, "commands cannot run: ") {
		t.Errorf("%+v", info)
	}
	c.probes = machine(t, nil, "", runtime.SandboxStrong)
	if info := c.Info(t.Context()); info.Sandbox != runtime.SandboxStrong || info.Network != runtime.NetworkAllow {
		t.Errorf("%+v", info)
	}
	c.probes = machine(t, nil, "", runtime.SandboxMedium)
	if choice, err := c.Choose(t.Context()); err != nil || choice.Sandbox != runtime.SandboxStrong {
		t.Errorf("a choice is not kept: %+v, %v", choice, err)
	}
}

func TestCheck(t *testing.T) {
	c := New(Options{Kind: runtime.KindLocal})
	defer c.Close()
	c.probes = machine(t, nil, "", runtime.SandboxMedium)
	var invalid *runtime.InvalidError
	if err := c.Check(t.Context(), "runtime", runtime.KindDocker); !errors.As(err, &invalid) || invalid.Field != "runtime" {
		t.Error(err)
	}
	for _, kind := range []string{"", runtime.KindLocal} {
		if err := c.Check(t.Context(), "runtime", kind); err != nil {
			t.Error(err)
		}
	}
}

// TestView: only a sandbox that can enforce a view has one.
func TestView(t *testing.T) {
	for level, want := range map[string]bool{runtime.SandboxStrong: true, runtime.SandboxMedium: false, runtime.SandboxNone: false} {
		ws, err := runtime.TempWorkspace()
		if err != nil {
			t.Fatal(err)
		}
		opts := Options{Kind: runtime.KindLocal}
		if level == runtime.SandboxNone {
			opts.Sandbox = level
		}
		c := New(opts)
		c.probes = machine(t, nil, "", level)
		e, err := c.Executors(t.Context(), ws)
		if err != nil || e.Choice.Sandbox != level || e.Commands == nil || (e.View != nil) != want {
			t.Errorf("%s: %+v, %v", level, e, err)
		}
		if err := errors.Join(c.Close(), ws.Close()); err != nil {
			t.Error(err)
		}
	}
}
