//go:build unix

package chat

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestCopyOfAPipeDoesNotWaitForItsWriter(t *testing.T) {
	root := t.TempDir()
	pipe := filepath.Join(root, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	copied := make(chan error, 1)
	go func() { copied <- copyFile(root, pipe, "to") }()
	select {
	case err := <-copied:
		if err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("error %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it waits")
	}
}
