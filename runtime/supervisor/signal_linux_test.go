package supervisor_test

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"testing"
)

// TestSignalsToPID1: it ignores all signals that its namespace can send.
func TestSignalsToPID1(t *testing.T) {
	c := startAlone(t, 1<<40)
	var floods sync.WaitGroup
	for range 3 {
		floods.Go(func() {
			for range 5 {
				if exit, err := c.Exec(t.Context(), again(t, signalArg, "1"), io.Discard); err != nil || exit.Code != 0 {
					t.Errorf("%+v, %v", exit, err)
				}
			}
		})
	}
	floods.Wait()
	var out bytes.Buffer
	// 32 to 34, which nothing resets; without cgo 33 is the Go runtime's own.
	ofC := []string{"SigIgn:\t0000000380000000\n", "SigIgn:\t0000000280000000\n"}
	if _, err := c.Exec(t.Context(), sh("grep SigIgn /proc/self/status"), &out); err != nil || !slices.Contains(ofC, out.String()) {
		t.Errorf("commands begin with %q, %v", out.String(), err)
	}
	if exit, err := c.Exec(t.Context(), sh("kill -TERM $$"), io.Discard); err != nil || exit.Signal != "SIGTERM" {
		t.Errorf("a command that a signal ends: %+v, %v", exit, err)
	}
}
