//go:build unix

package tasks_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
)

func TestNamedPipeIsRefused(t *testing.T) {
	f := setup(t, false, finishing, tasks.Options{})
	if err := syscall.Mkfifo(filepath.Join(f.parent.Workspace().Dir(), "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := f.Start(t.Context(), tasks.StartParams{Prompt: "go", Files: []string{"pipe"}})
	var invalid *runtime.InvalidError
	if !errors.As(err, &invalid) || invalid.Field != "files[0]" {
		t.Errorf("error %v", err)
	}
}
