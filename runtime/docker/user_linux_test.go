package docker

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/pygent/pygent/runtime/runtimetest"
)

// TestAsOrdinaryUser runs the tests of faults and attacks again, as a user who
// can only use the daemon.
func TestAsOrdinaryUser(t *testing.T) {
	if runtimetest.Inside() {
		t.Skip("it is one already")
	}
	t.Parallel()
	client := connect(t)
	socket, ok := strings.CutPrefix(client.api.DaemonHost(), "unix://")
	if !ok {
		runtimetest.Missing(t, "needs a daemon on a Unix socket")
	}
	info, err := os.Stat(socket)
	if err != nil {
		t.Fatal(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode().Perm()&0o060 != 0o060 {
		runtimetest.Missing(t, "the daemon's socket is not its group's: ", info.Mode())
	}
	tests := []string{
		"Faults", "Conformance", "AttackByShell", "AttackOnGit", "AttackByProgram", "AttackBySignals", "AttackOnPID1", "Policy", "FilesBelongToTheUser",
		"HostSockets", "OutOfMemory", "AtTheLimitOfProcesses", "ContainerTouchedByHand", "ImageMissing", "DaemonDown", "OwnerKilled",
	}
	for name, run := range map[string]string{
		"mount": "^Test(" + strings.Join(tests, "|") + ")$/^mount$",
		"copy":  "^TestFaults$/^copy$",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			again(t, client, runtimetest.As{UID: runtimetest.OrdinaryUser, Groups: []uint32{stat.Gid}, Run: run})
		})
	}
}

// again is runtimetest.Again with what tests of containers need.
func again(t *testing.T, client *Client, as runtimetest.As) {
	t.Helper()
	as.Key = secret
	as.Env = []string{
		programsVariable + "=" + builtProgram(t, ""), "PYGENT_TEST_IMAGE=" + os.Getenv("PYGENT_TEST_IMAGE"),
		"DOCKER_HOST=" + client.api.DaemonHost(),
	}
	runtimetest.Again(t, as)
}
