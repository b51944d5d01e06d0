package netproxy

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pygent/pygent/runtime"
)

// Caps of the allow list.
const (
	maxRules     = 1000
	maxRuleBytes = 512
)

// rule is one entry of the allow list.
type rule struct {
	name    string     // canonical; for a wildcard the part after "*."
	below   bool       // a wildcard: names below name, at any depth, but not name itself
	addr    netip.Addr // of an entry that names an address
	port    uint16     // 0: any
	private bool       // the name may resolve to a private address
}

// parseRules reads the allow list; see Options.Allow for its form.
func parseRules(entries []string) ([]rule, error) {
	if len(entries) > maxRules {
		return nil, &runtime.InvalidError{Field: "allow", Reason: fmt.Sprintf("has %d entries, more than %d", len(entries), maxRules)}
	}
	rules := make([]rule, 0, len(entries))
	for i, entry := range entries {
		r, err := parseRule(entry)
		if err != nil {
			return nil, &runtime.InvalidError{
				Field:  "allow[" + strconv.Itoa(i) + "]",
				Reason: shown(entry) + " is no HOST:PORT: " + err.Error(),
			}
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func parseRule(entry string) (r rule, err error) {
	if len(entry) > maxRuleBytes {
		return r, fmt.Errorf("it is longer than %d bytes", maxRuleBytes)
	}
	spot, flag, _ := strings.Cut(entry, " ")
	if r.private = flag == "private"; flag != "" && !r.private || flag == "" && spot != entry {
		return r, errors.New(`after the port only " private" may stand`)
	}
	if strings.Contains(spot, "/") {
		return r, errors.New("neither a URL nor a range of addresses can be named")
	}
	host, port, err := splitPort(spot)
	if err != nil {
		return r, err
	}
	if port != "*" {
		if r.port, err = parsePort(port); err != nil {
			return r, err
		}
	}
	if host, r.below = strings.CutPrefix(host, "*."); host == "*" {
		return r, errors.New("that would be every host; for this there is the full network")
	}
	if r.name, r.addr, err = parseHost(host); err != nil {
		return r, err
	}
	switch {
	case r.below && r.addr.IsValid():
		return r, errors.New("an address has no names below it")
	case r.below && !strings.Contains(r.name, "."):
		return r, errors.New("a wildcard needs a domain of two parts at least, as in *.example.com")
	case r.private && r.addr.IsValid():
		return r, errors.New("an address needs no private")
	}
	return r, nil
}

// matches reports whether the rule names the target.
func (r rule) matches(t target) bool {
	switch {
	case r.port != 0 && r.port != t.port, r.addr.IsValid() != t.addr.IsValid():
		return false
	case t.addr.IsValid():
		return r.addr == t.addr
	case r.below:
		return strings.HasSuffix(t.name, "."+r.name)
	}
	return r.name == t.name
}

// allowed reports whether a rule names the target, and whether one allows
// private addresses for it.
func allowed(rules []rule, t target) (ok, private bool) {
	for _, r := range rules {
		if r.matches(t) {
			ok, private = true, private || r.private
		}
	}
	return ok, private
}

// shown makes untrusted text safe and short enough for a message.
func shown(s string) string {
	const most = 100
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
