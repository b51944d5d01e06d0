package netproxy

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// target is what a client requests: a name or an address, never both.
type target struct {
	name string     // canonical: lower case, ASCII, no final dot
	addr netip.Addr // of a literal address
	port uint16
}

func (t target) String() string {
	if t.addr.IsValid() {
		return netip.AddrPortFrom(t.addr, t.port).String()
	}
	return t.name + ":" + strconv.Itoa(int(t.port))
}

// parseTarget reads "host:port" or "[v6]:port". Without a port it takes preset; 0
// means that there must be one.
func parseTarget(s string, preset uint16) (target, error) {
	host, port, err := splitPort(s)
	if err != nil {
		return target{}, err
	}
	t := target{port: preset}
	if port != "" || preset == 0 {
		if t.port, err = parsePort(port); err != nil {
			return target{}, err
		}
	}
	t.name, t.addr, err = parseHost(host)
	return t, err
}

// splitPort splits off the port, "" if there is none.
func splitPort(s string) (host, port string, err error) {
	end := 0
	if strings.HasPrefix(s, "[") {
		if end = strings.IndexByte(s, ']') + 1; end == 0 {
			return "", "", errors.New("a [ without ]")
		}
	}
	colon := strings.IndexByte(s[end:], ':')
	switch {
	case colon < 0 && end > 0 && end < len(s), colon > 0 && end > 0:
		return "", "", errors.New("something between ] and the port")
	case colon < 0:
		return s, "", nil
	}
	host, port = s[:end+colon], s[end+colon+1:]
	switch {
	case strings.Contains(port, ":"):
		return "", "", errors.New("an IPv6 address needs brackets, as in [2001:db8::1]:443")
	case port == "":
		return "", "", errors.New("no port after the colon")
	}
	return host, port, nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 || s[0] == '0' {
		return 0, errors.New("the port must be a number from 1 to 65535")
	}
	return uint16(n), nil
}

func parseHost(host string) (name string, addr netip.Addr, err error) {
	inner, bracketed := strings.CutPrefix(host, "[")
	if bracketed {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		if err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", netip.Addr{}, errors.New("there must be an IPv6 address without a zone between [ and ]")
		}
		return "", addr, nil
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is4() {
		return "", addr, nil
	}
	name, err = canonicalName(host)
	return name, netip.Addr{}, err
}

// Limits of a name (RFC 1035, section 2.3.4).
const (
	maxName  = 253
	maxLabel = 63
)

// canonicalName checks a DNS name and converts it to the form that rules are
// compared with. Numbers that some resolvers take for an address ("127.1",
// "0x7f.1", "2130706433") are no names.
func canonicalName(s string) (string, error) {
	name := strings.TrimSuffix(s, ".")
	if name == "" || len(name) > maxName {
		return "", fmt.Errorf("a host name has 1 to %d characters", maxName)
	}
	for i := range len(name) {
		if name[i] >= 0x80 {
			return "", errors.New("the host name is not ASCII; write it in its xn-- form")
		}
	}
	name = strings.ToLower(name)
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		if err := checkLabel(label); err != nil {
			return "", err
		}
		last = label
	}
	if isNumber(last) {
		return "", errors.New("the host is a number and no name; write an IPv4 address as four decimal numbers")
	}
	return name, nil
}

func checkLabel(label string) error {
	if label == "" || len(label) > maxLabel {
		return fmt.Errorf("a part of a host name has 1 to %d characters", maxLabel)
	}
	for _, c := range []byte(label) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return fmt.Errorf("%q cannot stand in a host name", rune(c))
		}
	}
	if label[0] == '-' || label[len(label)-1] == '-' {
		return errors.New("a part of a host name neither begins nor ends with -")
	}
	return nil
}

// isNumber is the test of the URL standard (whatwg.org, "ends in a number").
func isNumber(label string) bool {
	digits, hex := strings.CutPrefix(label, "0x")
	if hex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}
