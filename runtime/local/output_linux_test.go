package local_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
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

// slowWriter takes its time for every write.
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

// TestStrangerWhoHoldsTheOutputIsCutOff: this process takes hold of the pipe, as
// somebody could who is not of the command.
func TestStrangerWhoHoldsTheOutputIsCutOff(t *testing.T) {
	for name, flood := range map[string]bool{"silent": false, "writing on and on": true} {
		t.Run(name, func(t *testing.T) {
			e, dir := newExecutor(t)
			var out bytes.Buffer
			ended := make(chan error, 1)
			go func() {
				_, err := e.Exec(t.Context(), runtime.Command{Script: "echo mine; echo $$ >pid; while [ ! -e go ]; do sleep 0.1; done"}, &out)
				ended <- err
			}()
			waitForFile(t, filepath.Join(dir, "pid"))
			pid, err := os.ReadFile(filepath.Join(dir, "pid"))
			if err != nil {
				t.Fatal(err)
			}
			held, err := os.OpenFile("/proc/"+strings.TrimSpace(string(pid))+"/fd/1", os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			flooded := make(chan struct{})
			go func() {
				defer close(flooded)
				for flood && err == nil {
					_, err = held.Write(make([]byte, 1000)) // fails when nobody reads any more
				}
			}()
			begin := time.Now()
			if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
				t.Error(err)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if d := time.Since(begin); d > 10*time.Second {
				t.Errorf("came back after %v", d)
			}
			if !strings.HasPrefix(out.String(), "mine\n") || !strings.HasSuffix(out.String(), "\n[output cut: a process that is not of this command holds its output open]\n") {
				t.Errorf("%d bytes of output: %.100q", out.Len(), out.String())
			}
			<-flooded
			_ = held.Close()
		})
	}
}
