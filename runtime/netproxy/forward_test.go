package netproxy

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime/runtimetest"
)

// TestThroughTheSocket tests the whole chain: client, forwarder, unix socket,
// proxy, host.
func TestThroughTheSocket(t *testing.T) {
	site, _ := web(t)
	host := echo(t)
	addr := forwarded(t, Options{Allow: []string{site, host}})
	res, err := client(t, addr).Get("http://" + site + "/x")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "answer to GET "+site+" /x" {
		t.Errorf("%q, %v", body, err)
	}
	if err := talk(addr, host, strings.Repeat("hello ", 10_000)); err != nil {
		t.Error(err)
	}
	if answer := raw(t, addr, "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 403 ") {
		t.Error(answer)
	}
}

// forwarded is the loopback address of a forwarder to a proxy behind a socket.
func forwarded(t testing.TB, opts Options) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "np") // t.TempDir is too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	before := goruntime.NumGoroutine()
	unix := listen(t, "unix", socket)
	run(t, func(ctx context.Context) error { return proxy(t, opts).Serve(ctx, unix) }, before)
	inner := goruntime.NumGoroutine()
	l := listen(t, "tcp", "127.0.0.1:0")
	run(t, func(ctx context.Context) error { return Forward(ctx, l, socket) }, inner)
	return l.Addr().String()
}

func TestForwardWithoutAProxyHangsUp(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	run(t, func(ctx context.Context) error { return Forward(ctx, l, filepath.Join(t.TempDir(), "none")) }, goruntime.NumGoroutine())
	for range 3 {
		if answer, err := io.ReadAll(dialTo(t, l.Addr().String())); err != nil || len(answer) > 0 {
			t.Errorf("%q, %v", answer, err)
		}
	}
}

func TestForwardEndsWhatIsOpen(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	unix, err := net.Listen("unix", socket)
	if err != nil {
		runtimetest.Missing(t, err) // the path can be too long
	}
	defer func() { _ = unix.Close() }()
	l := listen(t, "tcp", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Forward(ctx, l, socket) }()
	c := dialTo(t, l.Addr().String())
	up, err := unix.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = up.Close() }()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, end := range []net.Conn{c, up} {
		if n, err := end.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Error("still open")
		}
	}
}

func TestEnv(t *testing.T) {
	env := map[string]string{}
	for _, e := range Env(3128) {
		name, value, _ := strings.Cut(e, "=")
		env[name] = value
	}
	const proxy, direct = "http://127.0.0.1:3128", "localhost,127.0.0.1,::1"
	want := map[string]string{
		"HTTP_PROXY": proxy, "http_proxy": proxy, "HTTPS_PROXY": proxy, "https_proxy": proxy,
		"ALL_PROXY": proxy, "all_proxy": proxy, "NO_PROXY": direct, "no_proxy": direct,
	}
	if diff := cmp.Diff(want, env); diff != "" {
		t.Error(diff)
	}
}
