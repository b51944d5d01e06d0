package netproxy

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlainAndTunnelled(t *testing.T) {
	var dialled dials
	site, asked := web(t)
	secure := httptest.NewTLSServer(asked)
	t.Cleanup(secure.Close)
	tlsAddr := secure.Listener.Addr().String()

	r := &names{answers: map[string][]string{"site.example": {"93.184.215.14"}}}
	addr := serve(t, proxy(t, Options{Allow: []string{"site.example:80", tlsAddr}, Resolver: r, Dialer: dialled.to(site)}))
	res, err := client(t, addr).Post("http://Site.Example./a%2fb?x=1;y=2", "text/plain", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "answer to POST site.example /a%2fb?x=1;y=2 body" {
		t.Errorf("plain: %q, %v", body, err)
	}
	if diff := cmp.Diff([]string{"93.184.215.14:80"}, dialled.all()); diff != "" {
		t.Error(diff)
	}

	direct := serve(t, proxy(t, Options{Allow: []string{tlsAddr}}))
	c := client(t, direct)
	c.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	big := strings.Repeat("x", 1<<20)
	secured, err := c.Post("https://"+tlsAddr+"/t", "text/plain", strings.NewReader(big))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = secured.Body.Close() }()
	if body, err := io.ReadAll(secured.Body); err != nil || string(body) != "answer to POST "+tlsAddr+" /t "+big {
		t.Errorf("tunnelled: %d bytes, %v", len(body), err)
	}
}

func TestRefusalsAreAnsweredAndTold(t *testing.T) {
	site, asked := web(t)
	var mu sync.Mutex
	var told []string
	r := &names{answers: map[string][]string{"local.example": {"127.0.0.1"}}}
	addr := serve(t, proxy(t, Options{Allow: []string{"local.example:*"}, Resolver: r, Refused: func(host string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, host)
	}}))
	port := site[strings.LastIndexByte(site, ':')+1:]
	for _, request := range []string{
		"CONNECT " + site + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT Evil.Example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET http://" + site + "/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET http://local.example:" + port + "/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT [::ffff:127.0.0.1]:" + port + " HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		answer := raw(t, addr, request)
		if !strings.HasPrefix(answer, "HTTP/1.1 403 ") || !strings.Contains(answer, "network.allow") || !strings.Contains(answer, "Connection: close") {
			t.Errorf("%q: %s", request, answer)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	want := []string{site, "evil.example:443", site, "local.example:" + port, "[::ffff:127.0.0.1]:" + port}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	if len(asked.all()) > 0 {
		t.Errorf("reached: %q", asked.all())
	}
}

// TestOddRequests sends requests whose target or end two parsers could read
// differently. Only one site is allowed, so every request that is passed on
// must name it.
func TestOddRequests(t *testing.T) {
	for name, c := range map[string]struct {
		request string
		status  string   // of the first answer
		passed  []string // what the site sees
	}{
		"other Host header": {
			"GET http://site.example/a HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
			"200",
			[]string{"GET site.example /a"},
		},
		"other Host header, not allowed URI": {"GET http://evil.example/ HTTP/1.1\r\nHost: site.example\r\n\r\n", "403", nil},
		"two Host headers":                   {"GET http://site.example/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400", nil},
		"origin form":                        {"GET / HTTP/1.1\r\nHost: site.example\r\n\r\n", "400", nil},
		"asterisk":                           {"OPTIONS * HTTP/1.1\r\nHost: site.example\r\n\r\n", "400", nil},
		"other scheme":                       {"GET ftp://site.example/ HTTP/1.1\r\nHost: site.example\r\n\r\n", "400", nil},
		"https in the clear":                 {"GET https://site.example:80/ HTTP/1.1\r\nHost: site.example\r\n\r\n", "400", nil},
		"user name":                          {"GET http://site.example:80@evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n", "400", nil},
		"user name before the site":          {"GET http://u:p@site.example/ HTTP/1.1\r\nHost: x\r\n\r\n", "400", nil},
		"backslash":                          {"GET http://evil.example\\@site.example/ HTTP/1.1\r\nHost: x\r\n\r\n", "400", nil},
		"no host":                            {"GET http:///x HTTP/1.1\r\nHost: site.example\r\n\r\n", "400", nil},
		"port 0":                             {"GET http://site.example:0/ HTTP/1.1\r\nHost: x\r\n\r\n", "400", nil},
		"CONNECT without port":               {"CONNECT site.example HTTP/1.1\r\nHost: x\r\n\r\n", "400", nil},
		"CONNECT with user name":             {"CONNECT u@site.example:80 HTTP/1.1\r\nHost: x\r\n\r\n", "400", nil},
		"CONNECT with path":                  {"CONNECT site.example:80/x HTTP/1.1\r\nHost: x\r\n\r\n", "400", nil},
		"CONNECT with a URI":                 {"CONNECT http://site.example:80 HTTP/1.1\r\nHost: x\r\n\r\n", "400", nil},
		"CONNECT with a body":                {"CONNECT site.example:80 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "400", nil},
		"HTTP/2 preface":                     {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400", nil},
		"folded header":                      {"GET http://site.example/ HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc: d\r\nConnection: close\r\n\r\n", "200", []string{"GET site.example /"}},
		"space before the colon":             {"GET http://site.example/ HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello", "400", nil},
		"two lengths":                        {"POST http://site.example/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400", nil},
		"signed length":                      {"POST http://site.example/ HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", "400", nil},
		"unknown coding":                     {"POST http://site.example/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501", nil},
		"large head":                         {"GET http://site.example/ HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 20<<10) + "\r\n\r\n", "431", nil},
		"chunked": {
			"POST http://site.example/c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
			"200",
			[]string{"POST site.example /c abc"},
		},
		// Transfer-Encoding wins, so that the rest is a request of its own, to
		// a host that is not allowed.
		"length and coding": {
			"POST http://site.example/tc HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
				"GET http://evil.example/smuggled HTTP/1.1\r\nHost: site.example\r\n\r\n",
			"200",
			[]string{"POST site.example /tc"},
		},
		"pipelined, each decided about": {
			"GET http://site.example/1 HTTP/1.1\r\nHost: x\r\n\r\nGET http://evil.example/2 HTTP/1.1\r\nHost: site.example\r\n\r\nGET http://site.example/3 HTTP/1.1\r\nHost: x\r\n\r\n",
			"200",
			[]string{"GET site.example /1"},
		},
		"request in a body": {
			"POST http://site.example/b HTTP/1.1\r\nHost: x\r\nContent-Length: 45\r\nConnection: close\r\n\r\nGET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
			"200",
			[]string{"POST site.example /b GET http://evil.example/ HTTP/1.1\r\nHost: x"},
		},
		"bad chunk": {"POST http://site.example/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nabc", "502", nil},
	} {
		t.Run(name, func(t *testing.T) {
			// A site of its own, because a request can arrive there after the
			// answer.
			site, asked := web(t)
			var dialled dials
			r := &names{answers: map[string][]string{"site.example": {"93.184.215.14"}}}
			addr := serve(t, proxy(t, Options{Allow: []string{"site.example:80"}, Resolver: r, Dialer: dialled.to(site), Limits: Limits{HeaderBytes: 8 << 10}}))
			answer := raw(t, addr, c.request)
			if !strings.HasPrefix(answer, "HTTP/1.1 "+c.status) {
				t.Errorf("answered %q", answer)
			}
			got := asked.all()
			if c.status == "502" {
				got = nil // the site may see the head of a request that is then cut
			}
			if diff := cmp.Diff(c.passed, got, cmp.Transformer("", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
				t.Error(diff)
			}
			for _, a := range dialled.all() {
				if a != "93.184.215.14:80" {
					t.Errorf("dialled %s", a)
				}
			}
		})
	}
}

func TestHopHeadersStayHere(t *testing.T) {
	site, asked := web(t)
	addr := serve(t, proxy(t, Options{Allow: []string{site}}))
	answer := raw(t, addr, "GET http://"+site+"/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: secret\r\nProxy-Connection: keep-alive\r\n"+
		"Connection: close, X-Mine\r\nX-Mine: 1\r\nUpgrade: h2c\r\nTE: trailers\r\nAccept: a\r\n\r\n")
	if !strings.Contains(answer, "answer to GET") {
		t.Fatal(answer)
	}
	want := http.Header{"Accept": {"a"}, "Connection": {"close"}}
	if diff := cmp.Diff(want, asked.head[0], cmp.Transformer("", func(h http.Header) http.Header { h.Del("Te"); return h })); diff != "" {
		t.Error(diff)
	}
}

func TestTunnelTakesWhatCameWithTheRequest(t *testing.T) {
	host := echo(t)
	addr := serve(t, proxy(t, Options{Allow: []string{host}}))
	c := dialTo(t, addr)
	if _, err := io.WriteString(c, "CONNECT "+host+" HTTP/1.1\r\nHost: x\r\n\r\nearly"); err != nil {
		t.Fatal(err)
	}
	want := []byte("HTTP/1.1 200 Connection established\r\n\r\nearly")
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%q, %v", got, err)
	}
}

// TestHalfOpen ends the client's side first: the answer must still come whole.
func TestHalfOpen(t *testing.T) {
	host := echo(t)
	addr := serve(t, proxy(t, Options{Allow: []string{host}}))
	payload := strings.Repeat("payload ", 1<<16)
	c := dialTo(t, addr)
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(c, "CONNECT "+host+" HTTP/1.1\r\nHost: x\r\n\r\n"+payload)
		sent <- errors.Join(err, c.(*net.TCPConn).CloseWrite())
	}()
	answer, err := io.ReadAll(c)
	if err := errors.Join(err, <-sent); err != nil {
		t.Error(err)
	}
	if _, body, ok := strings.Cut(string(answer), "\r\n\r\n"); !ok || body != payload {
		t.Errorf("%d of %d bytes", len(answer), len(payload))
	}
}

func TestUnreachableHost(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	gone := l.Addr().String()
	_ = l.Close()
	addr := serve(t, proxy(t, Options{Allow: []string{gone, "nowhere.example:80"}, Resolver: &names{}}))
	for _, request := range []string{
		"CONNECT " + gone + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET http://" + gone + "/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT nowhere.example:80 HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		if answer := raw(t, addr, request); !strings.HasPrefix(answer, "HTTP/1.1 502 ") {
			t.Errorf("%q: %s", request, answer)
		}
	}
}
