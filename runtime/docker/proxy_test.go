package docker

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime/runtimetest"
)

// proxied connects through a test server to the real daemon. answer gets every
// request, and reports whether it has answered it itself; forward passes the
// request on. When shut returns, the server and its requests have ended.
func proxied(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool) (c *Client, shut func()) {
	t.Helper()
	socket, ok := strings.CutPrefix(connect(t).api.DaemonHost(), "unix://")
	if !ok {
		runtimetest.Missing(t, "needs a daemon on a Unix socket")
	}
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "docker"})
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	forward.Transport = transport
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answer(w, r, forward) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Setenv("DOCKER_HOST", "tcp://"+server.Listener.Addr().String())
	c, err := Connect()
	if err != nil {
		t.Fatal(err)
	}
	shut = func() {
		_ = c.Close()
		server.Close()
		transport.CloseIdleConnections()
	}
	t.Cleanup(shut)
	return c, shut
}
