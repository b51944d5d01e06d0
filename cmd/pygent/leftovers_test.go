//go:build linux

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime/instance"
)

// TestLeftoversOfKilledServer kills a server with a network proxy, a temporary
// workspace and a write under way, beside a live one in the same workspace. The
// next server clears away what the dead one left, and nothing of the live one.
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
