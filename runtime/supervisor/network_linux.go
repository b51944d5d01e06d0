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

// forward makes the proxy behind the socket reachable for commands, until stop
// is called, which waits for all that it started.
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

// withDefaults adds the variables that env does not set.
func withDefaults(env, defaults []string) []string {
	for _, kv := range defaults {
		name, _, _ := strings.Cut(kv, "=")
		if !slices.ContainsFunc(env, func(own string) bool { return strings.HasPrefix(own, name+"=") }) {
			env = append(env, kv)
		}
	}
	return env
}
