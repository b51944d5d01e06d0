//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is a running server whose agent runs a command.
type program struct {
	cmd    *exec.Cmd
	parent *exec.Cmd // the client's process for the server
	in     io.WriteCloser
	out    io.ReadCloser
	lines  chan string // messages of the server
	tmp    string
	marker string // part of the command line of each process of the command
}

// startProgram starts a program whose command runs `sleep` in several ways, and returns when
// all run.
func startProgram(t *testing.T, flags ...string) *program {
	t.Helper()
	return startProgramIn(t, t.TempDir(), flags...)
}

// startProgramIn is startProgram with the state and the temporary files in dir.
func startProgramIn(t *testing.T, dir string, flags ...string) *program {
	t.Helper()
	p := launch(t, dir, func(marker string) string {
		return "echo up; setsid sleep " + marker + " & sleep " + marker + " & sleep " + marker
	}, flags...)
	go p.read()
	p.until(t, `"delta":"up`)
	p.waitMarked(t, 3)
	return p
}

// waitMarked waits until n processes of the program's commands run.
func (p *program) waitMarked(t *testing.T, n int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); marked(t, p.marker) < n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the commands' processes did not start")
		}
	}
}

// launch starts the server, with its state and temporary files in dir, and a turn. It reads
// nothing yet.
func launch(t *testing.T, dir string, command func(marker string) string, flags ...string) *program {
	t.Helper()
	p := &program{tmp: dir, marker: strconv.Itoa(100_000 + time.Now().Nanosecond()%100_000_000)}
	arguments, err := json.Marshal(map[string]any{"cmd": command(p.marker), "timeout": 600})
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`{"messages":[{"role":"user"}],"reply":{"message":{"toolCalls":[{"name":"bash","arguments":%s}]}}}`, arguments)
	replay := filepath.Join(dir, "replay.jsonl")
	if err := os.WriteFile(replay, []byte(script+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.parent = exec.Command("sleep", "3600")
	if err := p.parent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.parent.Process.Kill()
		_ = p.parent.Wait()
	})
	if !slices.Contains(flags, "--docker") {
		flags = append(flags, "--no-docker")
	}
	p.cmd = exec.Command("pygent", append([]string{"serve", "--replay", replay}, flags...)...)
	p.cmd.Env = append(os.Environ(), "TMPDIR="+dir, "XDG_STATE_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	for _, msg := range []string{
		fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":%d}}`, p.parent.Process.Pid),
		`{"jsonrpc":"2.0","id":2,"method":"agent/step","params":{"prompt":"go"}}`,
	} {
		if err := p.send(msg); err != nil {
			t.Fatal(err)
		}
	}
	p.lines = make(chan string, 10_000) // large enough that the reader does not block
	return p
}

// until reads up to the first message that contains text.
func (p *program) until(t *testing.T, text string) string {
	t.Helper()
	for line := range p.lines {
		if strings.Contains(line, text) {
			return line
		}
	}
	t.Fatalf("the server ended before it said %s", text)
	return ""
}

// read splits the output into messages; it ends with the pipe.
func (p *program) read() {
	defer close(p.lines)
	r := bufio.NewReader(p.out)
	for {
		var n int
		head, err := r.ReadString('\n')
		if _, scanErr := fmt.Sscanf(head, "Content-Length: %d", &n); err != nil || scanErr != nil {
			return
		}
		body := make([]byte, 2+n)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		p.lines <- string(body[2:])
	}
}

func (p *program) send(msg string) error {
	_, err := io.WriteString(p.in, "Content-Length: "+strconv.Itoa(len(msg))+"\r\n\r\n"+msg)
	return err
}

// wait waits for the end of the server, for its documented time and some more on a slow
// machine.
func (p *program) wait(t *testing.T, inOrder bool) int {
	t.Helper()
	state := make(chan *os.ProcessState, 1)
	go func() {
		s, _ := p.cmd.Process.Wait()
		state <- s
	}()
	select {
	case s := <-state:
		if s == nil {
			t.Fatal("no exit state")
		}
		if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() && inOrder {
			t.Errorf("the server died by %s", ws.Signal())
		}
		return s.ExitCode()
	case <-time.After(15 * time.Second):
		t.Fatal("the server did not end")
		return 0
	}
}

// marked counts the processes whose command line holds marker.
func marked(t *testing.T, marker string) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if text, err := os.ReadFile(f); err == nil && strings.HasPrefix(string(text), "sleep\x00"+marker) {
			n++
		}
	}
	return n
}
