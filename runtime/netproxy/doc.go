// Package netproxy is the network of a sandbox that has none: an HTTP proxy which
// lets commands reach the hosts that the user named and nothing else.
//
// # What decides
//
// One function decides, for CONNECT and for plain HTTP alike. The name and port
// that the client asks for must be in the allow list. A name is then resolved
// here, each address that comes back is judged, and exactly an address that was
// judged is dialled: there is no second lookup that could answer otherwise (DNS
// rebinding). Loopback, link-local, metadata, multicast, unspecified and reserved
// addresses, those of this machine, and IPv6 forms that carry an IPv4 address are
// refused even for an allowed name, unless the address itself stands in the list.
// So are private ones, unless the name's entry says "private".
//
// What it cannot see: what goes through a tunnel. Who may reach a host can send it
// anything, and a host that serves many names (a CDN) can be asked for another one
// within TLS. It is a list of whom to talk to, not of what to say.
//
// # How a sandbox is wired to it
//
// On the host, for each workspace with an allow list:
//
//	h, err := netproxy.StartHost(netproxy.Options{Allow: allow}) // until h.Close
//	w := h.Watch()
//	// run a command
//	w.Report(out) // names the hosts that were refused meanwhile
//
// h.Dir(), with the socket in it, is bind-mounted at InsideDir into the sandbox
// (read-only is enough to connect). The sandbox keeps its empty network
// namespace. In there the supervisor, before it starts the first command, runs
// Forward on its own loopback and gives commands Env (supervisor.Options.Proxy).
//
// The socket must be owned by, or writable for, the user that the supervisor runs
// as. Commands which ignore the variables of Env reach nothing, as without a
// proxy. What Refused is told belongs into the result of the command that runs:
// most clients do not show the text of a refused CONNECT. Where the sandbox filters
// sockets by family (level medium), AF_INET for the forwarder's loopback and
// AF_UNIX for its one socket are needed, so there is no allow list at that level.
//
// The package must not know sandboxes, tools, the protocol or the configuration's
// file.
package netproxy
