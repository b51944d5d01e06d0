package docker

import (
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func TestDiskIsNotFilled(t *testing.T) {
	ws, err := runtime.OpenWorkspace(runtimetest.SmallDisk(t, "16m"), runtime.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.Close() })
	e := executor(t, ws, Options{})
	if out, exit := sh(t, e, runtimetest.FillDisk); !exit.OutOfDisk {
		t.Errorf("%q, %+v", out, exit)
	}
	if out, exit := sh(t, e, "sleep 0.3; rm full* && echo x >more"); exit.Code != 0 {
		t.Errorf("afterwards: %q, %+v", out, exit)
	}
}
