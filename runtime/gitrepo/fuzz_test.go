package gitrepo

import (
	"strings"
	"testing"
)

func FuzzIndex(f *testing.F) {
	f.Add([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x00" + strings.Repeat("\x00", 20)))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = newIndex(data) })
}

func FuzzApplyDelta(f *testing.F) {
	f.Add([]byte("base"), []byte("\x04\x04\x90\x04"))
	f.Fuzz(func(_ *testing.T, base, delta []byte) { _, _ = applyDelta(base, delta, 1<<20) })
}
