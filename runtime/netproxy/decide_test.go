package netproxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// names is a resolver that answers from a list, one answer after the other.
type names struct {
	mu      sync.Mutex
	answers map[string][]string // comma-separated addresses; the last stays
	asked   []string
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, host)
	key := strings.TrimSuffix(host, ".")
	left := n.answers[key]
	if len(left) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(left) > 1 {
		n.answers[key] = left[1:]
	}
	var addrs []netip.Addr
	for a := range strings.SplitSeq(left[0], ",") {
		addrs = append(addrs, netip.MustParseAddr(a))
	}
	return addrs, nil
}

func TestAddressesOfAnAllowedName(t *testing.T) {
	const public = "93.184.215.14"
	for resolved, want := range map[string]string{
		public:                        "",
		"2606:2800:21f::1":            "",
		"127.0.0.1":                   "loopback",
		"127.8.9.10":                  "loopback",
		"::1":                         "loopback",
		"0.0.0.0":                     "unspecified",
		"0.1.2.3":                     "unspecified",
		"::":                          "unspecified",
		"169.254.169.254":             "metadata",
		"fd00:ec2::254":               "metadata",
		"100.100.100.200":             "metadata",
		"168.63.129.16":               "metadata",
		"169.254.1.1":                 "link-local",
		"fe80::1":                     "link-local",
		"fe80::1%eth0":                "link-local",
		"224.0.0.1":                   "multicast",
		"ff02::1":                     "multicast",
		"255.255.255.255":             "reserved",
		"240.0.0.1":                   "reserved",
		"192.0.2.1":                   "reserved",
		"2001:db8::1":                 "reserved",
		"10.1.2.3":                    "private",
		"172.31.0.1":                  "private",
		"172.32.0.1":                  "",
		"192.168.0.1":                 "private",
		"100.64.0.1":                  "private",
		"fd12::1":                     "private",
		"::ffff:127.0.0.1":            "loopback",
		"::ffff:10.0.0.1":             "private",
		"::ffff:169.254.169.254":      "metadata",
		"::ffff:93.184.215.14":        "", // that is how some resolvers write an IPv4 address
		"::127.0.0.1":                 "IPv4-carrying",
		"64:ff9b::7f00:1":             "IPv4-carrying",
		"64:ff9b::5db8:d70e":          "IPv4-carrying",
		"64:ff9b:1::a00:1":            "IPv4-carrying",
		"2002:7f00:1::1":              "IPv4-carrying",
		"2001:0:7f00:1::1":            "IPv4-carrying",
		"::ffff:0:127.0.0.1":          "IPv4-carrying",
		"198.51.100.77":               "reserved",
		"8.8.4.4":                     "own",
		"::1,fe80::1,127.0.0.1":       "loopback",
		"10.0.0.1," + public:          "",
		"127.0.0.1,8.8.4.4,127.0.0.2": "loopback",
	} {
		p := proxy(t, Options{Allow: []string{"x.example:443", "192.168.77.1:443"}, Resolver: &names{answers: map[string][]string{"x.example": {resolved}}}})
		got, err := p.decide(t.Context(), target{name: "x.example", port: 443})
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", resolved, err)
			}
			for _, a := range got {
				if kind := p.kindOf(a); kind != "" || a.Is4In6() {
					t.Errorf("%s: %s may be dialled, which is %s", resolved, a, kind)
				}
			}
			continue
		}
		var no *refusal
		if !errors.As(err, &no) || !strings.Contains(no.text, want) || !strings.Contains(no.text, "x.example:443") || !strings.Contains(no.text, "network.allow") {
			t.Errorf("%s: %v, %v, want %s", resolved, got, err, want)
		}
	}
}

func TestWhatAnEntryOpens(t *testing.T) {
	for _, c := range []struct {
		allow, resolved string
		want            bool
	}{
		{"x.example:443 private", "10.0.0.1", true},
		{"x.example:443 private", "fd12::1", true},
		{"x.example:443 private", "127.0.0.1", false},
		{"x.example:443 private", "169.254.169.254", false},
		{"x.example:443 private", "fd00:ec2::254", false},
		{"x.example:443 private", "100.100.100.200", false},
		{"x.example:443 private", "192.168.50.1", false}, // this machine's own
		{"x.example:443,127.0.0.1:443", "127.0.0.1", true},
		{"x.example:443,127.0.0.1:443", "127.0.0.2", false},
		{"x.example:443,127.0.0.1:80", "127.0.0.1", false},
		{"x.example:443,169.254.169.254:*", "169.254.169.254", true},
		{"127.0.0.1:443", "127.0.0.1", false}, // the name is not allowed
	} {
		p := proxy(t, Options{Allow: strings.Split(c.allow, ","), Resolver: &names{answers: map[string][]string{"x.example": {c.resolved}}}})
		_, err := p.decide(t.Context(), target{name: "x.example", port: 443})
		if (err == nil) != c.want {
			t.Errorf("%s with %s: %v", c.allow, c.resolved, err)
		}
	}
}

func TestRefusalsNameTheCure(t *testing.T) {
	r := &names{answers: map[string][]string{"corp.example": {"10.0.0.1"}, "evil.example": {"169.254.169.254"}}}
	p := proxy(t, Options{Allow: []string{"corp.example:443", "evil.example:80"}, Resolver: r, Setting: "--allow"})
	for asked, want := range map[string]string{
		"other.example:22": `other.example:22 is not allowed; add "other.example:22" to --allow to allow it`,
		"corp.example:443": `corp.example:443 is allowed, but not its private address 10.0.0.1; add "corp.example:443 private" to --allow to allow it`,
		"evil.example:80":  `evil.example:80 is allowed, but not its metadata address 169.254.169.254; add "169.254.169.254:80" to --allow to allow it`,
		"[::1]:80":         `[::1]:80 is not allowed; add "[::1]:80" to --allow to allow it`,
	} {
		to, err := parseTarget(asked, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.decide(t.Context(), to); err == nil || err.Error() != want {
			t.Errorf("%s: %v", asked, err)
		}
	}
}

// TestNoSecondLookup has a name that resolves to a public address first and to
// this machine afterwards.
func TestNoSecondLookup(t *testing.T) {
	var dialled []string
	r := &names{answers: map[string][]string{"rebind.example": {"93.184.215.14,93.184.215.15", "127.0.0.1"}}}
	p := proxy(t, Options{Allow: []string{"rebind.example:80"}, Resolver: r, Dialer: func(_ context.Context, to netip.AddrPort) (net.Conn, error) {
		dialled = append(dialled, to.String())
		return nil, fmt.Errorf("refused by %s", to)
	}})
	if _, err := p.dial(t.Context(), target{name: "rebind.example", port: 80}); err == nil {
		t.Error("no error")
	}
	if _, err := p.dial(t.Context(), target{name: "rebind.example", port: 80}); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("second: %v", err)
	}
	if diff := cmp.Diff([]string{"93.184.215.14:80", "93.184.215.15:80"}, dialled); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"rebind.example.", "rebind.example."}, r.asked); diff != "" {
		t.Error(diff)
	}
}

// proxy makes one on a machine whose addresses are 8.8.4.4 and 192.168.50.1.
func proxy(t testing.TB, opts Options) *Proxy {
	t.Helper()
	p, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	p.own = func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: net.IPv4(8, 8, 4, 4), Mask: net.CIDRMask(32, 32)}, &net.IPNet{IP: net.IPv4(192, 168, 50, 1), Mask: net.CIDRMask(24, 32)}}, nil
	}
	return p
}
