//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/instance"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// TestLeftoversOfKilledServer kills a server with a network proxy, a temporary workspace and
// an unfinished write, beside a live server in the same workspace. The next server removes
// the leftovers of the dead one and nothing of the live one.
func TestLeftoversOfKilledServer(t *testing.T) {
	t.Parallel()
	shared, ws := t.TempDir(), t.TempDir()
	flags := []string{"--root=" + ws, "--network-allow=example.org:443"}
	killed := startProgramIn(t, shared, flags...)
	dead := owners(t, shared)
	neighbour := startProgramIn(t, shared, flags...)
	all := owners(t, shared)
	if len(dead) < 2 || len(all) < 2*len(dead) {
		t.Fatalf("the servers have the directories %v", all)
	}
	var temps []string // of writes
	for path, who := range all {
		if filepath.Base(filepath.Dir(path)) == "running" {
			name := filepath.Join(ws, ".pygent-"+who.Tag()+strings.Repeat("A", 16))
			if err := os.WriteFile(name, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, ok := dead[path]; ok {
				dead[name] = who
			}
			all[name] = who
			temps = append(temps, name)
		}
	}
	if len(temps) != 2 {
		t.Fatalf("%d records", len(temps))
	}
	if err := killed.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed.wait(t, false)

	startProgramIn(t, shared)
	for path := range all {
		_, gone := dead[path]
		for deadline := time.Now().Add(10 * time.Second); gone && exists(path) && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		if exists(path) == gone {
			t.Errorf("%s: there %v, of the dead server %v", path, !gone, gone)
		}
	}
	if err := neighbour.send(`{"jsonrpc":"2.0","method":"exit"}`); err != nil {
		t.Fatal(err)
	}
	neighbour.wait(t, true)
}

// TestAftermathOfKilledServer kills a server whose command repeatedly plants a hook in a new
// repository. The next server moves that hook away, but not the user's hook in another
// repository.
func TestAftermathOfKilledServer(t *testing.T) {
	t.Parallel()
	shared, ws := t.TempDir(), t.TempDir()
	mine, planted := filepath.Join(ws, "mine/.git/hooks/post-checkout"), filepath.Join(ws, "new/.git/hooks/post-checkout")
	for file, text := range map[string]string{mine: "#!/bin/sh\n", filepath.Join(ws, "mine/.git/HEAD"): "ref: refs/heads/x\n"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond) // younger files count as the command's
	killed := launch(t, shared, func(string) string {
		return "mkdir -p new/.git/hooks; echo ref: refs/heads/x >new/.git/HEAD; cp -p mine/.git/hooks/post-checkout run; echo up; while :; do cp run new/.git/hooks/post-checkout; sleep 0.01; done"
	}, "--root="+ws)
	go killed.read()
	killed.until(t, `"delta":"up`)
	waitFor(t, planted, true)
	if err := killed.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed.wait(t, false)
	waitFor(t, planted, true) // it may just have been moved away

	startProgramIn(t, shared)
	waitFor(t, planted, false)
	if !exists(mine) {
		t.Error("the user's own hook is gone")
	}
}

func waitFor(t *testing.T, path string, there bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); exists(path) != there; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: there %v", path, !there)
		}
	}
}

// TestNoticesAreToldOnce checks that only the next command in the workspace gets them.
func TestNoticesAreToldOnce(t *testing.T) {
	l := &leftovers{log: zap.NewNop(), notices: map[string][]string{}}
	l.tell("/a", []string{"hook was moved"})
	for _, c := range []struct{ dir, want string }{{"/b", ""}, {"/a", "\n[hook was moved]\n"}, {"/a", ""}} {
		var out strings.Builder
		silent := func(runtime.Command) runtimetest.Script { return runtimetest.Script{} }
		n := noted{runtimetest.NewFake(nil, silent), l, c.dir, "strong"}
		if _, err := n.Exec(t.Context(), runtime.Command{Script: "true"}, &out); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != c.want {
			t.Errorf("%s: %q, want %q", c.dir, got, c.want)
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// owners finds the directories of servers that use dir for their state and
// temporary files.
func owners(t *testing.T, dir string) map[string]instance.Identity {
	t.Helper()
	all := make(map[string]instance.Identity)
	for _, pattern := range []string{"pygent-*-*/owner", "pygent/running/pygent-*/owner"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			var who instance.Identity
			text, err := os.ReadFile(file)
			if err == nil {
				err = json.Unmarshal(text, &who)
			}
			if err != nil {
				t.Fatal(err)
			}
			all[filepath.Dir(file)] = who
		}
	}
	return all
}
