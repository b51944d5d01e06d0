package supervisor_test

import (
	"bytes"
	"io"
	"sync"
	"testing"
)

// TestSignalsToPID1: it is deaf to all that its namespace can send it.
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
	const ofC = "SigIgn:\t0000000380000000\n" // 32 to 34, which nothing resets
	if _, err := c.Exec(t.Context(), sh("grep SigIgn /proc/self/status"), &out); err != nil || out.String() != ofC {
		t.Errorf("commands begin with %q, %v", out.String(), err)
	}
	if exit, err := c.Exec(t.Context(), sh("kill -TERM $$"), io.Discard); err != nil || exit.Signal != "SIGTERM" {
		t.Errorf("a command that a signal ends: %+v, %v", exit, err)
	}
}
