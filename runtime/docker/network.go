package docker

import (
	"fmt"
	"sync"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/netproxy"
)

// settingName is what the user calls the allow list.
const settingName = "network_allow"

// network is an executor's proxy, which serves all of its containers.
type network struct {
	mu   sync.Mutex     // guards what is below
	host *netproxy.Host // nil before the first container, and without an allow list
}

// provide starts the proxy, if there is to be one and it does not run yet, and
// returns the directory to mount; "" is none.
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

// watch begins to collect what is refused to a command.
func (n *network) watch() *netproxy.Watch {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.host.Watch()
}

// close ends the proxy, once no container uses it.
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

// checkNetwork refuses a plan that cannot give the allow list: its socket must be
// mounted, and PID 1 hand it on.
func (p plan) checkNetwork(o Options) error {
	if o.netDir == "" || p == (plan{}) {
		return nil
	}
	return fmt.Errorf("%w: there is no %s in this container: %s; leave the list out, or use local commands in sandbox strong", runtime.ErrUnavailable, settingName, p.reason())
}
