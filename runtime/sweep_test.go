package runtime_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

func TestSweepTemp(t *testing.T) {
	const dead, live = "AAAAAAAAAA", "BBBBBBBBBB"
	rest := strings.Repeat("2", 16)
	dir, outside := t.TempDir(), t.TempDir()
	for _, d := range []string{"d/.pygent-" + dead + rest + "/staged", "d/.pygent-" + live + rest} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{".pygent-" + dead + rest, ".pygent-" + live + rest, ".pygent-" + dead, "d/.pygent-" + dead + rest + "/staged/f", "d/plain"} {
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(outside, ".pygent-"+dead+rest), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Skip("no links here: ", err)
	}
	if n, err := runtime.SweepTemp(context.Background(), dir, dead); n != 2 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	var left []string
	for _, pattern := range []string{"*", "d/*", "link/*"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			left = append(left, strings.TrimPrefix(f, dir+"/"))
		}
	}
	want := []string{".pygent-" + dead, ".pygent-" + live + rest, "d", "d/.pygent-" + live + rest, "d/plain", "link", "link/.pygent-" + dead + rest}
	slices.Sort(left)
	if diff := cmp.Diff(want, left); diff != "" {
		t.Error(diff)
	}
	if n, err := runtime.SweepTemp(context.Background(), filepath.Join(dir, "none"), dead); n != 0 || err != nil {
		t.Errorf("a workspace that is gone: %d, %v", n, err)
	}
}
