package docker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// repository makes a workspace with a .git in it.
func repository(t *testing.T) *runtime.Workspace {
	t.Helper()
	ws := workspace(t)
	for _, dir := range []string{".git/hooks", ".git/objects"} {
		if err := os.MkdirAll(filepath.Join(ws.Dir(), dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{".git/config": "[core]\n", ".git/hooks/old": "echo old\n"} {
		if err := os.WriteFile(filepath.Join(ws.Dir(), name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return ws
}

// TestAttackByShell tries what the policy forbids. Each script says "held" when
// it was stopped.
func TestAttackByShell(t *testing.T) { eachWay(t, testAttackByShell) }

func testAttackByShell(t *testing.T, w way) {
	e := executor(t, workspace(t), w.with(Options{FileBytes: 1 << 20}))
	for name, script := range map[string]string{
		"write outside":         "touch /bin/x /x /etc/x || echo held",
		"change PID 1's file":   "[ -e /.pygent/supervisor ] || echo held; chmod 777 /.pygent/supervisor || rm -f /.pygent/supervisor || mv /.pygent/supervisor /tmp || echo held",
		"secrets":               "cat /proc/*/environ | grep -q " + secret + " || echo held",
		"docker.sock":           "[ -e /var/run/docker.sock ] || [ -e /run/docker.sock ] || echo held",
		"host's processes":      "[ $(ls -d /proc/[0-9]* | wc -l) -lt 15 ] && echo held",
		"network":               "cat /proc/net/dev | grep -v lo: | grep -q : || echo held",
		"mount":                 "mount -t tmpfs none /tmp || echo held",
		"change owner":          "touch own; chown 12345 own || echo held",
		"a big file":            "(head -c 2000000 /dev/zero >big) ; [ $(wc -c <big) -le 1048576 ] && echo held",
		"fill /tmp":             "(ulimit -f unlimited; i=0; while [ $i -lt 200 ] && head -c 1000000 /dev/zero >/tmp/f$i; do i=$((i+1)); done); [ $(ls /tmp | wc -l) -lt 200 ] && echo held; rm -f /tmp/f*",
		"core":                  "[ $(ulimit -c) = 0 ] && echo held",
		"raise a limit":         "(ulimit -n 100000) || echo held",
		"a hostile environment": "[ \"$HOME\" = /home/pygent ] && touch ~/x /tmp/x && echo held",
		"host's devices":        "[ -e /dev/sda ] || [ -e /dev/vda ] || [ -e /dev/mem ] || echo held",
		"more capabilities":     "grep -q 'CapEff:.*0000000000000000' /proc/self/status && grep -q 'CapBnd:.*0000000000000000' /proc/self/status && grep -q 'NoNewPrivs:.*1' /proc/self/status && echo held",
	} {
		if out, _ := sh(t, e, "{ "+script+"; } 2>/dev/null"); !strings.HasSuffix(out, "held\n") {
			t.Errorf("%s: %q", name, out)
		}
	}
}

// gitAttacks change what makes the host's git run code.
var gitAttacks = map[string]string{
	"rename .git":    "mv .git x || echo held",
	"remove .git":    "rmdir .git || echo held",
	"add a hook":     "touch .git/hooks/pre-commit || echo held",
	"change a hook":  "echo evil >.git/hooks/old || echo held",
	"remove a hook":  "rm .git/hooks/old || echo held",
	"replace hooks":  "mv .git/hooks .git/x || echo held",
	"write config":   "echo x >>.git/config || echo held",
	"replace config": "echo x >new; mv new .git/config || echo held",
	"config a link":  "ln -sf /etc/passwd .git/config || echo held",
}

func TestAttackOnGit(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		ws := repository(t)
		e := executor(t, ws, w.with(Options{}))
		if out, exit := sh(t, e, "touch .git/objects/x .git/index && echo ok"); out != "ok\n" {
			t.Errorf("git's own files cannot be written: %+v", exit)
		}
		for name, script := range gitAttacks {
			out, _ := sh(t, e, "{ "+script+"; } 2>/dev/null")
			// In a copy commands can change everything; the changes are not
			// copied back.
			if !w.opts.NoMount && out != "held\n" {
				t.Errorf("%s: %q", name, out)
			}
		}
		sh(t, e, "rm -rf .git")
		got := map[string]string{}
		for _, name := range []string{"hooks/old", "hooks/pre-commit", "config", "objects/x", "index"} {
			text, err := os.ReadFile(filepath.Join(ws.Dir(), ".git", name))
			if err == nil {
				got[name] = string(text)
			}
		}
		delete(got, "objects/x") // which the last command may remove
		delete(got, "index")
		if diff := cmp.Diff(map[string]string{"hooks/old": "echo old\n", "config": "[core]\n"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestNobodysProcessEnds: a process cannot remove its command's tag, by which
// it is found while another command runs.
func TestNobodysProcessEnds(t *testing.T) {
	ws := workspace(t)
	runtimetest.CopyProgram(t, builtProgram(t, "attack"), filepath.Join(ws.Dir(), "attack"))
	e := executor(t, ws, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	job := make(chan error, 1)
	go func() {
		_, err := e.Exec(ctx, runtime.Command{Script: "touch began; sleep 100"}, io.Discard)
		job <- err
	}()
	out, exit := sh(t, e, "until [ -e began ]; do sleep 0.05; done; (setsid ./attack hide >/dev/null 2>&1 &); until [ -e hides ]; do sleep 0.05; done; echo there")
	if out != "there\n" || exit.Code != 0 {
		t.Errorf("%q, %+v", out, exit)
	}
	if out, _ := sh(t, e, "cat /proc/[0-9]*/cmdline | tr '\\0' . | grep -c 'attack[.]hide' || echo none"); out != "0\nnone\n" {
		t.Errorf("it lives: %q", out)
	}
	if len(job) > 0 {
		t.Errorf("the other command ended: %v", <-job)
	}
	cancel()
	<-job
}

// TestAttackOnPID1 sends PID 1 all signals, by the ids of all its threads. A
// supervisor does not notice; a shell may end, and its container and the command
// with it, but the next command works.
func TestAttackOnPID1(t *testing.T) {
	eachCommandWay(t, func(t *testing.T, w way) {
		e := executor(t, workspace(t), w.with(Options{}))
		job := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		sh(t, e, "true")
		go func() {
			_, err := e.Exec(ctx, runtime.Command{Script: "sleep 100"}, io.Discard)
			job <- err
		}()
		const script = "for t in $(ls /proc/1/task); do i=1; while [ $i -le 64 ]; do kill -$i $t; i=$((i+1)); done; done; sleep 0.2; echo lives"
		var out bytes.Buffer
		exit, err := e.Exec(t.Context(), runtime.Command{Script: script}, &out)
		t.Logf("%+v, %q, %v", exit, out.String(), err)
		if w.opts.NoSupervisor {
			if err != nil && !errors.Is(err, runtime.ErrUnavailable) {
				t.Error(err)
			}
		} else if err != nil || !strings.HasSuffix(out.String(), "lives\n") || len(job) > 0 {
			t.Errorf("%+v, %q, %v; other commands that ended: %d", exit, out.String(), err, len(job))
		}
		if out, _ := sh(t, e, "echo next"); out != "next\n" {
			t.Errorf("the next command: %q", out)
		}
		cancel()
		<-job
	})
}

// TestAttackBySignals uses the system calls that a shell does not have.
func TestAttackBySignals(t *testing.T) {
	ws := workspace(t)
	runtimetest.CopyProgram(t, builtProgram(t, "attack"), filepath.Join(ws.Dir(), "attack"))
	for _, user := range []string{"", "12345:12345"} { // our user, and an ordinary one
		e := executor(t, ws, Options{User: user})
		for range 5 {
			if out, exit := sh(t, e, "./attack signals"); out != "sent\n" || exit.Code != 0 {
				t.Fatalf("as %q: %q, %+v", user, out, exit)
			}
		}
	}
}
