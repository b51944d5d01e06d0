package docker

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// site is a web server on this machine.
func site(t *testing.T, address string) (host string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte("hello from the site"))
	}))
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return l.Addr().String(), asked
}

// get asks for a site's page through the proxy of the environment, and direct
// without one. busybox's wget in the image of tests cannot look services up. A
// client that stops talking has cancelled its request, hence the sleep.
func get(host string) string { return ask("${HTTP_PROXY#http://}", "http://"+host+"/", host) }

func direct(host string) string { return ask(host, "/", host) }

func ask(via, target, host string) string {
	return `via="` + via + `"; { printf 'GET ` + target + ` HTTP/1.0\r\nHost: ` + host + `\r\n\r\n'; sleep 1; } | nc -w 5 "${via%:*}" "${via##*:}"`
}

func TestNetworkAllow(t *testing.T) {
	allowed, asked := site(t, "127.0.0.1:0")
	other, reached := site(t, "127.0.0.1:0")
	e := executor(t, workspace(t), Options{Network: runtime.Network{Allow: []string{allowed}}})
	if out, exit := sh(t, e, get(allowed)); exit.Code != 0 || !strings.HasSuffix(out, "hello from the site") {
		t.Errorf("%+v: %s", exit, out)
	}
	want := "[network: " + other + " refused; allow it with network_allow]\n"
	if out, exit := sh(t, e, get(other)); exit.Code != 0 || !strings.Contains(out, " 403 ") || !strings.Contains(out, want) {
		t.Errorf("%+v: %s", exit, out)
	}
	if out, exit := sh(t, e, direct(allowed)); exit.Code == 0 {
		t.Errorf("reached without the proxy: %s", out)
	}
	if asked.Load() != 1 || reached.Load() != 0 {
		t.Errorf("the allowed site was asked %d times, the other one %d times", asked.Load(), reached.Load())
	}
	if got := e.Info().Network; got != runtime.NetworkAllow {
		t.Errorf("network %q", got)
	}
}

// TestNetworkAllowAsAnotherUser: the socket admits the user that commands run
// as.
func TestNetworkAllowAsAnotherUser(t *testing.T) {
	allowed, _ := site(t, "127.0.0.1:0")
	e := executor(t, workspace(t), Options{User: "4321:4321", Network: runtime.Network{Allow: []string{allowed}}})
	if out, exit := sh(t, e, get(allowed)); exit.Code != 0 || !strings.HasSuffix(out, "hello from the site") {
		t.Errorf("%+v: %s", exit, out)
	}
}

func TestNetworkNoneAndFull(t *testing.T) {
	client := connect(t)
	gateway := bridgeAddress(t)
	host, asked := site(t, net.JoinHostPort(gateway, "0"))
	for _, full := range []bool{false, true} {
		e := executor(t, workspace(t), Options{Client: client, Network: runtime.Network{Full: full}})
		out, exit := sh(t, e, direct(host))
		if got := exit.Code == 0 && strings.HasSuffix(out, "hello from the site"); got != full {
			t.Errorf("full %v: %+v: %s", full, exit, out)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// bridgeAddress is this machine's address in the daemon's network.
func bridgeAddress(t *testing.T) string {
	t.Helper()
	bridge, err := net.InterfaceByName("docker0")
	if err != nil {
		runtimetest.Missing(t, "no docker0 here: ", err)
	}
	addrs, err := bridge.Addrs()
	if err != nil || len(addrs) == 0 {
		runtimetest.Missing(t, "docker0 has no address: ", err)
	}
	return addrs[0].(*net.IPNet).IP.String()
}

// TestNetworkAllowIsRefused where the container cannot have the proxy.
func TestNetworkAllowIsRefused(t *testing.T) {
	client := connect(t)
	for _, w := range ways()[1:] {
		e := executor(t, workspace(t), w.with(Options{Client: client, Network: runtime.Network{Allow: []string{"example.com:443"}}}))
		_, err := e.Exec(t.Context(), runtime.Command{Script: "true"}, &bytes.Buffer{})
		if !errors.Is(err, runtime.ErrUnavailable) || !strings.Contains(err.Error(), "there is no network_allow in this container: ") {
			t.Errorf("%s: %v", w.name, err)
		}
	}
	e := executor(t, workspace(t), Options{Client: client, Network: runtime.Network{Allow: []string{"nonsense"}}})
	if _, err := e.Exec(t.Context(), runtime.Command{Script: "true"}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), `"nonsense" is no HOST:PORT`) {
		t.Errorf("%v", err)
	}
}
