package snapshot

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func someScan() *manifest {
	full := entry{
		name: "f", kind: File, mode: 0o4755, held: heldStore, racy: true, hash: Hash{1, 2, 31: 3},
		stamp: stamp{size: 1 << 40, mtime: -1, ctime: 1 << 60, ino: 1 << 63, dev: 5, uid: 1<<32 - 1, gid: 7},
	}
	return &manifest{git: "/g", dirs: map[string][]entry{
		".":     {{name: "empty", kind: Dir}, full, {name: "l\xff\n", kind: Link, note: "target"}, {name: "node_modules", kind: Dir, note: "ignored", ignored: true}},
		"empty": {},
		"d":     {{name: "fifo", kind: Special, note: "no file"}, {name: "g", kind: File, held: heldGit, hash: Hash{9}}},
	}}
}

// A written scan can be read again; a cut or damaged one gives an error, or
// another scan, but no panic.
func TestScanFile(t *testing.T) {
	var out bytes.Buffer
	if err := writeScan(&out, "/w", someScan()); err != nil {
		t.Fatal(err)
	}
	all := cmp.AllowUnexported(manifest{}, entry{}, stamp{})
	got, err := readScan(bytes.NewReader(out.Bytes()), "/w")
	if diff := cmp.Diff(someScan(), got, all); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := readScan(bytes.NewReader(out.Bytes()), "/other"); !errors.Is(err, errLost) {
		t.Errorf("of another workspace: %v", err)
	}
	for n := range out.Len() {
		if _, err := readScan(bytes.NewReader(out.Bytes()[:n]), "/w"); !errors.Is(err, errLost) {
			t.Errorf("cut at %d: %v", n, err)
		}
		damaged := bytes.Clone(out.Bytes())
		damaged[n] = 0xff
		if _, err := readScan(bytes.NewReader(damaged), "/w"); err != nil && !errors.Is(err, errLost) {
			t.Errorf("damaged at %d: %v", n, err)
		}
	}
}
