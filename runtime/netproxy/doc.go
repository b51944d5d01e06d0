// Package netproxy is the network of a sandbox that has no other one: an HTTP
// proxy through which commands reach only the hosts that the user listed.
//
// # What decides
//
// One function decides, for CONNECT and for plain HTTP. The requested name and
// port must be in the allow list. Then the proxy resolves the name, judges each
// address, and dials a judged address: there is no second lookup that could
// return another one (DNS rebinding). Loopback, link-local, metadata,
// multicast, unspecified and reserved addresses, those of this machine, and
// IPv6 forms that carry an IPv4 address are refused even for an allowed name,
// unless the list has the address itself. Private ones are refused too, unless
// the name's entry says "private".
//
// The proxy cannot see inside a tunnel. A command can send anything to an
// allowed host, and can request another name within TLS from a host that serves
// many names (a CDN). The list limits hosts, not contents.
//
// # How a sandbox uses it
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
// namespace. Inside, before the first command, the supervisor runs Forward on
// its own loopback and gives commands Env (supervisor.Options.Proxy).
//
// The socket must be owned by, or writable for, the user that the supervisor
// runs as. Commands that ignore the variables of Env reach nothing, as without
// a proxy. The hosts that Refused gets belong into the result of the running
// command, because most clients do not show the text of a refused CONNECT.
// Where the sandbox filters sockets by family (level medium), AF_INET for the
// forwarder's loopback and AF_UNIX for its one socket are needed, so there is
// no allow list at that level.
//
// The package must not know sandboxes, tools, the protocol or the configuration's
// file.
package netproxy
