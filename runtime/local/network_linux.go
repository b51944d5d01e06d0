package local

import (
	"errors"
	"slices"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/internal/confine"
	"github.com/pygent/pygent/runtime/internal/seccomp"
	"github.com/pygent/pygent/runtime/netproxy"
)

// settingName is the name of the allow list in the user's settings.
const settingName = "network_allow"

// resolverFile lists the name servers. It often is a link to a file that
// commands otherwise do not see.
const resolverFile = "/etc/resolv.conf"

var errMediumNetwork = errors.New("sandbox medium has no network at all: without namespaces any socket can reach every local service; use Docker or a machine with sandbox strong, or leave the network at none")

// connectNetwork puts the requested network into the spec. It starts the proxy
// once, which serves all later supervisors too.
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

// readPaths returns the user's ReadPaths, and the files that programs need to
// use the network.
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

// loopback starts the loopback interface of a network namespace.
func (s *spec) loopback() error {
	if s.FullNet {
		return nil
	}
	return loopbackUp()
}

// scopeSockets denies commands in the host's network its abstract sockets,
// which belong to the network and to no file system. Where the kernel cannot do
// that, socketFamilies does.
func (s *spec) scopeSockets() error {
	if !s.FullNet || confine.ABI() < minScopeABI {
		return nil
	}
	return landlock.MustConfig(landlock.ScopedSet(llsys.ScopeAbstractUnixSocket)).RestrictScoped()
}

// minScopeABI is the version of Landlock that has scopes.
const minScopeABI = 6

// socketFamilies returns the socket families that commands may use at level
// strong.
func (s *spec) socketFamilies() []uint32 {
	families := seccomp.Families()
	if s.FullNet && confine.ABI() < minScopeABI {
		families = slices.DeleteFunc(families, func(f uint32) bool { return f == unix.AF_UNIX })
	}
	return families
}
