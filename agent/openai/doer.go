package openai

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxErrorBody  = 64 << 10 // read of an answer that is not a stream
	idleConnLimit = 90 * time.Second
	pingAfter     = 15 * time.Second // HTTP/2: finds a dead connection before it is used again
)

// newHTTPClient makes a client that keeps connections open and follows no
// redirects.
func newHTTPClient(t HTTPTimeouts) *http.Client {
	orDefault := func(d time.Duration) time.Duration {
		if d <= 0 {
			return defaultDialTimeout
		}
		return d
	}
	return &http.Client{
		// A 307 would send the conversation and the key to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: orDefault(t.Connect)}).DialContext,
			TLSHandshakeTimeout: orDefault(t.TLSHandshake),
			ForceAttemptHTTP2:   true,
			HTTP2:               &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingAfter},
			MaxIdleConnsPerHost: 8,
			IdleConnTimeout:     idleConnLimit,
			DisableCompression:  true, // compressed events arrive late, several at a time
		},
	}
}

// doer is the HTTP client that go-openai gets, made for one attempt. It returns a
// valid event stream or an error of this package's contract.
type doer struct {
	model *Model
	name  string // of the model
	quiet *silence
	body  *eventBody // of the stream, once it has begun
}

// Do implements goopenai.HTTPDoer.
func (d *doer) Do(req *http.Request) (*http.Response, error) {
	if err := putModelName(req, d.name); err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "pygent")
	d.quiet.start()
	resp, err := d.model.http.Do(req)
	d.quiet.stop()
	if err != nil {
		return nil, err
	}
	body, err := d.stream(resp)
	if err != nil {
		resp.Body.Close()
		return nil, err
	}
	d.body = body
	resp.Body = body
	return resp, nil
}

// stream returns the event stream of resp, or the reason why it has none.
func (d *doer) stream(resp *http.Response) (*eventBody, error) {
	src := bufio.NewReaderSize(watched{resp.Body, d.quiet}, readBuffer)
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, d.model.redirectError(resp)
	case resp.StatusCode != http.StatusOK:
		body, err := io.ReadAll(io.LimitReader(src, maxErrorBody))
		if err != nil && len(body) == 0 {
			body = []byte("its explanation could not be read")
		}
		return nil, d.model.statusError(resp, body, d.name)
	}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	if kind != "text/event-stream" && !looksLikeEvents(src) {
		body, err := io.ReadAll(io.LimitReader(src, maxErrorBody))
		if err != nil {
			return nil, err // cut or silent: a fault of the connection, not of the type
		}
		return nil, d.model.typeError(resp, kind, body, d.name)
	}
	return newEventBody(src, resp.Body, d.quiet), nil
}

// looksLikeEvents reports whether a body of another declared type is an event
// stream: simple servers omit the header.
func looksLikeEvents(src *bufio.Reader) bool {
	const longest = len("retry:")
	begin, err := src.Peek(longest)
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	begin = bytes.TrimLeft(begin, "\r\n")
	for _, field := range []string{"data:", "event:", "id:", "retry:", ":"} {
		if bytes.HasPrefix(begin, []byte(field)) {
			return true
		}
	}
	return false
}

// modelGap is the beginning of the body when the request names no model.
// go-openai refuses some names together with tools, by lists that become
// outdated, so it never gets the name: the endpoint decides about it.
const modelGap = `{"model":""`

// putModelName inserts the model's name. It does not copy the conversation.
func putModelName(req *http.Request, name string) error {
	quoted, err := json.Marshal(name)
	if err != nil {
		return fmt.Errorf("model name: %w", err)
	}
	begin := `{"model":` + string(quoted)
	rest := req.GetBody
	open := func() (io.ReadCloser, error) {
		body, err := rest()
		if err != nil {
			return nil, err
		}
		gap := make([]byte, len(modelGap))
		if _, err := io.ReadFull(body, gap); err != nil || string(gap) != modelGap {
			return nil, errors.New("openai: the client library writes requests in another way than this package was made for")
		}
		return struct {
			io.Reader
			io.Closer
		}{io.MultiReader(strings.NewReader(begin), body), body}, nil
	}
	body, err := open()
	if err != nil {
		return err
	}
	req.Body = body
	req.GetBody = open
	req.ContentLength += int64(len(begin) - len(modelGap))
	return nil
}

// retryAfter reads the header: seconds or a date, or milliseconds as some
// gateways send. 0 means no usable value.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms := number(h.Get("Retry-After-Ms")); ms > 0 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	value := strings.TrimSpace(h.Get("Retry-After"))
	if s := number(value); s > 0 {
		return time.Duration(s * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// number reads a number that fits a duration; 0 if it is none.
func number(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(n) {
		return 0
	}
	return min(max(n, 0), 1e9)
}
