package local

import (
	"errors"
	"slices"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/netproxy"
)

// settingName is what the user calls the allow list.
const settingName = "network_allow"

// resolverFile tells programs which name servers to ask. It often is a link to
// what else is not shown.
const resolverFile = "/etc/resolv.conf"

var errMediumNetwork = errors.New("sandbox medium has no network at all: without namespaces a socket that may reach anything may reach every local service; use Docker or a machine with sandbox strong, or leave the network at none")

// connectNetwork puts the network that was asked for into the spec. The proxy is
// started once and serves all supervisors that follow.
func (e *Executor) connectNetwork(s *spec) error {
	want := e.opts.Network
	switch {
	case s.Level == runtime.SandboxNone, want.Name() == runtime.NetworkNone:
		return nil
	case s.Level != runtime.SandboxStrong:
		return errMediumNetwork
	case want.Full:
		s.FullNet = true
		return nil
	}
	proxy := e.backend.proxyHost()
	if proxy == nil {
		var err error
		proxy, err = netproxy.StartHost(netproxy.Options{Allow: want.Allow, Setting: settingName})
		if err != nil {
			return err
		}
		e.backend.mu.Lock()
		e.backend.proxy = proxy
		e.backend.mu.Unlock()
	}
	s.NetDir = proxy.Dir()
	return nil
}

func (b *backend) proxyHost() *netproxy.Host {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.proxy
}

// readPaths are those of the user, and what programs need to use the network.
func (e *Executor) readPaths(level string) []string {
	paths := slices.Clone(e.opts.ReadPaths)
	if e.opts.ReadOnly {
		paths = append(paths, e.opts.WritePaths...)
	}
	if level == runtime.SandboxStrong && e.opts.Network.Full {
		paths = append(paths, resolverFile)
	}
	return paths
}

// loopback makes the loopback interface of an own network work.
func (s *spec) loopback() error {
	if s.FullNet {
		return nil
	}
	return loopbackUp()
}

// scopeSockets keeps commands in the host's network from its abstract sockets,
// which belong to the network and to no file system. Where the kernel cannot,
// socketFamilies does.
func (s *spec) scopeSockets() error {
	if !s.FullNet || landlockABI() < minScopeABI {
		return nil
	}
	return landlock.MustConfig(landlock.ScopedSet(llsys.ScopeAbstractUnixSocket)).RestrictScoped()
}

// minScopeABI is the version of Landlock that knows scopes.
const minScopeABI = 6

// socketFamilies are those that commands may have at level strong.
func (s *spec) socketFamilies() []uint32 {
	families := []uint32{unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}
	if !s.FullNet || landlockABI() >= minScopeABI {
		families = append(families, unix.AF_UNIX)
	}
	return families
}
