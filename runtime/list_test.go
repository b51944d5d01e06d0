package runtime_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

func TestList(t *testing.T) {
	ws := workspace(t, map[string]string{
		"d/b": "22", "d/a/": "", "d/-x\ny": "1", "d/link": "-> b", "d/out": "-> /etc/passwd", "d/dangling": "-> none", "to": "-> d",
		"d/.pygent-ABCDEFGHIJKLMNOPQRSTUVWXYZ": "under way", "d/.hidden": "",
	})
	want := []runtime.Entry{
		{Name: "-x\ny", Type: "file", Size: 1},
		{Name: ".hidden", Type: "file"},
		{Name: "a", Type: "dir"},
		{Name: "b", Type: "file", Size: 2},
		{Name: "dangling", Type: "link"},
		{Name: "link", Type: "link"},
		{Name: "out", Type: "link"},
	}
	for _, name := range []string{"d", "./d/", "to"} {
		got, truncated, err := ws.List(name, runtime.ListOptions{})
		if diff := cmp.Diff(want, got); err != nil || truncated || diff != "" {
			t.Errorf("%s: %v, %v, %s", name, truncated, err, diff)
		}
	}
	if diff := cmp.Diff([]string{"d", "to"}, names(t, ws)); diff != "" {
		t.Error(diff)
	}
	if got, truncated, err := ws.List("d/a", runtime.ListOptions{}); err != nil || truncated || got == nil || len(got) > 0 {
		t.Errorf("empty: %v, %v, %v", got, truncated, err)
	}
}

func TestListIsCapped(t *testing.T) {
	ws := workspace(t, nil)
	for i := range 1500 {
		must(t, os.WriteFile(filepath.Join(ws.Dir(), fmt.Sprintf("f%04d", (i*7919)%1500)), nil, 0o644))
	}
	for limit, want := range map[int]bool{1: true, 10: true, 1499: true, 1500: false, 0: false} {
		got, truncated, err := ws.List(".", runtime.ListOptions{Max: limit})
		must(t, err)
		if truncated != want || len(got) != 1500 && len(got) != limit {
			t.Errorf("%d: %d entries, truncated %v", limit, len(got), truncated)
		}
		for i, e := range got {
			if e.Name != fmt.Sprintf("f%04d", i) {
				t.Fatalf("%d: entry %d is %s", limit, i, e.Name)
			}
		}
	}
}

func TestListRefusals(t *testing.T) {
	ws := workspace(t, map[string]string{"file": "x", "out": "-> " + filepath.Dir(outsideFile(t))})
	var invalid *runtime.InvalidError
	for name, want := range map[string]error{"none": runtime.ErrNotFound, "out": runtime.ErrOutside, "..": runtime.ErrOutside, "/etc": runtime.ErrOutside, "file": nil} {
		_, _, err := ws.List(name, runtime.ListOptions{})
		if want == nil && !errors.As(err, &invalid) || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func names(t *testing.T, ws *runtime.Workspace) (list []string) {
	t.Helper()
	entries, _, err := ws.List("", runtime.ListOptions{})
	must(t, err)
	for _, e := range entries {
		list = append(list, e.Name)
	}
	return list
}
