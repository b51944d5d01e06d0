package docker

import (
	"testing"

	"go.uber.org/zap/zaptest"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func TestConformance(t *testing.T) {
	client := connect(t)
	runtimetest.Run(t, func(t *testing.T) *runtime.Runtime {
		ws, err := runtime.TempWorkspace()
		if err != nil {
			t.Fatal(err)
		}
		opts := Options{Client: client, Image: testImage(), Log: zaptest.NewLogger(t)}
		return runtime.New(ws, New(ws, opts), runtime.Options{})
	})
}
