package supervisor_test

import (
	"io"
	"os/exec"
	"testing"
)

// BenchmarkExec is compared with BenchmarkBareFork of the same run: the budget
// is twice its time.
func BenchmarkExec(b *testing.B) {
	c := startChild(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Exec(b.Context(), sh("true"), io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBareFork is the floor: only the shell.
func BenchmarkBareFork(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := exec.Command("/bin/sh", "-c", "true").Run(); err != nil {
			b.Fatal(err)
		}
	}
}
