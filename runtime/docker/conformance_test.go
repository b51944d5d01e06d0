package docker

import (
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/zap/zaptest"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	client, program := connect(t), testProgram(t)
	eachWay(t, func(t *testing.T, w way) {
		runtimetest.Run(t, func(t *testing.T) *runtime.Runtime {
			ws, err := runtime.TempWorkspace()
			if err != nil {
				t.Fatal(err)
			}
			if w.opts.NoMount {
				// Of the links that a command makes, those that lead out are not
				// copied back; one case needs such a link.
				if err := os.Symlink("/", filepath.Join(ws.Dir(), "out")); err != nil {
					t.Fatal(err)
				}
			}
			opts := w.with(Options{Client: client, Image: testImage(), Supervisor: program, Log: zaptest.NewLogger(t)})
			return runtime.New(ws, New(ws, opts), runtime.Options{})
		})
	})
}
