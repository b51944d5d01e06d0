package supervisor

import (
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/pygent/pygent/runtime/netproxy"
)

// forward makes the proxy at the socket reachable for commands, until stop is
// called, which waits for the goroutines of forward.
func (s *server) forward(socket string) (stop func(), err error) {
	if _, err := os.Stat(socket); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.env = netproxy.Env(l.Addr().(*net.TCPAddr).Port)
	ctx, cancel := context.WithCancel(context.Background())
	var forwarder sync.WaitGroup
	forwarder.Go(func() { _ = netproxy.Forward(ctx, l, socket) })
	return func() {
		cancel()
		forwarder.Wait()
	}, nil
}

// overlay replaces variables by those of the same name in over.
func overlay(env, over []string) []string {
	named := func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.ContainsFunc(over, func(o string) bool { return strings.HasPrefix(o, name+"=") })
	}
	return append(slices.DeleteFunc(env, named), over...)
}
