package main

import (
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime/runtimetest"
)

// plantings are commands that repeatedly make files by which git on the host would run RUN.
// A host that uses git in the workspace meanwhile must never run it. settings is the file
// with the harmful setting.
var plantings = map[string]struct {
	repository bool // the workspace is one
	loop       string
}{
	"a repository where none is": {false, `
		rm -rf .git/HEAD .git/config
		mkdir -p .git/objects .git/refs
		cp settings .git/config
		echo ref: refs/heads/x >.git/HEAD
		rm -rf .git; mv made .git; git init`},
	"a file or a link where none is": {false, `
		mkdir -p made/objects made/refs
		cp settings made/config
		echo ref: refs/heads/x >made/HEAD
		echo gitdir: made >.git; rm -f .git
		ln -s made .git; rm -f .git
		mv made .git; rm -rf .git`},
	"a common directory": {true, `
		echo ../made >.git/commondir; rm -f .git/commondir
		echo ../made >c; mv c .git/commondir; ln -s ../c .git/commondir`},
	"configuration and hooks": {true, `
		cp settings .git/config; mv settings2 .git/config; cp settings .git/config.worktree
		cp run .git/hooks/post-index-change; mv .git/hooks .git/h; mkdir .git/hooks; cp run .git/hooks/post-index-change
		mv .git g; cp -r made .git; mv g .git`},
}

// TestNothingPlantedRuns runs git status on the host fifty times a second, for
// PYGENT_TEST_SECONDS and with the program PYGENT_TEST_PROGRAM if they are set. Unconfined
// commands show that the planted files would work.
func TestNothingPlantedRuns(t *testing.T) {
	for name := range plantings {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait
			runs, looks := 0, 0
			for range 30 { // on a busy machine git may miss it in one round
				if runs, looks = plant(t, name, []string{"--no-docker", "--sandbox=none"}); runs > 0 {
					break
				}
			}
			if runs == 0 {
				t.Errorf("without a sandbox it never ran; the last time git looked %d times", looks)
			}
			for _, flags := range [][]string{{"--no-docker"}, {"--docker", "--image", testImage(t)}} {
				runs, looks := plant(t, name, flags)
				t.Logf("%s: git was asked %d times and ran what was planted %d times", flags[0], looks, runs)
				if runs > 0 || looks < 20 {
					t.Errorf("%s: %d runs, %d looks", flags[0], runs, looks)
				}
			}
		})
	}
}

func testImage(t *testing.T) string {
	t.Helper()
	image := cmp.Or(os.Getenv("PYGENT_TEST_IMAGE"), "pygent-test:busybox")
	if out, err := exec.Command("docker", "image", "inspect", image).CombinedOutput(); err != nil { //nolint:noctx // it ends by itself
		runtimetest.Missing(t, err, ": ", string(out))
	}
	return image
}

// plant runs a planting command in a loop while git runs on the host.
func plant(t *testing.T, name string, flags []string) (runs, looks int) {
	t.Helper()
	seconds, err := strconv.Atoi(cmp.Or(os.Getenv("PYGENT_TEST_SECONDS"), "1"))
	if err != nil {
		t.Fatal(err)
	}
	state, dir := t.TempDir(), t.TempDir()
	marks := filepath.Join(t.TempDir(), "marks")
	run := filepath.Join(dir, "run")
	for file, text := range map[string]string{
		run:               "#!/bin/sh\necho ran >>" + marks + "\n",
		dir + "/settings": "[core]\n\tfsmonitor = " + run + "\n\trepositoryformatversion = 0\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if plantings[name].repository {
		git(t, dir, "init", "-q")
	}
	loop := "mkdir -p made/objects made/refs; cp settings made/config; echo ref: refs/heads/x >made/HEAD; while :; do " + plantings[name].loop + "\ndone 2>/dev/null"
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "runtime/exec", "params": map[string]any{"command": loop, "timeoutSeconds": seconds}})
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(cmp.Or(os.Getenv("PYGENT_TEST_PROGRAM"), "pygent"), append([]string{"serve", "--root", dir, "--mode=auto"}, flags...)...) //nolint:gosec,noctx // it ends with its input
	server.Env = append(os.Environ(), "TMPDIR="+state, "XDG_STATE_HOME="+state, "XDG_CONFIG_HOME="+state)
	server.Stdin = strings.NewReader(string(request) + "\n")
	ended := make(chan []byte, 1)
	go func() {
		out, err := server.CombinedOutput()
		if err != nil || !strings.Contains(string(out), `"timedOut":true`) {
			t.Errorf("%v: %s", err, out)
		}
		ended <- out
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for over := false; !over; looks++ {
		select {
		case <-ended:
			over = true // and a last look
		case <-tick.C:
		}
		git(t, dir, "status")
	}
	text, _ := os.ReadFile(marks)
	return strings.Count(string(text), "ran"), looks
}

// git runs the host's git. It may fail, because planted files can be incomplete.
func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		runtimetest.Missing(t, err)
	}
	cmd := exec.Command("git", args...) //nolint:noctx // it ends by itself
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	_, _ = cmd.CombinedOutput()
}
