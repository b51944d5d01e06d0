package openai

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/pygent/pygent/agent"
)

const (
	maxExcerpt = 600 // bytes of a provider's text in an error
	minSecret  = 4   // a shorter key is a placeholder; redacting it would garble the text
)

// statusError words an answer other than 200.
func (m *Model) statusError(resp *http.Response, body []byte, model string) error {
	f, ok := parseFault(body)
	if !ok {
		f.message = plainText(resp.Header.Get("Content-Type"), body)
	}
	pe := m.faultError(f, resp.StatusCode, model)
	pe.RetryAfter = retryAfter(resp.Header, time.Now())
	pe.Retryable = retryableStatus(resp.StatusCode) && !f.exhausted()
	return pe
}

// typeError words a 200 that is not an event stream.
func (m *Model) typeError(resp *http.Response, kind string, body []byte, model string) error {
	if kind == "" {
		kind = "an untyped body"
	}
	f, ok := parseFault(body)
	if ok && (f.message != "" || f.status != 0) {
		status := f.status
		if status == 0 {
			status = resp.StatusCode
		}
		pe := m.faultError(f, status, model)
		pe.Retryable = !f.exhausted() && (retryableStatus(f.status) || (f.status == 0 && f.transient(false)))
		return pe
	}
	said := m.excerpt([]byte(plainText(kind, body)))
	if ok { // may be a whole reply: its text must not be in an error
		said = fmt.Sprintf("%d bytes of JSON", len(body))
	}
	return &agent.ProviderError{
		HTTPStatus: resp.StatusCode,
		Message: fmt.Sprintf("%s answered %s where an event stream was due; check that OPENAI_BASE_URL is the base of an OpenAI-compatible API (it often ends in /v1): %s",
			m.base, m.excerpt([]byte(kind)), said),
	}
}

// redirectError names the target of a redirect, which is not followed.
func (m *Model) redirectError(resp *http.Response) error {
	to := "elsewhere"
	if u, err := resp.Location(); err == nil {
		to = m.excerpt([]byte(u.Scheme + "://" + u.Host + u.Path))
	}
	return &agent.ProviderError{
		HTTPStatus: resp.StatusCode,
		Message:    fmt.Sprintf("%s redirects to %s; this is not followed, because the other address would get the key and the conversation: set OPENAI_BASE_URL to the right address", m.base, to),
	}
}

// eventError words an error inside the stream: field is its "error", raw the
// whole event.
func (m *Model) eventError(raw, field []byte) error {
	if len(field) == 0 || string(field) == "null" {
		field = raw
	}
	f, _ := parseFault(field)
	pe := m.faultError(f, f.status, "")
	// The request was accepted, so an error of unknown kind is the provider's and
	// temporary.
	if f.status != 0 {
		pe.Retryable = retryableStatus(f.status) && !f.exhausted()
	} else {
		pe.Retryable = !f.tooLong(0) && f.transient(true)
	}
	return pe
}

// faultError words f. The caller sets Retryable.
func (m *Model) faultError(f fault, status int, model string) *agent.ProviderError {
	said := m.excerpt([]byte(f.message))
	if said == "" {
		said = "no reason given"
	}
	if len(f.words) > 0 {
		said += " (" + m.excerpt([]byte(strings.Join(f.words, ", "))) + ")"
	}
	pe := &agent.ProviderError{HTTPStatus: status, Message: m.base + " answered: " + said}
	switch {
	case f.tooLong(status):
		pe.Err = agent.ErrContextOverflow
		pe.Message = fmt.Sprintf("%s; %s answered: %s", agent.ErrContextOverflow, m.base, said)
	case status == http.StatusUnauthorized && m.key == "":
		pe.Message = fmt.Sprintf("%s wants an API key: set OPENAI_API_KEY; it answered: %s", m.base, said)
	case status == http.StatusUnauthorized:
		pe.Message = fmt.Sprintf("%s refused the API key: check OPENAI_API_KEY; it answered: %s", m.base, said)
	case status == http.StatusForbidden:
		pe.Message = fmt.Sprintf("%s refused access: check what the key in OPENAI_API_KEY is allowed to use; it answered: %s", m.base, said)
	case status == http.StatusNotFound:
		pe.Message = fmt.Sprintf("%s does not know model %q, or is not the base URL of an OpenAI-compatible API: check PYGENT_MODEL and OPENAI_BASE_URL; it answered: %s", m.base, model, said)
	}
	return pe
}

// connectionError words a failure below HTTP, or during the stream.
func (m *Model) connectionError(err error) error {
	var (
		urlErr  *url.Error
		netErr  net.Error
		dnsErr  *net.DNSError
		certErr *tls.CertificateVerificationError
		hostErr x509.HostnameError
		record  tls.RecordHeaderError
	)
	if errors.As(err, &urlErr) {
		err = urlErr.Err // the message has the URL already
	}
	pe := &agent.ProviderError{Retryable: true, Err: err}
	switch {
	case errors.As(err, &certErr), errors.As(err, &hostErr):
		pe.Retryable = false
		pe.Message = fmt.Sprintf("the certificate of %s is not trusted", m.base)
	case errors.As(err, &record), strings.Contains(err.Error(), "gave HTTP response to HTTPS client"):
		pe.Retryable = false
		pe.Message = fmt.Sprintf("%s does not speak TLS: OPENAI_BASE_URL may have to begin with http://", m.base)
	case errors.As(err, &dnsErr):
		pe.Message = fmt.Sprintf("the host of %s cannot be found: check OPENAI_BASE_URL and the network", m.base)
	case errors.Is(err, syscall.ECONNREFUSED):
		pe.Message = fmt.Sprintf("nothing listens at %s: check OPENAI_BASE_URL, and that the server runs", m.base)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		pe.Message = m.base + " broke off the connection"
	case errors.As(err, &netErr) && netErr.Timeout():
		pe.Message = "no connection to " + m.base + " in time"
	default:
		pe.Message = "no connection to " + m.base
	}
	pe.Message += ": " + m.excerpt([]byte(err.Error()))
	return pe
}

// refusesStreamOptions recognises servers that are older than that field.
func refusesStreamOptions(err error) bool {
	var pe *agent.ProviderError
	if !errors.As(err, &pe) || (pe.HTTPStatus != http.StatusBadRequest && pe.HTTPStatus != http.StatusUnprocessableEntity) {
		return false
	}
	return strings.Contains(pe.Message, "stream_options") || strings.Contains(pe.Message, "include_usage")
}

// plainText returns the readable part of a body that is not JSON.
func plainText(contentType string, body []byte) string {
	if strings.Contains(contentType, "html") || strings.HasPrefix(strings.TrimSpace(strings.ToLower(string(body[:min(len(body), 64)]))), "<!doctype") {
		if title := htmlTitle.FindSubmatch(body); title != nil {
			return "an HTML page titled " + string(title[1])
		}
		return "an HTML page"
	}
	return string(body)
}

var (
	htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.{0,200}?)</title>`)
	// keyLike matches a key in a provider's text, masked or not. It can be
	// another person's key: gateways quote the one that they use themselves.
	keyLike = regexp.MustCompile(`(?i)\b(sk-|bearer\s+)[A-Za-z0-9_.*+/=-]{6,}`)
)

// excerpt makes a provider's text safe for an error: no key, no control
// characters, valid UTF-8, bounded.
func (m *Model) excerpt(raw []byte) string {
	s := strings.ToValidUTF8(string(raw), "\uFFFD")
	if len(m.key) >= minSecret {
		s = strings.ReplaceAll(s, m.key, "[redacted]")
		s = strings.ReplaceAll(s, url.QueryEscape(m.key), "[redacted]")
	}
	s = keyLike.ReplaceAllString(s, "[redacted]")
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	}), " ")
	if len(s) > maxExcerpt {
		s = strings.ToValidUTF8(s[:maxExcerpt], "") + "…"
	}
	return s
}
