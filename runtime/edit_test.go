package runtime_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

func TestEdit(t *testing.T) {
	ws := workspace(t, map[string]string{"dir/a": "1\n2\n3\n", "link": "-> dir/a"})
	full := filepath.Join(ws.Dir(), "dir/a")
	must(t, os.Chmod(full, 0o750))
	got, err := ws.Edit("./link", func(old []byte) ([]byte, error) { return bytes.Replace(old, []byte("2"), []byte("two\n2b"), 1), nil })
	must(t, err)
	if diff := cmp.Diff(runtime.Change{Path: "link", Change: runtime.ChangeModified, Added: 2, Removed: 1}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"dir/": "", "dir/a": "1\ntwo\n2b\n3\n", "link": "-> dir/a"}, tree(t, ws)); diff != "" {
		t.Error(diff)
	}
	info, err := os.Stat(full)
	must(t, err)
	if info.Mode().Perm() != 0o750 {
		t.Errorf("mode %v", info.Mode())
	}
	same, err := ws.Edit("dir/a", func(old []byte) ([]byte, error) { return old, nil })
	must(t, err)
	now, err := os.Stat(full)
	must(t, err)
	if same.Added+same.Removed > 0 || !os.SameFile(info, now) {
		t.Errorf("the same content: %+v, or it was written", same)
	}
}

func TestEditNoticesOthers(t *testing.T) {
	for name, other := range map[string]func(full string) error{
		"written":            func(full string) error { return os.WriteFile(full, []byte("theirs"), 0o644) },
		"written, time kept": func(full string) error { return keepTime(full, "0ld") },
		"replaced by the same": func(full string) error {
			return errors.Join(os.WriteFile(full+"2", []byte("old"), 0o644), os.Rename(full+"2", full))
		},
		"removed":         os.Remove,
		"now a directory": func(full string) error { return errors.Join(os.Remove(full), os.Mkdir(full, 0o755)) },
		"now a link":      func(full string) error { return errors.Join(os.Remove(full), os.Symlink("b", full)) },
		"bits changed":    func(full string) error { return os.Chmod(full, 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			ws := workspace(t, map[string]string{"a": "old", "b": "old"})
			var after map[string]string
			_, err := ws.Edit("a", func([]byte) ([]byte, error) {
				must(t, other(filepath.Join(ws.Dir(), "a")))
				after = tree(t, ws)
				return []byte("mine"), nil
			})
			if !errors.Is(err, runtime.ErrConflict) || !strings.Contains(err.Error(), `"a"`) {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(after, tree(t, ws)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// keepTime writes without a trace in size and time.
func keepTime(full, content string) error {
	info, err := os.Stat(full)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(full, []byte(content), 0o644), os.Chtimes(full, time.Time{}, info.ModTime()))
}

func TestEditRefusals(t *testing.T) {
	ws := workspace(t, map[string]string{"a": "old", "d/": ""})
	must(t, os.Symlink(outsideFile(t), filepath.Join(ws.Dir(), "out")))
	f, err := os.Create(filepath.Join(ws.Dir(), "huge"))
	must(t, err)
	must(t, errors.Join(f.Truncate(runtime.MaxFileBytes+1), f.Close()))
	var invalid *runtime.InvalidError
	for name, want := range map[string]error{"none": runtime.ErrNotFound, "out": runtime.ErrOutside, "../x": runtime.ErrOutside, "huge": runtime.ErrTooLarge, "d": nil} {
		_, err := ws.Edit(name, func([]byte) ([]byte, error) { t.Errorf("%s was given", name); return nil, nil })
		if want == nil && !errors.As(err, &invalid) || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stop := errors.New("no such text")
	if _, err := ws.Edit("a", func([]byte) ([]byte, error) { return nil, stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	if _, err := ws.Edit("a", func([]byte) ([]byte, error) { return make([]byte, runtime.MaxFileBytes+1), nil }); !errors.Is(err, runtime.ErrTooLarge) {
		t.Error(err)
	}
	if data, err := ws.ReadFile("a", 10); err != nil || string(data) != "old" {
		t.Errorf("%q, %v", data, err)
	}
}

// TestEditsDoNotOvertakeEachOther counts up from many goroutines: no step is lost.
func TestEditsDoNotOvertakeEachOther(t *testing.T) {
	const workers, steps = 8, 10
	ws := workspace(t, map[string]string{"n": "0"})
	up := func(old []byte) ([]byte, error) {
		n, err := strconv.Atoi(string(old))
		return []byte(strconv.Itoa(n + 1)), err
	}
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range steps {
				_, err := ws.Edit("n", up)
				for errors.Is(err, runtime.ErrConflict) {
					_, err = ws.Edit("n", up)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if data, err := ws.ReadFile("n", 10); err != nil || string(data) != strconv.Itoa(workers*steps) {
		t.Errorf("%s, %v", data, err)
	}
	if diff := cmp.Diff([]string{"n"}, names(t, ws)); diff != "" {
		t.Error(diff)
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
