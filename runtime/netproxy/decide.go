package netproxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// refusal says that the rules do not allow a target.
type refusal struct {
	host string // "name:port"
	text string // for people: names the host and what to change
}

func (r *refusal) Error() string { return r.text }

// maxTried bounds how many addresses of a name are dialled, one after the
// other.
const maxTried = 4

// dial decides on a target and connects to it. No other function connects.
//
// Errors: a *refusal, or the error of the resolver or the network.
func (p *Proxy) dial(ctx context.Context, t target) (net.Conn, error) {
	addrs, err := p.decide(ctx, t)
	if err != nil {
		var no *refusal
		if errors.As(err, &no) {
			p.refused(no.host)
		}
		return nil, err
	}
	var last error
	for _, addr := range addrs[:min(len(addrs), maxTried)] {
		conn, err := p.dialOne(ctx, netip.AddrPortFrom(addr, t.port))
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, fmt.Errorf("connect to %s: %w", t, last)
}

func (p *Proxy) dialOne(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, p.limits.Dial)
	defer cancel()
	return p.dialer(ctx, to)
}

// decide returns the addresses that may be dialled for a target, at least one.
func (p *Proxy) decide(ctx context.Context, t target) ([]netip.Addr, error) {
	ok, private := allowed(p.rules, t)
	switch {
	case !ok:
		return nil, p.refuse(t, fmt.Sprintf("%s is not allowed; add %q to %s to allow it", t, t, p.setting))
	case t.addr.IsValid():
		return []netip.Addr{t.addr}, nil // the list names the address itself, of any kind
	}
	found, err := p.resolve(ctx, t.name)
	if err != nil {
		return nil, err
	}
	var why error
	fit := found[:0]
	for _, addr := range found {
		if err := p.judge(t, addr, private); err != nil {
			why = err
		} else {
			fit = append(fit, addr)
		}
	}
	if len(fit) == 0 {
		return nil, why
	}
	return fit, nil
}

// judge refuses an address of an allowed name if its kind is not allowed.
func (p *Proxy) judge(t target, addr netip.Addr, private bool) error {
	if named, _ := allowed(p.rules, target{addr: addr, port: t.port}); named {
		return nil
	}
	kind := p.kindOf(addr)
	if kind == kindPublic || kind == kindPrivate && private {
		return nil
	}
	cure := netip.AddrPortFrom(addr, t.port).String()
	if kind == kindPrivate {
		cure = t.String() + " private"
	}
	return p.refuse(t, fmt.Sprintf("%s is allowed, but not its %s address %s; add %q to %s to allow it", t, kind, addr, cure, p.setting))
}

func (p *Proxy) refuse(t target, text string) error {
	return &refusal{host: t.String(), text: text}
}

// resolve looks a name up. The final dot prevents use of the host's search
// list.
func (p *Proxy) resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, p.limits.Dial)
	defer cancel()
	asked := name
	if strings.Contains(name, ".") {
		asked += "."
	}
	found, err := p.resolver.LookupNetIP(ctx, "ip", asked)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", name, err)
	}
	addrs := make([]netip.Addr, 0, len(found))
	for _, a := range found {
		// Resolvers also return IPv4 addresses in IPv6 form: judge the IPv4
		// address.
		if a = a.Unmap().WithZone(""); a.IsValid() && !slices.Contains(addrs, a) {
			addrs = append(addrs, a)
		}
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("resolve %s: no addresses", name)
	}
	return addrs, nil
}

// dialTCP is the default Options.Dialer.
func dialTCP(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{KeepAlive: 30 * time.Second}
	return d.DialContext(ctx, "tcp", to.String())
}
