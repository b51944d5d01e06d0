package netproxy

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// Resolver finds the addresses of a name; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Dialer connects to the address to.
type Dialer func(ctx context.Context, to netip.AddrPort) (net.Conn, error)

// Options are the options of New. The zero value allows nothing.
type Options struct {
	// Allow lists the hosts that commands may reach:
	//
	//	"example.com:443"        this name and port
	//	"*.example.com:443"      names below example.com at any depth, not itself
	//	"example.com:*"          any port
	//	"10.0.0.5:8080"          this address, whatever its kind; also when a name
	//	"[::1]:8080"             that is allowed for the port resolves to it
	//	"registry.corp:443 private"  the name may resolve to a private address
	//
	// Names are ASCII (xn-- for others); case and a final dot do not matter.
	Allow []string

	Resolver Resolver // nil: the host's
	Dialer   Dialer   // nil: TCP
	Setting  string   // name of the setting for Allow, in refusals; "": network.allow
	Limits   Limits

	// Refused is called with the "host:port" of each refused request, from
	// several goroutines at once. It must not block. It may be nil.
	Refused func(host string)
}

// Limits bound the resources of clients. A zero field means the default.
type Limits struct {
	Conns       int           // clients at a time, 256; more wait to be accepted
	HeaderBytes int           // of a request's head, 32 KiB; a little more is tolerated
	Header      time.Duration // for a request's head to arrive, 10 s
	Dial        time.Duration // for a lookup, and for each address tried, 10 s
	Idle        time.Duration // without a byte either way, 5 min
	Total       time.Duration // of a connection, 1 h
}

func (l Limits) withDefaults() Limits {
	pick := func(d *time.Duration, preset time.Duration) {
		if *d <= 0 {
			*d = preset
		}
	}
	if l.Conns <= 0 {
		l.Conns = 256
	}
	if l.HeaderBytes <= 0 {
		l.HeaderBytes = 32 << 10
	}
	pick(&l.Header, 10*time.Second)
	pick(&l.Dial, 10*time.Second)
	pick(&l.Idle, 5*time.Minute)
	pick(&l.Total, time.Hour)
	return l
}

// Proxy is a filtering HTTP proxy. It is safe for concurrent use and needs no
// Close: its connections end with Serve.
type Proxy struct {
	rules    []rule
	blocks   []block
	own      func() ([]net.Addr, error) // addresses of this machine
	resolver Resolver
	dialer   Dialer
	setting  string
	limits   Limits
	refused  func(host string)
}

// New checks the allow list. For a bad entry it returns a *runtime.InvalidError
// that names it.
func New(opts Options) (*Proxy, error) {
	rules, err := parseRules(opts.Allow)
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		rules: rules, blocks: blocks(), own: net.InterfaceAddrs,
		resolver: opts.Resolver, dialer: opts.Dialer,
		setting: opts.Setting, limits: opts.Limits.withDefaults(), refused: opts.Refused,
	}
	if p.resolver == nil {
		p.resolver = net.DefaultResolver
	}
	if p.dialer == nil {
		p.dialer = dialTCP
	}
	if p.setting == "" {
		p.setting = "network.allow"
	}
	if p.refused == nil {
		p.refused = func(string) {}
	}
	return p, nil
}
