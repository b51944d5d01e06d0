//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/agent/event"
)

// flood is a command that prints far more than all buffers hold.
func flood(marker string) string {
	return "sleep " + marker + " & yes flood | head -c 40000000; echo down"
}

// The client does not read for some seconds while a command floods it. The
// server's memory stays bounded meanwhile, and when the client reads again it gets
// every event but merged deltas, and the answer.
func TestReaderPausesForReal(t *testing.T) {
	t.Parallel()
	p := launch(t, t.TempDir(), flood, "--sandbox=none", "--mode=auto")
	time.Sleep(time.Second) // the server is up and its pipe full
	before := residentKiB(t, p.cmd.Process.Pid)
	time.Sleep(4 * time.Second)
	if grown := residentKiB(t, p.cmd.Process.Pid) - before; grown > 64<<10 {
		t.Errorf("the server has grown by %d KiB while nobody read", grown)
	}
	go p.read()
	var kinds []string
	for line := range p.lines {
		var m struct {
			ID     int
			Params event.Event
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if m.ID == 2 {
			break
		}
		if m.Params.Seq == 0 {
			continue // a delta, or the answer to initialize
		}
		if kinds = append(kinds, string(m.Params.Kind)); int(m.Params.Seq) != len(kinds) {
			t.Fatalf("event %d where %d was due", m.Params.Seq, len(kinds))
		}
		if m.Params.Kind == event.KindToolFinished && !strings.HasSuffix(m.Params.Text, "down\n") {
			t.Errorf("the command's text ends with %q", m.Params.Text[max(0, len(m.Params.Text)-100):])
		}
	}
	if all := fmt.Sprint(kinds); !strings.Contains(all, "toolStarted toolFinished") || !strings.HasSuffix(all, "turnFinished]") {
		t.Errorf("events %v", kinds)
	}
	_ = p.in.Close()
	p.wait(t, true)
}

// After the stall timeout of a client that does not read, the server exits, and no process
// of its commands is left.
func TestStallTimeoutForReal(t *testing.T) {
	t.Parallel()
	p := launch(t, t.TempDir(), func(marker string) string { return "sleep " + marker + " & yes flood" }, "--stall-timeout=2s")
	if code := p.wait(t, true); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if left := marked(t, p.marker); left != 0 {
		t.Errorf("%d processes of the command live on", left)
	}
}

// residentKiB is the memory that a process has now.
func residentKiB(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	n, err := strconv.Atoi(string(bytes.Fields(rest)[0]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
