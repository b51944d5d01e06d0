//go:build !linux

package runtimetest

import (
	"os"
	"testing"
)

type files struct{ taken []*os.File }

func useUpFiles(t *testing.T) *files {
	t.Helper()
	t.Skip("the number of open files is lowered on Linux only")
	return nil
}

func (a *files) release(int) {}
