// Package openai is the agent.Model for every endpoint that speaks OpenAI's
// chat completions API: OpenAI itself, hosted gateways, and local servers such
// as Ollama, llama.cpp or vLLM.
//
// It is the only importer of go-openai, which makes the request and reads the
// event stream. Faults of that client, and providers' deviations from the
// specification, are handled in this package:
//
//   - doer.go is its HTTP client: it refuses redirects and answers that are not
//     an event stream, and reads Retry-After and error bodies, bounded.
//   - events.go gives it a stream in one canonical form.
//   - chunk.go decodes the events, reasoning and cost included.
//   - reply.go joins the pieces and requires a finish reason.
//   - request.go writes requests that strict servers accept.
//
// The package does not know sessions, tools' code, or the protocol. None of its
// errors and log lines holds the key or any part of a conversation.
package openai

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/pygent/pygent/agent"
)

// Defaults of Options.
const (
	DefaultBaseURL     = "https://api.openai.com/v1"
	DefaultRetries     = 4
	DefaultIdleTimeout = 60 * time.Second
	defaultDialTimeout = 10 * time.Second
)

// Options configure a Model. The zero value is usable, but every Chat answers
// agent.ErrAuthRequired then.
type Options struct {
	BaseURL string // "" is DefaultBaseURL; http or https, no user, no query
	APIKey  string // "" sends no Authorization header
	Model   string // used when a request names none

	// Retries is the largest number of times that a failed request is sent again.
	// 0 is DefaultRetries, negative is none.
	Retries int

	// IdleTimeout ends a request when the endpoint has sent no byte for this
	// time, also before the first byte. 0 is DefaultIdleTimeout, negative is no
	// limit.
	IdleTimeout time.Duration

	HTTPTimeouts HTTPTimeouts
	Logger       *zap.Logger // nil logs nothing
}

// HTTPTimeouts bound the phases of a connection's setup; 0 is 10 s each.
type HTTPTimeouts struct {
	Connect      time.Duration // name lookup and TCP
	TLSHandshake time.Duration
}

// Model is an agent.Model over HTTP. It is safe for concurrent use and keeps
// connections open between calls.
type Model struct {
	base    string // without trailing slash
	key     string
	name    string
	unset   bool // neither key nor base URL was given
	retries uint
	idle    time.Duration
	http    *http.Client
	log     *zap.Logger

	firstDelay time.Duration // before the first retry; tests shorten it

	// noUsage is set when the endpoint has refused stream_options: usage is then
	// missing, but the endpoint answers.
	noUsage atomic.Bool
}

// New makes a Model. It fails, naming the setting, when the base URL or the key
// is not usable. Only Chat reports a missing key, so that a server can start
// without one.
func New(o Options) (*Model, error) {
	base, err := checkBaseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	key := strings.TrimSpace(o.APIKey) // a key read from a file ends in a newline
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("OPENAI_API_KEY holds a character that no HTTP header can carry: set the key alone, without spaces or line breaks")
	}
	m := &Model{
		base:       base,
		key:        key,
		name:       o.Model,
		unset:      key == "" && strings.TrimSpace(o.BaseURL) == "",
		retries:    DefaultRetries,
		idle:       o.IdleTimeout,
		http:       newHTTPClient(o.HTTPTimeouts),
		log:        o.Logger,
		firstDelay: firstDelay,
	}
	switch {
	case o.Retries < 0:
		m.retries = 0
	case o.Retries > 0:
		m.retries = uint(o.Retries)
	}
	if m.idle == 0 {
		m.idle = DefaultIdleTimeout
	}
	if m.log == nil {
		m.log = zap.NewNop()
	}
	return m, nil
}

// Close closes idle connections. Running calls are not affected.
func (m *Model) Close() { m.http.CloseIdleConnections() }

// Chat implements agent.Model.
func (m *Model) Chat(ctx context.Context, req agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
	if ctx.Err() != nil {
		return agent.Reply{}, context.Cause(ctx)
	}
	if m.unset {
		return agent.Reply{}, fmt.Errorf("%w: set OPENAI_API_KEY, or OPENAI_BASE_URL for an endpoint that needs no key", agent.ErrAuthRequired)
	}
	name := req.Model
	if name == "" {
		name = m.name
	}
	if name == "" {
		return agent.Reply{}, errors.New("no model name is given: set PYGENT_MODEL")
	}
	return m.retry(ctx, call{model: name, wire: wireRequest(req), messages: len(req.Messages)}, emit)
}

// checkBaseURL returns raw in a form to which paths are appended. Its errors do
// not repeat a value that can hold a password.
func checkBaseURL(raw string) (string, error) {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return DefaultBaseURL, nil
	}
	shown := fmt.Sprintf("%q", raw)
	if strings.ContainsAny(raw, "@?#") {
		shown = "(value not shown)"
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "", fmt.Errorf("OPENAI_BASE_URL %s is not a URL", shown)
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("OPENAI_BASE_URL %s must begin with http:// or https://", shown)
	case u.Hostname() == "":
		return "", fmt.Errorf("OPENAI_BASE_URL %s names no host", shown)
	case u.User != nil:
		return "", errors.New("OPENAI_BASE_URL must not hold a user or password: set OPENAI_API_KEY instead")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("OPENAI_BASE_URL must not hold a query or a fragment")
	case strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/chat/completions"):
		return "", fmt.Errorf("OPENAI_BASE_URL %s must end before /chat/completions", shown)
	}
	return strings.TrimRight(u.String(), "/"), nil
}
