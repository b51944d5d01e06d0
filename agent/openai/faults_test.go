package openai

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

// hangUp sends some events, then resets the connection.
func hangUp(events string) serve {
	return func(w http.ResponseWriter, r agenttest.ServerRequest) {
		raw(events)(w, r)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// silent sends some events, then nothing until the client leaves.
func silent(events string) serve {
	return func(w http.ResponseWriter, r agenttest.ServerRequest) {
		if events != "" {
			raw(events)(w, r)
		}
		<-r.Gone
	}
}

func TestFailedStreams(t *testing.T) {
	half := hello + calls(`[{"index":0,"id":"a","function":{"name":"bash","arguments":"{\"cmd\":\"rm -rf x\"}"}}]`)
	for name, tc := range map[string]struct {
		serve   serve
		message string // in the error
		retried bool
		partial string
		is      error
	}{
		"cut cleanly":                   {raw(half), "finish_reason", true, "hello", nil},
		"cut in an event":               {raw(half, `data: {"choices":[{"del`), "finish_reason", true, "hello", nil},
		"DONE without a finish":         {raw(half + done), "finish_reason", true, "hello", nil},
		"reset":                         {hangUp(half), "broke off", true, "hello", nil},
		"silent":                        {silent(half), "sent nothing for", true, "hello", nil},
		"silent from the beginning":     {silent(""), "sent nothing for", true, "", nil},
		"garbage":                       {raw(half + "data: {]\n\n" + stop), "not JSON", true, "hello", nil},
		"error event":                   {raw(half + `data: {"error":{"message":"The server had an error","type":"server_error"}}` + "\n\n" + stop + done), "The server had an error", true, "hello", nil},
		"error event after comments":    {raw(": wait\n\n" + half + `data: {"error":{"message":"boom","code":502}}` + "\n\n" + done), "boom", true, "hello", nil},
		"error event, other spacing":    {raw(half + `data:  { "error" : {"message":"boom"} }` + "\n\n"), "boom", true, "hello", nil},
		"error event, text":             {raw(half + `data: {"error":"boom"}` + "\n\n"), "boom", true, "hello", nil},
		"error event, error comes last": {raw(half + `data: {"id":"x","choices":[{"delta":{},"finish_reason":"error"}],"error":{"code":502,"message":"boom"}}` + "\n\n"), "boom", true, "hello", nil},
		"error by the event's name":     {raw(half + "event: error\n" + `data: {"message":"boom","type":"overloaded_error"}` + "\n\n"), "boom", true, "hello", nil},
		"error as the object":           {raw(half + `data: {"object":"error","message":"boom","code":500}` + "\n\n"), "boom", true, "hello", nil},
		"error without framing":         {raw(half + `{"error":{"message":"boom"}}` + "\n"), "boom", true, "hello", nil},
		"error finish":                  {raw(half + `data: {"choices":[{"delta":{},"finish_reason":"error"}]}` + "\n\n" + done), "finish_reason error", true, "hello", nil},
		"error event after the finish":  {raw(half + finish + `data: {"error":{"message":"late"}}` + "\n\n" + done), "late", true, "hello", nil},
		"error event of the client":     {raw(half + `data: {"error":{"message":"bad tool schema","type":"invalid_request_error"}}` + "\n\n"), "bad tool schema", false, "hello", nil},
		"error event, context":          {raw(`data: {"error":{"message":"too long","code":"context_length_exceeded"}}` + "\n\n"), "too long", false, "", agent.ErrContextOverflow},
		"stray text":                    {raw("upstream has gone away\n\n"), "upstream has gone away", true, "", nil},
		"an endless line":               {raw(half, "data: "+strings.Repeat("x", maxEventBytes+1)), "too large", false, "hello", nil},
	} {
		t.Run(name, func(t *testing.T) {
			srv := agenttest.Server(t, tc.serve, tc.serve)
			m := newModel(t, srv.URL, func(o *Options) { o.Retries = 1; o.IdleTimeout = 150 * time.Millisecond })
			got := chat(t, t.Context(), m, agent.Request{})
			pe := got.provider(t)
			if !strings.Contains(pe.Message, tc.message) || !strings.Contains(pe.Message, srv.URL) && tc.message != "too large" {
				t.Errorf("message %q does not say %q", pe.Message, tc.message)
			}
			if tc.is != nil && !errors.Is(got.err, tc.is) {
				t.Errorf("%v is not %v", got.err, tc.is)
			}
			if pe.Retryable != tc.retried || (len(got.retries) == 1) != tc.retried {
				t.Errorf("retryable %v, retries %+v; want %v", pe.Retryable, got.retries, tc.retried)
			}
			if got.reply.Message.Content != tc.partial || len(got.reply.Message.ToolCalls) != 0 || got.reply.Finish != "" {
				t.Errorf("partial reply is %+v", got.reply)
			}
		})
	}
}

// A malformed event is part of the conversation, so errors must not quote it.
func TestBrokenEventsAreNotQuoted(t *testing.T) {
	for name, stream := range map[string]string{
		"not JSON":    `data: {"choices":[{"delta":{"content":"password is hunter2"}}` + "\n\n",
		"no string":   `data: {"choices":[{"delta":{"content":"a"}}],hunter2}` + "\n\n",
		"no fields":   `data: "password is hunter2"` + "\n\n",
		"torn":        hello + "password is hunter2\n",
		"wrong parts": `data: {"choices":[{"delta":{"content":["password is hunter2"]}}]}` + "\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			core, logged := observer.New(zap.DebugLevel)
			srv := agenttest.Server(t, raw(stream), raw(stream))
			got := chat(t, t.Context(), newModel(t, srv.URL, func(o *Options) { o.Retries = 1; o.Logger = zap.New(core) }), agent.Request{})
			pe := got.provider(t)
			if all := fmt.Sprintf("%v %v %+v %+v", got.err, pe.Err, got.retries, logged.All()); strings.Contains(all, "hunter2") {
				t.Errorf("the conversation is quoted: %s", all)
			}
		})
	}
}

func TestCutStreamIsRetried(t *testing.T) {
	srv := agenttest.Server(t, hangUp(hello), raw(hello), agenttest.Text("whole reply"))
	got := chat(t, t.Context(), newModel(t, srv.URL), agent.Request{})
	if got.err != nil {
		t.Fatal(got.err)
	}
	if got.reply.Message.Content != "whole reply" || got.text != "whole reply" {
		t.Errorf("reply %q, deltas after the last retry %q", got.reply.Message.Content, got.text)
	}
	if len(got.retries) != 2 || got.retries[0].Attempt != 1 || got.retries[1].Attempt != 2 || got.retries[0].Reason == "" {
		t.Errorf("retries %+v", got.retries)
	}
}

// A reply with its finish reason is complete, even if the connection then fails.
func TestStreamBrokenBehindTheFinish(t *testing.T) {
	for name, s := range map[string]serve{"reset": hangUp(hello + stop), "silent": silent(hello + stop)} {
		t.Run(name, func(t *testing.T) {
			srv := agenttest.Server(t, s)
			m := newModel(t, srv.URL, func(o *Options) { o.IdleTimeout = 150 * time.Millisecond })
			got := chat(t, t.Context(), m, agent.Request{})
			if got.err != nil || got.reply.Message.Content != "hello" {
				t.Errorf("reply %+v, error %v", got.reply, got.err)
			}
		})
	}
}

// Comments do not extend the wait: the stream may send them for ever.
func TestCommentsBehindTheFinishGainNoTime(t *testing.T) {
	chatter := func(events string) serve {
		return func(w http.ResponseWriter, r agenttest.ServerRequest) {
			raw(events)(w, r)
			for {
				select {
				case <-r.Gone:
					return
				case <-time.After(20 * time.Millisecond):
					agenttest.WriteRaw(w, ": keep-alive\n\n")
				}
			}
		}
	}
	for name, events := range map[string]string{"without DONE": hello + stop, "behind DONE": hello + stop + done} {
		t.Run(name, func(t *testing.T) {
			srv := agenttest.Server(t, chatter(events))
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			got := chat(t, ctx, newModel(t, srv.URL), agent.Request{})
			if ctx.Err() != nil || got.err != nil || got.reply.Message.Content != "hello" || got.reply.Finish != agent.FinishStop {
				t.Errorf("reply %+v, error %v", got.reply, got.err)
			}
		})
	}
}

// A slow client must not look like a silent endpoint.
func TestSlowReaderIsNotSilence(t *testing.T) {
	srv := agenttest.Server(t, raw(hello, hello, stop, done))
	m := newModel(t, srv.URL, func(o *Options) { o.IdleTimeout = 50 * time.Millisecond; o.Retries = -1 })
	_, err := m.Chat(t.Context(), agent.Request{Messages: []event.Message{{Role: event.RoleUser, Content: "hi"}}}, func(agent.Delta) {
		time.Sleep(120 * time.Millisecond)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCancelDuringTheStream(t *testing.T) {
	srv := agenttest.Server(t, silent(hello))
	m := newModel(t, srv.URL)
	cause := errors.New("the user said so")
	ctx, cancel := context.WithCancelCause(t.Context())
	reply, err := m.Chat(ctx, agent.Request{Messages: []event.Message{{Role: event.RoleUser, Content: "hi"}}}, func(agent.Delta) { cancel(cause) })
	if !errors.Is(err, cause) || reply.Message.Content != "hello" {
		t.Errorf("reply %+v, error %v; want the partial text and the cause", reply, err)
	}
}

// Text that a Retry has made void must not be returned as the partial text.
func TestCancelBeforeTheRetryReturnsNoVoidText(t *testing.T) {
	srv := agenttest.Server(t, raw(hello))
	m := newModel(t, srv.URL)
	m.firstDelay = time.Minute
	cause := errors.New("the user said so")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	reply, err := m.Chat(ctx, agent.Request{Messages: []event.Message{{Role: event.RoleUser, Content: "hi"}}}, func(d agent.Delta) {
		if d.Retry != nil {
			cancel(cause)
		}
	})
	if !errors.Is(err, cause) || reply.Message.Content != "" {
		t.Errorf("reply %+v, error %v; want the cause alone", reply, err)
	}
}

func TestDeadlineIsItsCause(t *testing.T) {
	for name, s := range map[string]serve{"before the headers": silent(""), "in the stream": silent(hello)} {
		t.Run(name, func(t *testing.T) {
			srv := agenttest.Server(t, s)
			cause := errors.New("timeout after 0.1s")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, cause)
			defer cancel()
			got := chat(t, ctx, newModel(t, srv.URL), agent.Request{})
			if !errors.Is(got.err, cause) {
				t.Errorf("got %v", got.err)
			}
		})
	}
}
