package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// served routes requests by method and refuses unknown methods.
type served map[string]Route

var errUnknown = errors.New("no such method")

func (s served) Request(method string) (Route, error) {
	if r, ok := s[method]; ok {
		return r, nil
	}
	return Route{}, errUnknown
}

func (s served) Notification(string, json.RawMessage) {}

// noted collects notifications.
type noted struct {
	served
	mu   sync.Mutex
	seen []string
}

func (n *noted) Notification(method string, params json.RawMessage) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen = append(n.seen, method+string(params))
}

func (n *noted) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.seen)
}

func describe(err error) any {
	return map[string]any{"code": -1, "message": err.Error(), "data": map[string]string{"of": "a test"}}
}

// join connects two Conns. They end with the test.
func join(t *testing.T, server, client Router) (s, c *Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	life, cancel := context.WithCancel(t.Context())
	s = New(life, Options{In: theirs, Out: theirs, Router: server, Describe: describe, CancelMethod: "cancel"})
	c = New(life, Options{In: ours, Out: ours, Router: client, Describe: describe, CancelMethod: "cancel", Framing: FramingHeaders})
	s.Start()
	c.Start()
	t.Cleanup(func() {
		for _, conn := range []*Conn{s, c} {
			conn.StopRequests()
		}
		cancel()
		_, _ = ours.Close(), theirs.Close()
		for _, conn := range []*Conn{s, c} {
			conn.Close()
			_ = conn.Flush(0)
			<-conn.Flushed()
			<-conn.Idle()
		}
	})
	return s, c
}

func call(t *testing.T, c *Conn, method string) *Call {
	t.Helper()
	started, err := c.Call(t.Context(), method, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	return started
}

func TestCallErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := join(t, served{
			"ok":    {Serve: func(context.Context, json.RawMessage) (any, error) { return []int{1, 2}, nil }},
			"fail":  {Serve: func(context.Context, json.RawMessage) (any, error) { return nil, errors.New("it failed") }},
			"panic": {Serve: func(context.Context, json.RawMessage) (any, error) { panic("a test") }},
			"hang": {Serve: func(ctx context.Context, _ json.RawMessage) (any, error) {
				<-ctx.Done()
				return nil, context.Cause(ctx)
			}},
		}, served{})
		var result []int
		if err := call(t, c, "ok").Wait(t.Context(), &result); err != nil || !slices.Equal(result, []int{1, 2}) {
			t.Errorf("%v, %v", result, err)
		}
		for method, want := range map[string]string{"fail": "it failed", "panic": errPanic.Error(), "nothing": errUnknown.Error()} {
			var got *Error
			if err := call(t, c, method).Wait(t.Context(), nil); !errors.As(err, &got) || got.Code != -1 || got.Message != want || string(got.Data) != `{"of":"a test"}` {
				t.Errorf("%s: %v", method, err)
			}
		}
		hang := call(t, c, "hang")
		synctest.Wait()
		if err := hang.Cancel(); err != nil {
			t.Error(err)
		}
		var got *Error
		if err := hang.Wait(t.Context(), nil); !errors.As(err, &got) || got.Message != context.Canceled.Error() {
			t.Errorf("cancelled: %v", err)
		}
		c.Close()
		if _, err := c.Call(t.Context(), "ok", nil); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}

// TestSchedules checks which requests run beside a blocked request of each Schedule.
func TestSchedules(t *testing.T) {
	for _, tt := range []struct {
		name     string
		schedule Schedule
		requests int
		running  int // of as many requests of this schedule
		behind   bool
	}{
		{"concurrent", Schedule{}, 10, 10, true},
		{"read only", Schedule{ReadOnly: true}, 10, MaxReadOnly, true},
		{"barrier", Schedule{Barrier: true}, 10, 1, false},
		{"inline", Schedule{Inline: true}, 10, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				running, most, other := 0, 0, false
				release := make(chan struct{})
				_, c := join(t, served{
					"it": {Schedule: tt.schedule, Serve: func(context.Context, json.RawMessage) (any, error) {
						mu.Lock()
						running++
						most = max(most, running)
						mu.Unlock()
						<-release
						mu.Lock()
						defer mu.Unlock()
						running--
						return nil, nil
					}},
					"other": {Serve: func(context.Context, json.RawMessage) (any, error) {
						mu.Lock()
						defer mu.Unlock()
						other = true
						return nil, nil
					}},
				}, served{})
				var calls []*Call
				for range tt.requests {
					calls = append(calls, call(t, c, "it"))
				}
				calls = append(calls, call(t, c, "other"))
				synctest.Wait()
				mu.Lock()
				if most != tt.running || other != tt.behind {
					t.Errorf("%d run, another behind them: %v", most, other)
				}
				mu.Unlock()
				close(release)
				for _, started := range calls {
					if err := started.Wait(t.Context(), nil); err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

// Queued deltas merge with the delta that they continue, up to a size.
func TestDeltasMerge(t *testing.T) {
	type piece struct {
		Of   string `json:"of"`
		Text string `json:"text"`
	}
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe() // nobody reads it yet
		conn := New(t.Context(), Options{In: r, Out: w, Router: served{}})
		_ = conn.Notify(t.Context(), "first", 0)
		synctest.Wait() // the writer has it and blocks
		send := func(of, text string) {
			err := conn.Delta(t.Context(), text,
				func(params any) bool { return params.(*piece).Of == of },
				func() Delta { p := &piece{of, text}; return Delta{Method: "piece", Params: p, Text: &p.Text} })
			if err != nil {
				t.Error(err)
			}
		}
		for _, text := range []string{"a", "b", "c"} {
			send("x", text)
		}
		send("y", "d")
		send("x", "e")
		_ = conn.Notify(t.Context(), "between", 0)
		send("x", "f")
		long := make([]byte, maxMergedBytes)
		for i := range long {
			long[i] = '.'
		}
		send("x", string(long))
		got := &noted{}
		reader := New(t.Context(), Options{In: r, Out: io.Discard, Router: got})
		reader.Start()
		synctest.Wait()
		want := []string{
			`first0`, `piece{"of":"x","text":"abc"}`, `piece{"of":"y","text":"d"}`, `piece{"of":"x","text":"e"}`,
			`between0`, `piece{"of":"x","text":"f"}`, fmt.Sprintf(`piece{"of":"x","text":"%s"}`, long),
		}
		if all := got.all(); !slices.Equal(all, want) {
			t.Errorf("%.300q", all)
		}
		conn.Start()
		_ = w.Close()
		for _, c := range []*Conn{conn, reader} {
			c.Close()
			_ = c.Flush(0)
			<-c.Flushed()
		}
	})
}
