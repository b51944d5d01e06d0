package runtime

// The values of Info.Network: what commands reach.
const (
	NetworkNone  = "none"
	NetworkAllow = "allow"
	NetworkFull  = "full"
)

// Network is what commands may reach. The zero value allows nothing.
type Network struct {
	Full bool // everything that the machine reaches; only when the user sets it explicitly
	// Allow lists the hosts to reach through a filtering proxy, in the form of
	// netproxy.Options.Allow. It is ignored if Full is set.
	Allow []string
}

// Name is one of NetworkNone, NetworkAllow and NetworkFull.
func (n Network) Name() string {
	switch {
	case n.Full:
		return NetworkFull
	case len(n.Allow) > 0:
		return NetworkAllow
	}
	return NetworkNone
}
