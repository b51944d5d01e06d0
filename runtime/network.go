package runtime

// What commands reach, as Info.Network names it.
const (
	NetworkNone  = "none"
	NetworkAllow = "allow"
	NetworkFull  = "full"
)

// Network is what commands may reach. The zero value is nothing at all.
type Network struct {
	Full bool // as the machine does; only ever by the user's explicit word
	// Allow lists the hosts to reach through a filtering proxy, as
	// netproxy.Options.Allow has them. Full makes it void.
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
