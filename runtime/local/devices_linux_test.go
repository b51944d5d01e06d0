package local_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/internal/confine"
)

// TestInsideDevices: devices work, and their modes, owners and times on the
// host do not change. The test sets the modes that they already have, so that a
// failure does not break the host.
func TestInsideDevices(t *testing.T) {
	insideOnly(t)
	before := deviceStates(t)
	rt := newConfined(t, runtime.SandboxStrong)
	cleanup(t, rt)
	run := func(cmd string) runtime.Result {
		return rt.Bash(t.Context(), cmd, runtime.BashOptions{})
	}
	mounts := run("cat /proc/self/mountinfo").Text
	for _, device := range confine.Devices {
		if !strings.Contains(mounts, " "+device+" ro,") {
			t.Errorf("%s is not mounted read-only:\n%s", device, mounts)
		}
		for _, cmd := range []string{"chmod 666 ", "chown $(id -u):$(id -g) ", "touch "} {
			if res := run(cmd + device); res.ExitCode == nil || *res.ExitCode == 0 {
				t.Errorf("worked: %s", res.Text)
			}
		}
	}
	if res := run("chmod 666 /proc/self/fd/0"); *res.ExitCode == 0 { // the standard input of commands
		t.Errorf("worked: %s", res.Text)
	}
	for cmd, want := range map[string]string{
		"echo x >/dev/null && cat /dev/null && echo fine":                             "\nfine\n",
		"head -c 3 /dev/zero | od -An -tx1; echo x >/dev/zero && echo fine":           " 00 00 00\nfine\n",
		"echo x >/dev/full || echo full":                                              "\nfull\n",
		"test $(head -c 8 /dev/random | wc -c) = 8 && echo x >/dev/random; echo $?":   "\n0\n",
		"test $(head -c 8 /dev/urandom | wc -c) = 8 && echo x >/dev/urandom; echo $?": "\n0\n",
	} {
		if res := run(cmd); !strings.HasSuffix(res.Text, want) {
			t.Errorf("%s", res.Text)
		}
	}
	if _, err := exec.LookPath("script"); err != nil {
		t.Log("terminals are not tried: ", err)
	} else if res := run("script -qec 'tty && test -t 0 && echo terminal' /dev/null"); !strings.Contains(res.Text, "/dev/pts/0") || !strings.Contains(res.Text, "terminal\r\n") {
		t.Errorf("a terminal: %s", res.Text)
	}
	if diff := cmp.Diff(before, deviceStates(t)); diff != "" {
		t.Errorf("the host's devices (-before +after):\n%s", diff)
	}
}

// deviceStates are the modes and owners of the devices of the host that commands have.
func deviceStates(t *testing.T) map[string][3]uint32 {
	t.Helper()
	states := map[string][3]uint32{}
	for _, device := range confine.Devices {
		info, err := os.Stat(device)
		if err != nil {
			t.Fatal(err)
		}
		st := info.Sys().(*syscall.Stat_t)
		states[device] = [3]uint32{st.Mode, st.Uid, st.Gid}
	}
	return states
}
