package netproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/runtimetest"
)

// The child of TestFromAnEmptyNetwork finds the socket and the hosts here.
const (
	envSocket  = "NETPROXY_TEST_SOCKET"
	envAllowed = "NETPROXY_TEST_ALLOWED"
	envOther   = "NETPROXY_TEST_OTHER"
)

// TestFromAnEmptyNetwork runs the forwarder where a sandbox has it: in a network
// namespace with nothing but its own loopback.
func TestFromAnEmptyNetwork(t *testing.T) {
	allowed, asked := web(t)
	other, reached := web(t)
	dir, err := os.MkdirTemp("", "np")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	ctx, cancel := context.WithCancel(t.Context())
	l := listen(t, "unix", socket)
	served := make(chan error, 1)
	go func() { served <- proxy(t, Options{Allow: []string{allowed}}).Serve(ctx, l) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()

	cmd := exec.Command(os.Args[0], "-test.run=^TestInside$", "-test.v")
	cmd.Env = append(os.Environ(), envSocket+"="+socket, envAllowed+"="+allowed, envOther+"="+other)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		runtimetest.Missing(t, "no user namespaces here: ", err)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: TestInside") {
		t.Errorf("%v\n%s", err, out)
	}
	if len(asked.all()) != 1 || len(reached.all()) != 0 {
		t.Errorf("the allowed host got %q, the other %q", asked.all(), reached.all())
	}
}

// TestInside is the part in the namespace.
func TestInside(t *testing.T) {
	socket, allowed, other := os.Getenv(envSocket), os.Getenv(envAllowed), os.Getenv(envOther)
	if socket == "" {
		t.Skip("runs in the namespace of TestFromAnEmptyNetwork only")
	}
	if err := loopbackUp(); err != nil {
		t.Fatal(err)
	}
	// The namespace has port numbers of its own, so the kernel may choose one of the hosts'.
	l := listen(t, "tcp", "127.0.0.1:0")
	for l.Addr().String() == allowed || l.Addr().String() == other {
		l = listen(t, "tcp", "127.0.0.1:0")
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Forward(ctx, l, socket) }()
	for _, e := range Env(l.Addr().(*net.TCPAddr).Port) {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	// Go's own clients never ask a proxy for loopback hosts, so name it.
	through, err := url.Parse(os.Getenv("HTTP_PROXY"))
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{allowed: "200 answer to GET", other: "403 pygent: " + other + " is not allowed"} {
		if got, err := get(&http.Transport{Proxy: http.ProxyURL(through)}, host); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, %v", host, got, err)
		}
		if got, err := get(&http.Transport{}, host); err == nil {
			t.Errorf("%s was reached without the proxy: %s", host, got)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func get(tr *http.Transport, host string) (string, error) {
	defer tr.CloseIdleConnections()
	res, err := (&http.Client{Transport: tr, Timeout: 10 * time.Second}).Get("http://" + host + "/")
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return fmt.Sprint(res.StatusCode, " ", string(body)), err
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	lo, err := unix.NewIfreq("lo")
	if err == nil {
		lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		err = unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
	}
	return errors.Join(err, unix.Close(fd))
}
