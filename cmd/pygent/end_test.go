//go:build linux

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServerEndsCleanly starts the real program, waits until the agent's command runs, and
// ends the server in every way that a client can. The server must exit soon and cleanly, and
// no process of the command may be left.
func TestServerEndsCleanly(t *testing.T) {
	tests := []struct {
		name string
		end  func(p *program) error
		want int // exit code; -1: any
	}{
		{"SIGTERM", func(p *program) error { return p.cmd.Process.Signal(syscall.SIGTERM) }, -1},
		{"SIGINT", func(p *program) error { return p.cmd.Process.Signal(os.Interrupt) }, -1},
		{"SIGHUP", func(p *program) error { return p.cmd.Process.Signal(syscall.SIGHUP) }, -1},
		{"end of input in the middle of a frame", func(p *program) error {
			_, err := io.WriteString(p.in, "Content-Length: 100\r\n\r\n{\"json")
			return errors.Join(err, p.in.Close())
		}, -1},
		{"end of input", func(p *program) error { return p.in.Close() }, 1},
		{"the client's process is killed", func(p *program) error { return p.parent.Process.Kill() }, 1},
		{"client closes stdout", func(p *program) error { return p.out.Close() }, -1},
		{"exit without shutdown", func(p *program) error { return p.send(`{"jsonrpc":"2.0","method":"exit"}`) }, 1},
		{"shutdown and exit", func(p *program) error {
			return errors.Join(p.send(`{"jsonrpc":"2.0","id":9,"method":"shutdown"}`), p.send(`{"jsonrpc":"2.0","method":"exit"}`))
		}, 0},
	}
	tests = append(tests, tests[0])
	last := &tests[len(tests)-1]
	last.name, last.end = "SIGKILL", func(p *program) error { return p.cmd.Process.Kill() }
	for _, tt := range tests {
		for _, flags := range [][]string{nil, {"--sandbox=none", "--mode=auto"}} {
			t.Run(tt.name+strings.Join(flags, " "), func(t *testing.T) { endsCleanly(t, tt.name, tt.end, tt.want, flags) })
		}
	}
}

func endsCleanly(t *testing.T, name string, end func(*program) error, want int, flags []string) {
	t.Parallel()
	p := startProgram(t, flags...)
	if err := end(p); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t, name != "SIGKILL"); want >= 0 && code != want {
		t.Errorf("exit code %d, want %d", code, want)
	}
	if name == "SIGKILL" {
		for range 200 { // the supervisor kills the commands when its parent dies
			if marked(t, p.marker) == 0 {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("%d processes of the command live on after 2 s", marked(t, p.marker))
		return
	}
	if left := marked(t, p.marker); left != 0 {
		t.Errorf("%d processes of the command live on", left)
	}
	if left, _ := filepath.Glob(filepath.Join(p.tmp, "pygent-*")); len(left) > 0 {
		t.Errorf("workspaces are left: %q", left)
	}
}

// A cancelled step ends a command that ignores SIGTERM, and answers when all its processes
// have ended.
func TestCancelOfStubbornCommand(t *testing.T) {
	for _, flags := range [][]string{nil, {"--sandbox=none", "--mode=auto"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			t.Parallel()
			p := launch(t, t.TempDir(), func(marker string) string {
				return "trap '' TERM INT HUP; setsid sleep " + marker + " & sleep " + marker + " & echo up; while :; do sleep " + marker + "; done"
			}, flags...)
			go p.read()
			p.until(t, `"delta":"up`)
			if err := p.send(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":2}}`); err != nil {
				t.Fatal(err)
			}
			if answer := p.until(t, `"id":2,`); !strings.Contains(answer, `"status":"cancelled"`) {
				t.Error(answer)
			}
			if left := marked(t, p.marker); left != 0 {
				t.Errorf("the step is answered and %d processes live", left)
			}
			_ = p.in.Close()
			p.wait(t, true)
		})
	}
}

// TestShutdownEndsTasksAndTurns checks that shutdown answers after all tasks and turns have
// ended, also those without a waiting request, and that their last events come before the
// answer.
func TestShutdownEndsTasksAndTurns(t *testing.T) {
	t.Parallel()
	p := startProgram(t)
	var lines []string
	for _, msg := range []string{
		`{"jsonrpc":"2.0","id":3,"method":"tasks/start","params":{"prompt":"go"}}`,
		`{"jsonrpc":"2.0","id":4,"method":"agent/step","params":{"prompt":"go","wait":false,"ifBusy":"queue"}}`,
	} {
		if err := p.send(msg); err != nil {
			t.Fatal(err)
		}
	}
	p.waitMarked(t, 6) // the step's command and the task's
	if err := p.send(`{"jsonrpc":"2.0","id":9,"method":"shutdown"}`); err != nil {
		t.Fatal(err)
	}
	for line := range p.lines {
		lines = append(lines, line)
		if strings.Contains(line, `"id":9,`) {
			break
		}
	}
	if left := marked(t, p.marker); left != 0 {
		t.Errorf("shutdown has answered and %d processes live", left)
	}
	all := strings.Join(lines, "\n")
	for _, want := range []string{`"method":"tasks/changed"`, `"state":"cancelled"`, `"kind":"turnFinished"`, `"id":2,"result"`} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s before the answer to shutdown", want)
		}
	}
	if err := p.send(`{"jsonrpc":"2.0","method":"exit"}`); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t, true); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
