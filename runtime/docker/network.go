package docker

import (
	"fmt"
	"sync"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/netproxy"
)

// settingName is the name of the allow list in the user's settings.
const settingName = "network_allow"

// network is an executor's proxy, which serves all of its containers.
type network struct {
	mu   sync.Mutex     // guards the fields below
	host *netproxy.Host // nil before the first container, and without an allow list
}

// provide starts the proxy, if one is wanted and does not run yet, and returns
// the directory to mount, "" for none.
func (n *network) provide(want runtime.Network) (dir string, err error) {
	if want.Name() != runtime.NetworkAllow {
		return "", nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.host == nil {
		n.host, err = netproxy.StartHost(netproxy.Options{Allow: want.Allow, Setting: settingName})
		if err != nil {
			return "", fmt.Errorf("%w: prepare the network of commands: %w", runtime.ErrUnavailable, err)
		}
	}
	return n.host.Dir(), nil
}

// watch begins to collect the requests of a command that the proxy refuses.
func (n *network) watch() *netproxy.Watch {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.host.Watch()
}

// close ends the proxy. No container uses it any more.
func (n *network) close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.host == nil {
		return nil
	}
	host := n.host
	n.host = nil
	return host.Close()
}

// checkNetwork refuses a plan that cannot provide the allow list: the proxy's
// socket must be mounted, and PID 1 must forward connections to it.
func (p plan) checkNetwork(o Options) error {
	if o.netDir == "" || p == (plan{}) {
		return nil
	}
	return fmt.Errorf("%w: there is no %s in this container: %s; leave the list out, or use local commands in sandbox strong", runtime.ErrUnavailable, settingName, p.reason())
}
