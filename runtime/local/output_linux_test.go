package local_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
)

func newExecutor(t *testing.T) (*local.Executor, string) {
	t.Helper()
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	e := local.New(ws, local.Options{})
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := ws.Close(); err != nil {
			t.Error(err)
		}
	})
	return e, ws.Dir()
}

// slowWriter is slow at every write.
type slowWriter struct {
	bytes.Buffer
	wait time.Duration
}

func (w *slowWriter) Write(p []byte) (int, error) {
	time.Sleep(w.wait)
	return w.Buffer.Write(p)
}

// TestSlowOutLosesNothing that the pipe still held when all processes were gone.
func TestSlowOutLosesNothing(t *testing.T) {
	e, _ := newExecutor(t)
	out := &slowWriter{wait: 400 * time.Millisecond}
	exit, err := e.Exec(t.Context(), runtime.Command{Script: "echo begin; sleep 0.1; head -c 60000 /dev/zero"}, out)
	if err != nil || exit.Code != 0 || out.Len() != 60006 {
		t.Errorf("%d bytes, exit %+v, %v", out.Len(), exit, err)
	}
}
