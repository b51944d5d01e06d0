package web

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRefuses(t *testing.T) {
	s := start(t, bounds{})
	token := tokenPrefix + s.token
	own := "http://" + s.host
	upgrade := map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		"Origin": own, "Sec-WebSocket-Protocol": protocolName + ", " + token,
	}
	with := func(name, value string) map[string]string {
		all := map[string]string{}
		for k, v := range upgrade {
			all[k] = v
		}
		if all[name] = value; value == "" {
			delete(all, name)
		}
		return all
	}
	_, port, _ := net.SplitHostPort(s.host)
	for name, c := range map[string]struct {
		method, path, host string
		headers            map[string]string
		status             int
	}{
		"the page":                        {status: 200},
		"the page, asked for by hand":     {headers: map[string]string{"Sec-Fetch-Site": "none"}, status: 200},
		"a module of it":                  {path: "/js/main.js", headers: map[string]string{"Origin": own, "Sec-Fetch-Site": "same-origin"}, status: 200},
		"Host evil.com":                   {host: "evil.com", status: 421},
		"Host evil.com with the port":     {host: "evil.com:" + port, status: 421},
		"Host 0.0.0.0":                    {host: "0.0.0.0:" + port, status: 421},
		"Host localhost":                  {host: "localhost:" + port, status: 421},
		"Host without the port":           {host: "127.0.0.1", status: 421},
		"Host with a dot":                 {host: "127.0.0.1.:" + port, status: 421},
		"a foreign origin":                {headers: map[string]string{"Origin": "http://evil.com"}, status: 403},
		"the origin null":                 {headers: map[string]string{"Origin": "null"}, status: 403},
		"the origin's other port":         {headers: map[string]string{"Origin": "http://127.0.0.1:1"}, status: 403},
		"the origin with https":           {headers: map[string]string{"Origin": "https://" + s.host}, status: 403},
		"a cross-site GET":                {headers: map[string]string{"Sec-Fetch-Site": "cross-site"}, status: 403},
		"a GET of another port":           {headers: map[string]string{"Sec-Fetch-Site": "same-site"}, status: 403},
		"a POST":                          {method: "POST", status: 405},
		"a preflight":                     {method: "OPTIONS", path: "/rpc", headers: map[string]string{"Origin": own}, status: 405},
		"another path":                    {path: "/page/index.html", status: 404},
		"a path that climbs":              {path: "/../server.go", status: 404},
		"an upgrade without a token":      {path: "/rpc", headers: with("Sec-WebSocket-Protocol", protocolName), status: 401},
		"an upgrade without subprotocols": {path: "/rpc", headers: with("Sec-WebSocket-Protocol", ""), status: 401},
		"an upgrade with a wrong token":   {path: "/rpc", headers: with("Sec-WebSocket-Protocol", protocolName+", "+tokenPrefix+strings.Repeat("0", 64)), status: 401},
		"an upgrade with half the token":  {path: "/rpc", headers: with("Sec-WebSocket-Protocol", protocolName+", "+token[:40]), status: 401},
		"an upgrade with a wrong ticket":  {path: "/rpc", headers: with("Sec-WebSocket-Protocol", protocolName+", "+tokenPrefix+strings.Repeat("0", 64)+", "+ticketPrefix+"0"), status: 401},
		"the token in the address":        {path: "/rpc?token=" + s.token, headers: with("Sec-WebSocket-Protocol", protocolName), status: 401},
		"a foreign upgrade":               {path: "/rpc", headers: with("Origin", "http://evil.com"), status: 403},
		"an upgrade without an origin":    {path: "/rpc", headers: with("Origin", ""), status: 403},
		"an upgrade to another host":      {path: "/rpc", host: "evil.com:" + port, headers: upgrade, status: 421},
		"no upgrade":                      {path: "/rpc", headers: map[string]string{"Origin": own, "Sec-WebSocket-Protocol": protocolName + ", " + token}, status: 426},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), c.method, own+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = c.host
			for k, v := range c.headers {
				req.Header.Set(k, v)
			}
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var body []byte
			if res.StatusCode != http.StatusSwitchingProtocols { // an accepted WebSocket has no end
				body, _ = io.ReadAll(res.Body)
			}
			if res.StatusCode != c.status {
				t.Errorf("status %d, want %d: %s", res.StatusCode, c.status, body)
			}
			checkHeaders(t, res.Header)
			if strings.Contains(string(body)+fmt.Sprint(res.Header), s.token) {
				t.Error("the answer has the token")
			}
		})
	}
	if n := s.connected.Load(); n != 0 {
		t.Errorf("%d connections to the agent were made", n)
	}
}

func checkHeaders(t *testing.T, h http.Header) {
	t.Helper()
	for name := range h {
		if strings.HasPrefix(name, "Access-Control") {
			t.Errorf("%s is set", name)
		}
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'sha256-", "X-Content-Type-Options": "nosniff",
		"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := h.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestTicketServesOnce(t *testing.T) {
	s := start(t, bounds{})
	_, ticket, _ := strings.Cut(s.Ticket(), "#ticket=")
	own := secret()
	s.talkTo(t, protocolName, tokenPrefix+own, ticketPrefix+ticket)
	s.talkTo(t, protocolName, tokenPrefix+own) // a reload
	if _, res, err := s.dial(t.Context(), protocolName, tokenPrefix+secret(), ticketPrefix+ticket); err == nil || res.StatusCode != 401 {
		t.Errorf("the ticket served twice: %v", res)
	}
	late := s.keys.ticket(time.Now().Add(-2 * ticketLife))
	if _, res, err := s.dial(t.Context(), protocolName, tokenPrefix+secret(), ticketPrefix+late); err == nil || res.StatusCode != 401 {
		t.Errorf("the ticket served after its time: %v", res)
	}
}
