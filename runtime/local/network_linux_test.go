package local_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// site is a web server on this machine.
func site(t *testing.T) (host string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte("hello from the site"))
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), asked
}

func newNetworked(t *testing.T, level string, network runtime.Network) *runtime.Runtime {
	t.Helper()
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	runtimetest.CopyProgram(t, "/proc/self/exe", ws.Dir()+"/attacker")
	rt := runtime.New(ws, local.New(ws, local.Options{Level: level, StateDir: t.TempDir(), Network: network}), runtime.Options{})
	cleanup(t, rt)
	return rt
}

func attackWith(t *testing.T, rt *runtime.Runtime, args string) string {
	t.Helper()
	return rt.Bash(t.Context(), "./attacker "+attackArg+" "+args, runtime.BashOptions{}).Text
}

func TestInsideNetworkAllow(t *testing.T) {
	insideOnly(t)
	allowed, asked := site(t)
	other, reached := site(t)
	rt := newNetworked(t, runtime.SandboxStrong, runtime.Network{Allow: []string{allowed}})
	if text := attackWith(t, rt, "fetch "+allowed); !strings.Contains(text, "fetched 200 hello from the site") || strings.Contains(text, "[network") {
		t.Errorf("%s", text)
	}
	want := "\n[network: " + other + " refused; allow it with network_allow]\n"
	if text := attackWith(t, rt, "fetch "+other); !strings.Contains(text, want) || strings.Contains(text, broken) {
		t.Errorf("%s", text)
	}
	for _, try := range []string{"dial tcp " + allowed, "dial tcp " + other, "write /.pygent/net/file"} {
		if text := attackWith(t, rt, try); !strings.Contains(text, "held: ") || strings.Contains(text, broken) {
			t.Errorf("%s", text)
		}
	}
	if asked.Load() != 1 || reached.Load() != 0 {
		t.Errorf("the allowed site was asked %d times, the other one %d times", asked.Load(), reached.Load())
	}
	if got := rt.Info().Network; got != runtime.NetworkAllow {
		t.Errorf("network %q", got)
	}
	if err := rt.Cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(os.TempDir() + "/pygent-net-*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestInsideNetworkNone(t *testing.T) {
	insideOnly(t)
	host, asked := site(t)
	rt := newNetworked(t, runtime.SandboxStrong, runtime.Network{})
	for _, try := range []string{"fetch " + host, "dial tcp " + host} {
		if text := attackWith(t, rt, try); !strings.Contains(text, "held: ") || strings.Contains(text, broken) {
			t.Errorf("%s", text)
		}
	}
	if got := rt.Info().Network; got != runtime.NetworkNone || asked.Load() != 0 {
		t.Errorf("network %q, asked %d times", got, asked.Load())
	}
}

func TestInsideNetworkFull(t *testing.T) {
	insideOnly(t)
	g := newTarget(t)
	rt := newNetworked(t, runtime.SandboxStrong, runtime.Network{Full: true})
	if text := attackWith(t, rt, "dial tcp "+g.tcp.Addr().String()); !strings.Contains(text, broken) {
		t.Errorf("%s", text)
	}
	if text := attackWith(t, rt, "dial unix @"+strings.TrimPrefix(g.abstr.Addr().String(), "@")); strings.Contains(text, broken) {
		t.Errorf("an abstract socket of the host was reached: %s", text)
	}
	if _, err := os.Stat("/etc/resolv.conf"); err == nil {
		if res := rt.Bash(t.Context(), "cat /etc/resolv.conf", runtime.BashOptions{}); res.ExitCode == nil || *res.ExitCode != 0 {
			t.Errorf("%s", res.Text)
		}
	}
	if got := rt.Info().Network; got != runtime.NetworkFull {
		t.Errorf("network %q", got)
	}
}

// TestNetworkIsRefused where a level cannot give it, and where the list is wrong.
func TestNetworkIsRefused(t *testing.T) {
	for _, tt := range []struct {
		level, want string
		network     runtime.Network
	}{
		{runtime.SandboxMedium, "sandbox medium has no network at all", runtime.Network{Allow: []string{"example.com:443"}}},
		{runtime.SandboxMedium, "sandbox medium has no network at all", runtime.Network{Full: true}},
		{runtime.SandboxStrong, `"example.com" is no HOST:PORT`, runtime.Network{Allow: []string{"example.com"}}},
	} {
		rt := newNetworked(t, tt.level, tt.network)
		if text := rt.Bash(t.Context(), "echo it r''an", runtime.BashOptions{}).Text; !strings.Contains(text, tt.want) || strings.Contains(text, "it ran") {
			t.Errorf("%s", text)
		}
	}
}
