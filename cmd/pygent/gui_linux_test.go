package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// serve opens no port. gui opens one, on 127.0.0.1, and nothing else does.
func TestOnlyGuiListens(t *testing.T) {
	d := newDelegating(t)
	d.status(d.start("", "sum up"), "finished")
	if got := listening(t, d.cmd.Process.Pid); len(got) != 0 {
		t.Errorf("serve listens on %q", got)
	}
	d.end(false)

	gui := exec.Command("pygent", "gui", "--no-open", "--no-docker", "--sandbox=none")
	gui.Env, gui.Dir = d.env(), t.TempDir()
	stderr, err := gui.StderrPipe()
	if err := errors.Join(err, gui.Start()); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "http://") {
		t.Log(lines.Text())
	}
	page, err := url.Parse(lines.Text())
	if got, want := listening(t, gui.Process.Pid), []string{page.Host}; err != nil || !slices.Equal(got, want) || page.Hostname() != "127.0.0.1" {
		t.Errorf("gui listens on %q, want %q (%v)", got, want, err)
	}
	_ = gui.Process.Signal(syscall.SIGINT)
	for lines.Scan() {
		t.Log(lines.Text())
	}
	if err := gui.Wait(); err != nil {
		t.Error(err)
	}
}

// listening returns the TCP addresses that a process listens on: IPv4 addresses in the usual
// form, others as the kernel writes them.
func listening(t *testing.T, pid int) []string {
	t.Helper()
	own := map[string]bool{} // inodes of the process's sockets
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(fds) == 0 {
		t.Fatalf("descriptors of %d: %d, %v", pid, len(fds), err)
	}
	for _, fd := range fds {
		to, _ := os.Readlink(fd) // empty if it was closed meanwhile
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	var found []string
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) > 9 && f[3] == "0A" && own[f[9]] { // TCP_LISTEN
				found = append(found, address(f[1]))
			}
		}
	}
	return found
}

// address reads an address of /proc/net/tcp.
func address(hex string) string {
	var a, b, c, d byte
	var port int
	if _, err := fmt.Sscanf(hex, "%2x%2x%2x%2x:%4x", &d, &c, &b, &a, &port); err != nil || len(hex) != len("0100007F:1F90") {
		return hex
	}
	return fmt.Sprintf("%d.%d.%d.%d:%d", a, b, c, d, port)
}
