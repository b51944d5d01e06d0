package rpc

import (
	"os"
	"path/filepath"
	"time"
)

// tick waits until the file system's clock has advanced. That clock is not the test's fake
// clock and has steps of milliseconds.
func (s *story) tick() {
	s.t.Helper()
	probe := filepath.Join(os.TempDir(), "probe")
	var first time.Time
	for {
		if err := os.WriteFile(probe, []byte("x"), 0o600); err != nil {
			s.t.Fatal(err)
		}
		info, err := os.Stat(probe)
		switch {
		case err != nil:
			s.t.Fatal(err)
		case first.IsZero():
			first = info.ModTime()
		case info.ModTime().After(first):
			return
		}
	}
}
