package docker

import (
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime/internal/confine"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// TestAttackByProgram runs what needs system calls of its own.
func TestAttackByProgram(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	abstract, err := net.Listen("unix", "@pygent-"+randomID())
	if err != nil {
		runtimetest.Missing(t, err)
	}
	t.Cleanup(func() { _ = errors.Join(tcp.Close(), udp.Close(), abstract.Close()) })
	eachCommandWay(t, func(t *testing.T, w way) {
		ws := workspace(t)
		runtimetest.CopyProgram(t, builtProgram(t, "attack"), filepath.Join(ws.Dir(), "attack"))
		e := executor(t, ws, w.with(Options{}))
		// A kernel with a route accepts UDP without a receiver, so PID 1's own
		// loopback would accept it: the host must not see it.
		script := "./attack " + tcp.Addr().String() + " " + udp.LocalAddr().String() + " " + strings.TrimPrefix(abstract.Addr().String(), "@")
		out, exit := sh(t, e, script)
		if exit.Code != 0 || !strings.Contains(out, "held TCP to the host") {
			t.Errorf("%+v\n%s", exit, out)
		}
		for line := range strings.Lines(out) {
			name, achieved := strings.CutPrefix(strings.TrimSpace(line), runtimetest.Broken+" ")
			if achieved && name != "UDP to the host" && !w.excuses(name) {
				t.Errorf("%s: achieved", name)
			}
		}
		for _, a := range runtimetest.Attacks() {
			if !strings.Contains(out, "\n"+runtimetest.Held+" "+a.Name+": ") && !strings.Contains(out, "\n"+runtimetest.Broken+" "+a.Name+"\n") {
				t.Errorf("%s: not tried", a.Name)
			}
		}
		t.Log(out)
		_ = udp.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if n, _, err := udp.ReadFrom(make([]byte, 8)); err == nil {
			t.Errorf("the host got %d bytes by UDP", n)
		}
	})
}

// excuses reports whether the runtime lacks what an attack needs to fail: without a
// supervisor Info.Reason says so.
func (w way) excuses(name string) bool {
	i := slices.IndexFunc(runtimetest.Attacks(), func(a runtimetest.Attack) bool { return a.Name == name })
	if i < 0 {
		return false
	}
	needs := runtimetest.Attacks()[i].Needs
	return w.opts.NoSupervisor && needs != "" || needs == runtimetest.NeedsLandlock && confine.ABI() < confine.MinABI
}
