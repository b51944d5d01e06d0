//go:build linux

package main

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestServersKilled kills a server with three containers and one with local commands. They
// must end within two seconds. The containers of a living server must stay.
func TestServersKilled(t *testing.T) {
	image := testImage(t)
	killed := []*program{startProgram(t, "--docker", "--image", image), startProgram(t)}
	spared := []*program{startProgram(t, "--docker", "--image", image), startProgram(t)}
	for i := range 2 {
		if err := killed[0].send(`{"jsonrpc":"2.0","id":` + strconv.Itoa(3+i) + `,"method":"tasks/start","params":{"prompt":"go"}}`); err != nil {
			t.Fatal(err)
		}
	}
	killed[0].waitMarked(t, 9)
	if n := containersOf(t, killed[0]); n != 3 {
		t.Fatalf("%d containers", n)
	}
	begin := time.Now()
	for _, p := range killed {
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	for marked(t, killed[0].marker)+marked(t, killed[1].marker)+containersOf(t, killed[0]) > 0 {
		if time.Since(begin) > 2*time.Second {
			t.Fatalf("after %v there are %d and %d processes and %d containers", time.Since(begin),
				marked(t, killed[0].marker), marked(t, killed[1].marker), containersOf(t, killed[0]))
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("all gone after %v", time.Since(begin))
	for _, p := range killed {
		p.wait(t, false)
	}
	for i, p := range spared {
		if n := marked(t, p.marker); n != 3 {
			t.Errorf("a live server has %d processes left", n)
		}
		if n := containersOf(t, p); n != 1-i {
			t.Errorf("a live server has %d containers left", n)
		}
		if err := p.in.Close(); err != nil {
			t.Error(err)
		}
		p.wait(t, true)
		if n := marked(t, p.marker) + containersOf(t, p); n != 0 {
			t.Errorf("%d processes and containers are left after the end", n)
		}
	}
}

// containersOf counts a server's containers, whatever their state.
func containersOf(t *testing.T, p *program) int {
	t.Helper()
	out, err := exec.Command("docker", "ps", "-aq", "--filter", "label=pygent.pid="+strconv.Itoa(p.cmd.Process.Pid)).Output() //nolint:noctx // it ends by itself
	if err != nil {
		t.Fatal(err)
	}
	return len(strings.Fields(string(out)))
}
