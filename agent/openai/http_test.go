package openai

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

func status(code int, body string, header ...string) agenttest.Status {
	s := agenttest.Status{Code: code, Body: body, Header: map[string]string{}}
	for i := 0; i+1 < len(header); i += 2 {
		s.Header[header[i]] = header[i+1]
	}
	return s
}

func TestAnswersThatAreNoStream(t *testing.T) {
	page := "<!DOCTYPE html><html><head><title>Sign in</title></head><body>" + strings.Repeat("x", 5000)
	for name, tc := range map[string]struct {
		answer  any
		status  int
		retried bool
		says    []string
		is      error
	}{
		"401":                 {answer: status(401, `{"error":{"message":"Incorrect API key provided: `+testKey+`","code":"invalid_api_key"}}`), status: 401, says: []string{"OPENAI_API_KEY", "[redacted]"}},
		"401, masked key":     {answer: status(401, `{"error":{"message":"Incorrect API key provided: sk-te**********cdef."}}`), status: 401, says: []string{"provided: [redacted]"}},
		"403":                 {answer: status(403, `{"error":"no"}`), status: 403, says: []string{"OPENAI_API_KEY", "no"}},
		"404":                 {answer: status(404, `{"error":{"message":"model not found"}}`), status: 404, says: []string{`"test-model"`, "OPENAI_BASE_URL", "http://127.0.0.1:"}},
		"400":                 {answer: status(400, `{"error":{"message":"bad schema","type":"invalid_request_error"}}`), status: 400, says: []string{"bad schema", "invalid_request_error"}},
		"400 too long":        {answer: status(400, `{"error":{"message":"…","code":"context_length_exceeded"}}`), status: 400, is: agent.ErrContextOverflow},
		"400 too long, vLLM":  {answer: status(400, `{"object":"error","message":"This model's maximum context length is 4096 tokens","type":"BadRequestError","code":400}`), status: 400, is: agent.ErrContextOverflow},
		"400 too long, array": {answer: status(400, `[{"error":{"code":400,"message":"The input token count exceeds the maximum","status":"INVALID_ARGUMENT"}}]`), status: 400, is: agent.ErrContextOverflow},
		"413":                 {answer: status(413, `too large`), status: 413, is: agent.ErrContextOverflow},
		"422 detail":          {answer: status(422, `{"detail":[{"msg":"field required","loc":["body"]}]}`), status: 422, says: []string{"field required"}},
		"408":                 {answer: status(408, ``), status: 408, retried: true},
		"409":                 {answer: status(409, ``), status: 409, retried: true},
		"429":                 {answer: status(429, `{"error":{"message":"slow down","type":"rate_limit_error"}}`), status: 429, retried: true, says: []string{"slow down"}},
		"429 without credit":  {answer: status(429, `{"error":{"message":"pay","type":"insufficient_quota"}}`), status: 429, says: []string{"pay"}},
		"429 for ever":        {answer: status(429, `{"error":{"message":"slow down"}}`, "Retry-After", "99999"), status: 429, says: []string{"27h46m39s", "1m0s"}},
		"500":                 {answer: status(500, `oops`, "Content-Type", "text/plain"), status: 500, retried: true, says: []string{"oops"}},
		"502 page":            {answer: status(502, page, "Content-Type", "text/html"), status: 502, retried: true, says: []string{`an HTML page titled Sign in`}},
		"529":                 {answer: status(529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`), status: 529, retried: true, says: []string{"Overloaded"}},
		"provider's words":    {answer: status(503, `{"error":{"message":"Provider returned error","metadata":{"raw":"the GPU burns"}}}`), status: 503, retried: true, says: []string{"the GPU burns"}},
		"huge":                {answer: status(500, strings.Repeat("x", 10<<20)), status: 500, retried: true, says: []string{"xxx…"}},
		"control characters":  {answer: status(400, `{"error":{"message":"a\u001b]52;c;x\u0007\u202eb\r\nc"}}`), status: 400, says: []string{"a ]52;c;x b c"}},
		"HTML with 200":       {answer: status(200, page, "Content-Type", "text/html; charset=utf-8"), status: 200, says: []string{"text/html", "Sign in", "OPENAI_BASE_URL"}},
		"error with 200":      {answer: status(200, `{"error":{"message":"no such thing"}}`), status: 200, says: []string{"no such thing"}},
		"503 within a 200":    {answer: status(200, `{"error":{"message":"busy","code":503}}`), status: 503, retried: true, says: []string{"busy"}},
		"completion with 200": {answer: status(200, `{"choices":[{"message":{"content":"the password is hunter2"}}]}`), status: 200, says: []string{"application/json", "event stream"}},
		"307":                 {answer: status(307, ``, "Location", "https://elsewhere.example/v1/x?key=hunter2"), status: 307, says: []string{"https://elsewhere.example/v1/x", "OPENAI_BASE_URL"}},
		"302":                 {answer: status(302, ``), status: 302, says: []string{"elsewhere"}},
		"204":                 {answer: status(204, ``), status: 204, says: []string{"no reason given"}},
	} {
		t.Run(name, func(t *testing.T) {
			srv := agenttest.Server(t, tc.answer, tc.answer)
			got := chat(t, t.Context(), newModel(t, srv.URL, func(o *Options) { o.Retries = 1 }), agent.Request{})
			pe := got.provider(t)
			if pe.HTTPStatus != tc.status {
				t.Errorf("status %d, want %d", pe.HTTPStatus, tc.status)
			}
			if retried := len(srv.Requests()) == 2; retried != tc.retried {
				t.Errorf("retried: %v, want %v", retried, tc.retried)
			}
			for _, s := range tc.says {
				if !strings.Contains(pe.Error(), s) {
					t.Errorf("%q does not say %q", pe, s)
				}
			}
			if tc.is != nil && !errors.Is(got.err, tc.is) {
				t.Errorf("%v is not %v", got.err, tc.is)
			}
			if len(pe.Error()) > 1500 || strings.Contains(pe.Error(), "hunter2") {
				t.Errorf("the error is too long, or holds a secret: %v", pe)
			}
		})
	}
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	for name, value := range map[string]func() string{
		"seconds": func() string { return "1" },
		"date":    func() string { return time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			srv := agenttest.Server(t, status(429, `{}`, "Retry-After", value()), agenttest.Text("ok"))
			begin := time.Now()
			got := chat(t, t.Context(), newModel(t, srv.URL), agent.Request{})
			if got.err != nil {
				t.Fatal(got.err)
			}
			// A header's date has no fractions, so the wait can be up to a second
			// shorter.
			if len(got.retries) != 1 || time.Since(begin) < got.retries[0].Delay || got.retries[0].Delay < 100*time.Millisecond {
				t.Errorf("waited %v of %+v", time.Since(begin), got.retries)
			}
		})
	}
}

func TestRetryAfterHeader(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		value string
		want  time.Duration
	}{
		{"", 0},
		{"2", 2 * time.Second},
		{"0.5", 500 * time.Millisecond},
		{"-3", 0},
		{"soon", 0},
		{"99999", 99999 * time.Second},
		{"99999999999999", 1e9 * time.Second},
		{"NaN", 0},
		{"Sun, 22 Nov 2026 12:00:07 GMT", 7 * time.Second},
		{"Sun, 22 Nov 2026 11:00:00 GMT", 0},
	} {
		if got := retryAfter(http.Header{"Retry-After": {tc.value}}, now); got != tc.want {
			t.Errorf("%q: %v, want %v", tc.value, got, tc.want)
		}
	}
	if got := retryAfter(http.Header{"Retry-After-Ms": {"250"}, "Retry-After": {"1"}}, now); got != 250*time.Millisecond {
		t.Errorf("milliseconds: %v", got)
	}
}

func TestScheduleDoublesAndHonoursRetryAfter(t *testing.T) {
	s := &schedule{}
	s.exp.InitialInterval, s.exp.RandomizationFactor, s.exp.Multiplier, s.exp.MaxInterval = firstDelay, jitter, 2, maxDelay
	s.Reset()
	for want := firstDelay; want <= 4*time.Second; want *= 2 {
		if got := s.NextBackOff(); got < want*3/4 || got > want*5/4+1 {
			t.Errorf("delay %v, want %v ± 25%%", got, want)
		}
	}
	for range 100 {
		s.Reset()
		s.atLeast = 2 * time.Second
		if got := s.NextBackOff(); got < 2*time.Second || got > 2200*time.Millisecond+1 {
			t.Errorf("delay %v for a Retry-After of 2 s", got)
		}
		s.atLeast = maxRetryAfter
		if got := s.NextBackOff(); got != maxRetryAfter {
			t.Errorf("delay %v for a Retry-After of %v", got, maxRetryAfter)
		}
	}
}

func TestRetriesEnd(t *testing.T) {
	down := status(500, `{"error":{"message":"down"}}`)
	for _, tc := range []struct{ option, requests int }{{-1, 1}, {0, 5}, {2, 3}} {
		srv := agenttest.Server(t, down, down, down, down, down, down)
		got := chat(t, t.Context(), newModel(t, srv.URL, func(o *Options) { o.Retries = tc.option }), agent.Request{})
		if pe := got.provider(t); pe.HTTPStatus != 500 || len(srv.Requests()) != tc.requests || len(got.retries) != tc.requests-1 {
			t.Errorf("Retries %d: %d requests, %d retries, %v", tc.option, len(srv.Requests()), len(got.retries), pe)
		}
	}
}

// The last attempt's error counts, also when that one is not retryable.
func TestRetryThenRefusal(t *testing.T) {
	srv := agenttest.Server(t, status(500, `down`), status(401, `{"error":{"message":"no"}}`))
	got := chat(t, t.Context(), newModel(t, srv.URL, func(o *Options) { o.Retries = 1 }), agent.Request{})
	if pe := got.provider(t); pe.HTTPStatus != 401 || pe.Retryable {
		t.Errorf("got %+v", pe)
	}
}

func TestCancelDuringTheWait(t *testing.T) {
	srv := agenttest.Server(t, status(503, ``, "Retry-After", "50"))
	m := newModel(t, srv.URL)
	cause := errors.New("the user said so")
	ctx, cancel := context.WithCancelCause(t.Context())
	begin := time.Now()
	_, err := m.Chat(ctx, agent.Request{Messages: []event.Message{{Role: event.RoleUser, Content: "hi"}}}, func(d agent.Delta) {
		if d.Retry != nil {
			time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
		}
	})
	if !errors.Is(err, cause) || time.Since(begin) > 20*time.Second {
		t.Errorf("after %v: %v", time.Since(begin), err)
	}
}

func TestStreamOptionsRefused(t *testing.T) {
	refusal := status(400, `{"error":{"message":"Unrecognized request argument supplied: stream_options"}}`)
	srv := agenttest.Server(t, refusal, agenttest.Text("one"), agenttest.Text("two"))
	m := newModel(t, srv.URL)
	for _, want := range []string{"one", "two"} {
		got := chat(t, t.Context(), m, agent.Request{})
		if got.err != nil || got.reply.Message.Content != want || len(got.retries) != 0 {
			t.Errorf("got %+v, want %s", got, want)
		}
	}
	for i, r := range srv.Requests() {
		if there := strings.Contains(string(r.Body), "stream_options"); there != (i == 0) {
			t.Errorf("request %d has stream_options: %v", i+1, there)
		}
	}
}

func TestStreamOfAnotherContentType(t *testing.T) {
	for _, kind := range []string{"text/plain", "application/json", "application/octet-stream"} {
		srv := agenttest.Server(t, func(w http.ResponseWriter, _ agenttest.ServerRequest) {
			w.Header().Set("Content-Type", kind)
			agenttest.WriteRaw(w, "\n"+hello+stop+done)
		})
		if got := chat(t, t.Context(), newModel(t, srv.URL), agent.Request{}); got.err != nil || got.text != "hello" {
			t.Errorf("%s: %+v", kind, got)
		}
	}
}

func TestNoConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	got := chat(t, t.Context(), newModel(t, "http://"+address+"/v1", func(o *Options) { o.Retries = 2 }), agent.Request{})
	if pe := got.provider(t); len(got.retries) != 2 || !strings.Contains(pe.Message, "nothing listens at http://"+address) || !strings.Contains(pe.Message, "3 attempts") {
		t.Errorf("%d retries, %v", len(got.retries), pe)
	}
}

func TestTLSTrouble(t *testing.T) {
	plain := agenttest.Server(t)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it reports the refused handshake
	secure.StartTLS()
	defer secure.Close()
	for url, says := range map[string]string{
		strings.Replace(plain.URL, "http:", "https:", 1): "http://",
		secure.URL: "certificate",
	} {
		got := chat(t, t.Context(), newModel(t, url), agent.Request{})
		if pe := got.provider(t); pe.Retryable || len(got.retries) != 0 || !strings.Contains(pe.Message, says) {
			t.Errorf("%d retries, %v", len(got.retries), pe)
		}
	}
}

func TestShortKeyIsNotHuntedInTexts(t *testing.T) {
	srv := agenttest.Server(t, status(400, `{"error":{"message":"an example"}}`))
	got := chat(t, t.Context(), newModel(t, srv.URL, func(o *Options) { o.APIKey = "x" }), agent.Request{})
	if !strings.Contains(got.err.Error(), "an example") {
		t.Error(got.err)
	}
}
