package netproxy

import (
	"net"
	"net/netip"
)

// Kinds of addresses, as refusals name them. "" is a public address.
const (
	kindPublic  = ""
	kindPrivate = "private"
)

type block struct {
	prefix netip.Prefix
	kind   string
}

// blocks returns the special ranges, the narrower before the wider. From the IANA
// registries of special-purpose IPv4 and IPv6 addresses, the cloud providers'
// documents for their metadata services, and RFC 6052, 3056, 4380 for IPv6
// addresses that carry an IPv4 one.
func blocks() []block {
	var list []block
	add := func(kind string, prefixes ...string) {
		for _, p := range prefixes {
			list = append(list, block{netip.MustParsePrefix(p), kind})
		}
	}
	add("metadata", "169.254.169.254/32", "169.254.170.2/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
		"fd00:ec2::254/128", "fd20:ce::254/128")
	add("unspecified", "0.0.0.0/8", "::/128")
	add("loopback", "127.0.0.0/8", "::1/128")
	add("link-local", "169.254.0.0/16", "fe80::/10")
	add("multicast", "224.0.0.0/4", "ff00::/8")
	add(kindPrivate, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10")
	add("reserved", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"100::/64", "2001:db8::/32", "3fff::/20", "5f00::/16")
	add("IPv4-carrying", "::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
	return list
}

// kindOf returns the kind of an address. An address of this machine has a kind
// of its own, even if it is private: programs that listen on all addresses are
// meant for the machine's user.
func (p *Proxy) kindOf(addr netip.Addr) string {
	kind := kindPublic
	for _, b := range p.blocks {
		if b.prefix.Contains(addr) {
			kind = b.kind
			break
		}
	}
	if kind != kindPublic && kind != kindPrivate {
		return kind
	}
	own, err := p.own()
	if err != nil {
		return "unknown" // an unknown address must not be dialled
	}
	for _, a := range own {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(addr.AsSlice()) {
			return "own"
		}
	}
	return kind
}
