package netproxy

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
)

func TestBadEntriesAreRefusedByName(t *testing.T) {
	for entry, want := range map[string]string{
		"":                              "the port must",
		"example.com":                   "port",
		"example.com:":                  "no port",
		"example.com:0":                 "1 to 65535",
		"example.com:65536":             "1 to 65535",
		"example.com:+443":              "1 to 65535",
		"example.com:0443":              "1 to 65535",
		"example.com:https":             "1 to 65535",
		":443":                          "host name",
		"*:443":                         "every host",
		"*:*":                           "every host",
		"*.com:443":                     "two parts",
		"*.*.example.com:443":           "cannot stand",
		"a*.example.com:443":            "cannot stand",
		"*.10.0.0.1:443":                "no names below",
		"https://example.com:443":       "neither a URL",
		"10.0.0.0/8:80":                 "neither a URL",
		"user@example.com:443":          "cannot stand",
		"exämple.com:443":               "xn--",
		"a..b:443":                      "1 to 63",
		"-a.example.com:443":            "neither begins",
		strings.Repeat("a", 64) + ":1":  "1 to 63",
		strings.Repeat("a.", 127) + ":": "no port",
		strings.Repeat("x", 600):        "longer than",
		"127.1:80":                      "is a number",
		"0x7f.1:80":                     "is a number",
		"0x7f000001:80":                 "is a number",
		"2130706433:80":                 "is a number",
		"0177.0.0.1:80":                 "is a number",
		"256.0.0.1:80":                  "is a number",
		"::1:80":                        "brackets",
		"[::1]":                         "1 to 65535",
		"[::1:80":                       "without ]",
		"[::1]x:80":                     "between ]",
		"[127.0.0.1]:80":                "IPv6 address",
		"[fe80::1%eth0]:80":             "without a zone",
		"example.com:443 public":        `only " private"`,
		"example.com:443 ":              `only " private"`,
		"10.0.0.1:80 private":           "needs no private",
		"exam\nple.com:443":             "cannot stand",
	} {
		_, err := New(Options{Allow: []string{"good.example:443", entry}})
		var invalid *runtime.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != "allow[1]" || !strings.Contains(invalid.Reason, want) {
			t.Errorf("%q: %v, want one with %q", entry, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: a control character in the error", entry)
		}
	}
	if _, err := New(Options{Allow: make([]string, maxRules+1)}); err == nil {
		t.Error("too many entries were taken")
	}
}

func TestRulesMatch(t *testing.T) {
	for _, c := range []struct {
		entry, asked string
		want         bool
	}{
		{"example.com:443", "example.com:443", true},
		{"Example.COM.:443", "eXample.com:443", true},
		{"example.com:443", "EXAMPLE.com.:443", true},
		{"example.com:443", "example.com:80", false},
		{"example.com:443", "a.example.com:443", false},
		{"example.com:443", "notexample.com:443", false},
		{"example.com:443", "example.com.evil.org:443", false},
		{"example.com:*", "example.com:1", true},
		{"*.example.com:443", "a.example.com:443", true},
		{"*.example.com:443", "a.b.example.com:443", true},
		{"*.example.com:443", "example.com:443", false},
		{"*.example.com:443", "notexample.com:443", false},
		{"*.example.com:443", "example.com.:443", false},
		{"xn--bcher-kva.example:443", "XN--bcher-kva.example:443", true},
		{"127.0.0.1:80", "127.0.0.1:80", true},
		{"127.0.0.1:80", "127.0.0.2:80", false},
		{"127.0.0.1:80", "[::ffff:127.0.0.1]:80", false},
		{"[::ffff:127.0.0.1]:80", "[::ffff:7f00:1]:80", true},
		{"[::ffff:127.0.0.1]:80", "127.0.0.1:80", false},
		{"[::1]:80", "[0:0::0:1]:80", true},
		{"[2001:DB8::1]:*", "[2001:db8:0::1]:9", true},
	} {
		rules, err := parseRules([]string{c.entry})
		if err != nil {
			t.Fatal(err)
		}
		asked, err := parseTarget(c.asked, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := allowed(rules, asked); got != c.want {
			t.Errorf("%s for %s: %v", c.entry, c.asked, got)
		}
	}
}

func TestTarget(t *testing.T) {
	for asked, want := range map[string]string{
		"A.example.:8080":    "a.example:8080",
		"a.example":          "a.example:80",
		"[::1]":              "[::1]:80",
		"10.1.2.3":           "10.1.2.3:80",
		"a_b.example:1":      "a_b.example:1",
		"a.example..:1":      "",
		"a.example:80:80":    "",
		"a.example:1\x00":    "",
		"a.example%2f:1":     "",
		"a.example\\@b:1":    "",
		"a b:1":              "",
		"[::1%25eth0]:1":     "",
		"1.2.3.4.5:1":        "",
		"example.0x10:1":     "",
		"1.2.3:1":            "",
		"①②⑦.example:1":      "",
		"user:pw@a.example":  "",
		"a.example:99999999": "",
	} {
		got, err := parseTarget(asked, 80)
		if err != nil && want == "" {
			continue
		}
		if err != nil || got.String() != want {
			t.Errorf("%q: %q, %v", asked, got, err)
		}
	}
}

// FuzzRules compares the matcher with a plain reading of the list's description.
func FuzzRules(f *testing.F) {
	f.Add("example.com:443", "EXAMPLE.com.:443")
	f.Add("*.example.com:*", "a.b.example.com:1")
	f.Add("[::1]:80", "[::1]:80")
	f.Add("10.0.0.1:80", "[::ffff:10.0.0.1]:80")
	f.Add("corp.example:1 private", "corp.example:1")
	f.Fuzz(func(t *testing.T, entry, asked string) {
		rules, err := parseRules([]string{entry})
		if err != nil {
			return
		}
		to, err := parseTarget(asked, 0)
		if err != nil {
			return
		}
		if again, err := parseTarget(to.String(), 0); err != nil || again != to {
			t.Fatalf("%q is %v, read again %v, %v", asked, to, again, err)
		}
		ok, private := allowed(rules, to)
		if want := plainly(entry, asked); ok != want {
			t.Fatalf("%q for %q: %v, want %v", entry, asked, ok, want)
		}
		if private != (ok && strings.HasSuffix(entry, " private")) {
			t.Fatalf("%q for %q: private %v", entry, asked, private)
		}
	})
}

// plainly matches by comparing text; both are well-formed.
func plainly(entry, asked string) bool {
	entry = strings.ToLower(strings.TrimSuffix(entry, " private"))
	cut := func(s string) (host, port string) {
		i := strings.LastIndexByte(s, ':')
		return strings.TrimSuffix(s[:i], "."), s[i+1:]
	}
	wantHost, wantPort := cut(entry)
	host, port := cut(strings.ToLower(asked))
	if wantPort != "*" && wantPort != port {
		return false
	}
	if suffix, ok := strings.CutPrefix(wantHost, "*"); ok {
		_, err := netip.ParseAddr(host)
		return err != nil && strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	}
	if a, err := netip.ParseAddr(strings.Trim(wantHost, "[]")); err == nil {
		b, err := netip.ParseAddr(strings.Trim(host, "[]"))
		return err == nil && a == b
	}
	return host == wantHost
}
