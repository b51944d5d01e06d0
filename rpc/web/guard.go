package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Subprotocols of the WebSocket: the protocol itself, and the page's credentials. The
// server sends only the first back.
const (
	protocolName = "pygent.v1"
	tokenPrefix  = "token."
	ticketPrefix = "ticket."
)

const (
	secretBytes = 32
	maxKeys     = 64          // tokens: the server's own and those of pages with a ticket
	ticketLife  = time.Minute // a browser may take this long to start
)

// keys are the secrets that open the WebSocket.
//
// A ticket replaces the token where other users of the machine can read it, as they can
// a browser's command line. It works once and expires soon. The page that uses it sends
// a token of its own, which is valid from then on.
type keys struct {
	mu      sync.Mutex
	tokens  [][sha256.Size]byte // the first is the server's own
	tickets map[[sha256.Size]byte]time.Time
}

func newKeys() (k *keys, token string) {
	token = secret()
	return &keys{
		tokens:  [][sha256.Size]byte{sha256.Sum256([]byte(token))},
		tickets: map[[sha256.Size]byte]time.Time{},
	}, token
}

func secret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// ticket makes a ticket.
func (k *keys) ticket(now time.Time) string {
	t := secret()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tickets[sha256.Sum256([]byte(t))] = now.Add(ticketLife)
	return t
}

// open reports whether a page that offers these subprotocols may connect. It uses up the
// ticket.
func (k *keys) open(offered []string, now time.Time) bool {
	if !slices.Contains(offered, protocolName) {
		return false
	}
	token, ticket := valueOf(offered, tokenPrefix), valueOf(offered, ticketPrefix)
	if len(token) != hex.EncodedLen(secretBytes) {
		return false
	}
	sum := sha256.Sum256([]byte(token))
	k.mu.Lock()
	defer k.mu.Unlock()
	found := 0
	for _, t := range k.tokens {
		found |= subtle.ConstantTimeCompare(t[:], sum[:])
	}
	if found == 1 || ticket == "" {
		return found == 1
	}
	used := sha256.Sum256([]byte(ticket)) // the lookup by hash leaks nothing by its timing
	end, ok := k.tickets[used]
	delete(k.tickets, used)
	if !ok || now.After(end) || len(k.tokens) >= maxKeys {
		return false
	}
	k.tokens = append(k.tokens, sum)
	return true
}

func valueOf(offered []string, prefix string) string {
	for _, p := range offered {
		if v, ok := strings.CutPrefix(p, prefix); ok {
			return v
		}
	}
	return ""
}

// subprotocols returns the subprotocols that a handshake offers.
func subprotocols(r *http.Request) []string {
	var all []string
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for p := range strings.SplitSeq(line, ",") {
			all = append(all, strings.TrimSpace(p))
		}
	}
	return all
}

// refusal says why a request is refused.
type refusal struct {
	status int
	text   string
}

// refuse makes the checks that every request must pass. It returns nil when r may be
// served.
//
// The check of the host stops pages that resolve their own name to this address (DNS
// rebinding). The checks of Origin and Sec-Fetch-Site stop pages of other origins; a
// current browser sends at least one of the two.
func (s *Server) refuse(r *http.Request) *refusal {
	origin := r.Header.Values("Origin")
	site := r.Header.Get("Sec-Fetch-Site")
	switch {
	case r.Host != s.host:
		return &refusal{http.StatusMisdirectedRequest, "this server answers to http://" + s.host + " alone"}
	case len(origin) > 1 || len(origin) == 1 && origin[0] != "http://"+s.host:
		return &refusal{http.StatusForbidden, "another origin"}
	case site != "" && site != "same-origin" && site != "none":
		return &refusal{http.StatusForbidden, "another page led here: copy the link into the address bar"}
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return &refusal{http.StatusMethodNotAllowed, "only GET"}
	case r.ContentLength != 0:
		return &refusal{http.StatusRequestEntityTooLarge, "no request here has a body"}
	}
	return nil
}

// refuseSocket makes the further checks of a WebSocket's handshake.
func (s *Server) refuseSocket(r *http.Request) *refusal {
	switch {
	case r.Header.Get("Origin") == "":
		return &refusal{http.StatusForbidden, "no origin"}
	case !s.keys.open(subprotocols(r), time.Now()):
		return &refusal{http.StatusUnauthorized, "no token, or a wrong one: open the link that pygent gui has printed"}
	}
	return nil
}
