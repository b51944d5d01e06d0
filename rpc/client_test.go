package rpc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/rpc/wire"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tasks"
)

// everything returns the parameters of a client with all capabilities.
func everything() InitializeParams {
	return InitializeParams{Capabilities: ClientCapabilities{Experimental: &ExperimentalClient{
		Pygent: &PygentClient{Approvals: true, AskUser: true},
	}}}
}

func TestClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := connect(t, newLab(Options{}), Handlers{})
		var early *Error
		if err := c.Call(t.Context(), "test/echo", echoParams{Text: "x"}, nil); !errors.As(err, &early) || early.Code != codeNotInitialized {
			t.Errorf("before initialize: %v", err)
		}
		var hello InitializeResult
		if err := c.Call(t.Context(), MethodInitialize, everything(), &hello); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{MethodEvent}, hello.Capabilities.Experimental.Pygent.Notifications); diff != "" {
			t.Error(diff)
		}
		var r echoResult
		if err := c.Call(t.Context(), "test/echo", echoParams{Text: "<&>\u2028"}, &r); err != nil || r.Text != "<&>\u2028" {
			t.Errorf("%q, %v", r.Text, err)
		}
		want := &Error{Code: codeProvider, Message: "model: HTTP 429: slow down", Data: &event.ErrorData{
			Kind: "provider", Retryable: true, HTTPStatus: 429, RetryAfterSeconds: 2,
		}}
		var got *Error
		if err := c.Call(t.Context(), "test/fail", nil, nil); !errors.As(err, &got) {
			t.Error(err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// A Call whose context ends cancels its request and returns the result of the cancelled
// step.
func TestClientCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := connect(t, newLab(Options{}), Handlers{})
		if err := c.Call(t.Context(), MethodInitialize, everything(), nil); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var r session.StepResult
		if err := c.Call(ctx, "test/step", nil, &r); err != nil || r.Status != event.StatusCancelled {
			t.Errorf("step: %+v, %v", r, err)
		}
		if err := c.Call(ctx, "test/hang", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("hang: %v", err)
		}
	})
}

func TestClientSeesTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c := NewClient(ours, Handlers{})
		go func() {
			_, _ = readFrame(bufio.NewReader(theirs))
			_ = theirs.Close()
		}()
		if err := c.Call(t.Context(), "x", nil, nil); !errors.Is(err, wire.ErrClosed) {
			t.Error(err)
		}
		<-c.Done()
		if !errors.Is(c.Err(), io.EOF) {
			t.Error(c.Err())
		}
		if err := c.Call(t.Context(), "x", nil, nil); !errors.Is(err, wire.ErrClosed) {
			t.Error(err)
		}
		_ = c.Close()
	})
}

// TestQuestions checks how the server takes the client's answers.
func TestQuestions(t *testing.T) {
	answer := func(v any, err error) func(context.Context, string, json.RawMessage) (any, error) {
		return func(context.Context, string, json.RawMessage) (any, error) { return v, err }
	}
	tests := []struct {
		name     string
		init     InitializeParams
		request  func(context.Context, string, json.RawMessage) (any, error)
		decision event.Choice
		answer   map[string]any
	}{
		{"yes", everything(), answer(map[string]string{"decision": "allow", "answer": "because"}, nil), "allow", map[string]any{"answer": "because", "ok": true}},
		{"no capability", InitializeParams{}, answer(map[string]string{"decision": "allow", "answer": "because"}, nil), "deny", map[string]any{"answer": "", "ok": false}},
		{"no method", everything(), nil, "deny", map[string]any{"answer": "", "ok": false}},
		{"an error", everything(), answer(nil, errors.New("no")), "deny", map[string]any{"answer": "", "ok": false}},
		{"rubbish", everything(), answer([]int{1}, nil), "deny", map[string]any{"answer": "", "ok": false}},
		{"no decision", everything(), answer(map[string]string{"decision": "perhaps"}, nil), "deny", map[string]any{"answer": "", "ok": true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := connect(t, newLab(Options{}), Handlers{Request: tt.request})
				if err := c.Call(t.Context(), MethodInitialize, tt.init, nil); err != nil {
					t.Fatal(err)
				}
				var d event.Decision
				if err := c.Call(t.Context(), "test/approve", nil, &d); err != nil || d.Decision != tt.decision {
					t.Errorf("%+v, %v", d, err)
				}
				var got map[string]any
				if err := c.Call(t.Context(), "test/ask", nil, &got); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(tt.answer, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Messages with actions reach clients that can show them, and only an offered action
// counts.
func TestShowMessage(t *testing.T) {
	allow, deny := MessageAction{"Allow"}, MessageAction{"Deny"}
	shown := ClientCapabilities{Window: &WindowClient{ShowMessage: &ShowMessageClient{}}}
	tests := []struct {
		name   string
		can    ClientCapabilities
		answer any
		err    error
		want   string // "" is none
	}{
		{"chosen", shown, deny, nil, "Deny"},
		{"more fields", shown, map[string]any{"title": "Allow", "extra": 1}, nil, "Allow"},
		{"dismissed", shown, nil, nil, ""},
		{"not offered", shown, MessageAction{"Perhaps"}, nil, ""},
		{"an error", shown, nil, errors.New("no"), ""},
		{"rubbish", shown, 7, nil, ""},
		{"no capability", ClientCapabilities{}, allow, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newLab(Options{})
				c, _ := connect(t, server, Handlers{Request: func(_ context.Context, method string, params json.RawMessage) (any, error) {
					if want := `{"type":2,"message":"Run ls?","actions":[{"title":"Allow"},{"title":"Deny"}]}`; method != methodShowMessage || string(params) != want {
						t.Errorf("%s %s", method, params)
					}
					return tt.answer, tt.err
				}})
				if err := c.Call(t.Context(), MethodInitialize, InitializeParams{Capabilities: tt.can}, nil); err != nil {
					t.Fatal(err)
				}
				title, ok, err := server.Peer().ShowMessage(t.Context(), MessageRequest{Type: MessageWarning, Message: "Run ls?", Actions: []MessageAction{allow, deny}})
				if title != tt.want || ok != (tt.want != "") || err != nil {
					t.Errorf("%q, %v, %v", title, ok, err)
				}
			})
		})
	}
}

// When the request that asks is cancelled, its question is cancelled too.
func TestQuestionWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, withdrawn := make(chan struct{}), make(chan struct{})
		server := newLab(Options{})
		c, _ := connect(t, server, Handlers{Request: func(ctx context.Context, _ string, _ json.RawMessage) (any, error) {
			close(asked)
			<-ctx.Done()
			close(withdrawn)
			return nil, ctx.Err()
		}})
		if err := c.Call(t.Context(), MethodInitialize, everything(), nil); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-asked
			cancel()
		}()
		if err := c.Call(ctx, "test/approve", nil, nil); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		<-withdrawn
		synctest.Wait()
		if server.peer.asks != 0 {
			t.Errorf("%d questions are open", server.peer.asks)
		}
	})
}

// When a client goes away, its open question is denied and nothing hangs.
func TestClientGoneWhileAsked(t *testing.T) {
	v := open(t, newLab(Options{}))
	v.send(t, `{"jsonrpc":"2.0","id":1,"method":"test/approve"}`)
	if got := v.reply(t); !strings.Contains(got, MethodRequestApproval) {
		t.Fatal(got)
	}
	_ = v.in.Close()
	got := v.reply(t)
	if strings.Contains(got, methodCancel) { // the question is cancelled if there is time
		got = v.reply(t)
	}
	if r := decode(t, got); string(r.ID) != "1" {
		t.Errorf("%+v", r)
	}
	if o := v.end(t); o.code != ExitAbrupt {
		t.Errorf("Serve = %d, %v", o.code, o.err)
	}
}

// Before and after Serve, the peer's methods return without effect.
func TestPeerAlone(t *testing.T) {
	p := NewServer(Options{}).Peer()
	p.Event(t.Context(), event.Event{Kind: event.KindNotice})
	p.TaskChanged(t.Context(), tasks.Task{})
	if d, err := p.RequestApproval(t.Context(), event.Approval{}); d.Decision != "deny" || err != nil {
		t.Errorf("%+v, %v", d, err)
	}
	if _, ok, err := p.AskUser(t.Context(), event.Question{}); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}

// The death of the client's process ends Serve, even if the input stays open.
func TestParentDies(t *testing.T) {
	if _, err := exec.LookPath("sleep"); err != nil {
		runtimetest.Missing(t, err)
	}
	parent := exec.Command("sleep", "60")
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	v := serve(t, context.Background(), newLab(Options{}))
	v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{},"processId":%d}}`, parent.Process.Pid))
	v.reply(t)
	v.send(t, `{"jsonrpc":"2.0","id":2,"method":"test/step"}`)
	_ = parent.Process.Kill() // a zombie until Wait
	if r := decode(t, v.reply(t)); string(r.ID) != "2" {
		t.Errorf("%+v", r)
	}
	if o := v.end(t); o.code != ExitAbrupt {
		t.Errorf("Serve = %d, %v", o.code, o.err)
	}
	_ = parent.Wait()
}

func TestPathOfURI(t *testing.T) {
	tests := []struct {
		uri     string
		windows bool
		want    string // "" is refused
	}{
		{"file:///home/me/a%20b%23%C3%A9", false, "/home/me/a b#é"},
		{"file://localhost/tmp", false, "/tmp"},
		{"file:/tmp", false, "/tmp"},
		{"file:///", false, "/"},
		{"file:///c%3A/Users/me", true, `C:\Users\me`},
		{"file:///C:", true, `C:\`},
		{"file:///tmp", true, ""},
		{"file://server/share", true, ""},
		{"file://server/share", false, ""},
		{"http://localhost/tmp", false, ""},
		{"/tmp", false, ""},
		{"", false, ""},
		{"file:tmp", false, ""},
		{"file:///a?b", false, ""},
		{"file:///a%00b", false, ""},
		{"file:///" + strings.Repeat("a/", maxPath), false, ""},
		{"file:///%zz", false, ""},
	}
	for _, tt := range tests {
		got, err := pathOfURI(tt.uri, tt.windows)
		var invalid *runtime.InvalidError
		if got != tt.want || (err != nil) != (tt.want == "") || (err != nil && !errors.As(err, &invalid)) {
			t.Errorf("%q: %q, %v", tt.uri, got, err)
		}
	}
}
