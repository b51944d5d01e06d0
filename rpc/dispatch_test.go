package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	goruntime "runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/rpc/wire"
)

// A cancel right after its request, in one write, is never lost.
func TestCancelBehindRequest(t *testing.T) {
	baseline := goruntime.NumGoroutine()
	v := open(t, newLab(Options{}))
	const rounds = 1000
	go func() {
		for i := range rounds {
			method := "test/step"
			if i%2 == 1 {
				method = "test/hang"
			}
			_, _ = io.WriteString(v.in, frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q}`, i, method))+
				frame(fmt.Sprintf(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":%d}}`, i)))
		}
	}()
	seen := map[string]int{}
	for range rounds {
		r := decode(t, v.reply(t))
		seen[string(r.ID)]++
		switch {
		case r.Error != nil && r.Error.Code == codeCancelled && r.Error.Message == "request cancelled":
		case strings.Contains(string(r.Result), `"status":"cancelled"`):
		default:
			t.Errorf("answer to %s: %s, %+v", r.ID, r.Result, r.Error)
		}
	}
	if len(seen) != rounds {
		t.Errorf("%d requests of %d are answered", len(seen), rounds)
	}
	v.quit(t)
	v.close()
	settle(t, baseline)
}

func TestManyAtOnce(t *testing.T) {
	c, _ := connect(t, newLab(Options{}), Handlers{})
	if err := c.Call(t.Context(), MethodInitialize, InitializeParams{}, nil); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error)
	const n = 200
	for i := range n {
		go func() {
			var r echoResult
			want := fmt.Sprint("text ", i)
			err := c.Call(t.Context(), "test/echo", echoParams{Text: want}, &r)
			if err == nil && r.Text != want {
				err = fmt.Errorf("got %q, want %q", r.Text, want)
			}
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestOverloaded(t *testing.T) {
	v := open(t, newLab(Options{}))
	for i := range wire.MaxRunning + 1 {
		v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"test/step"}`, i))
	}
	r := decode(t, v.reply(t))
	if string(r.ID) != fmt.Sprint(wire.MaxRunning) || r.Error == nil || r.Error.Code != codeOverloaded || !r.Error.Data.Retryable {
		t.Errorf("answer %s: %+v", r.ID, r.Error)
	}
	v.send(t, `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":0}}`)
	if r := decode(t, v.reply(t)); string(r.ID) != "0" {
		t.Errorf("answer to %s", r.ID)
	}
	v.send(t, `{"jsonrpc":"2.0","id":"again","method":"test/echo","params":{"text":"x"}}`)
	if r := decode(t, v.reply(t)); string(r.ID) != `"again"` || r.Error != nil {
		t.Errorf("answer to %s: %+v", r.ID, r.Error)
	}
	_ = v.in.Close() // cancels the others
	for range wire.MaxRunning - 1 {
		v.reply(t)
	}
	if o := v.end(t); o.code != ExitAbrupt || o.err != nil {
		t.Errorf("Serve = %d, %v", o.code, o.err)
	}
}

func TestNotificationsInOrder(t *testing.T) {
	const n = 10_000
	var got []int64
	c, _ := connect(t, newLab(Options{}), Handlers{Notification: func(_ string, params json.RawMessage) {
		var e event.Event
		if err := json.Unmarshal(params, &e); err != nil {
			t.Error(err)
		}
		got = append(got, e.Seq)
	}})
	if err := c.Call(t.Context(), MethodInitialize, InitializeParams{}, nil); err != nil {
		t.Fatal(err)
	}
	var r echoResult
	if err := c.Call(t.Context(), "test/count", echoParams{Text: string(event.KindNotice), Times: n}, &r); err != nil {
		t.Fatal(err)
	}
	if len(got) != n || !slices.IsSorted(got) || got[n-1] != n {
		t.Errorf("%d notifications before the answer, sorted: %v", len(got), slices.IsSorted(got))
	}
}

// Params that are too deep for encoding/json are refused with the request's id.
func TestDeepParams(t *testing.T) {
	for _, at := range []string{"unknown", "any"} {
		v := open(t, newLab(Options{}))
		deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
		v.send(t, `{"jsonrpc":"2.0","id":1,"method":"test/echo","params":{"text":"x","`+at+`":`+deep+`}}`)
		if r := decode(t, v.reply(t)); string(r.ID) != "1" || r.Error == nil || r.Error.Code != codeInvalidParams {
			t.Errorf("%s: answer to %s: %+v", at, r.ID, r.Error)
		}
		// A response that is too deep has no effect.
		v.send(t, `{"jsonrpc":"2.0","id":1,"result":`+deep+`}`)
		v.quit(t)
	}
}

func TestScriptFinishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		table := append(labTable(), call("test/wait", schedule{}, "", func(_ *lab, ctx context.Context, _ None) (string, error) {
			select {
			case <-release:
				return "done", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}))
		var out buffer
		go func() {
			time.Sleep(time.Hour)
			close(release)
		}()
		code, err := newLab(Options{table: table}).Serve(t.Context(), strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"test/wait"}`), &out)
		if code != ExitOK || err != nil {
			t.Errorf("Serve = %d, %v", code, err)
		}
		if diff := cmp.Diff(`{"jsonrpc":"2.0","id":1,"result":"done"}`+"\n", out.String()); diff != "" {
			t.Error(diff)
		}
	})
}

// The end of Serve's context, as by SIGTERM, cancels all requests, even if the input stays
// open.
func TestContextEnds(t *testing.T) {
	for _, input := range []string{frame(initialize) + frame(`{"jsonrpc":"2.0","id":1,"method":"test/step"}`), `{"jsonrpc":"2.0","id":1,"method":"test/step"}` + "\n"} {
		ctx, cancel := context.WithCancelCause(context.Background())
		v := serve(t, ctx, newLab(Options{}))
		if _, err := io.WriteString(v.in, input); err != nil {
			t.Fatal(err)
		}
		if input[0] == 'C' {
			v.reply(t)
		}
		cancel(fmt.Errorf("SIGTERM"))
		rest, _ := io.ReadAll(v.out)
		if o := v.end(t); o.code != ExitAbrupt {
			t.Errorf("Serve = %d, %v", o.code, o.err)
		}
		if n := strings.Count(string(rest), `"status":"cancelled"`); n > 1 {
			t.Errorf("%d answers: %s", n, rest)
		}
	}
}

// A handler that ignores its context does not keep Serve for ever.
func TestStuckHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		table := append(labTable(), call("test/stuck", schedule{}, "", func(*lab, context.Context, None) (None, error) {
			<-release
			return None{}, nil
		}))
		begun := time.Now()
		code, err := newLab(Options{table: table}).Serve(t.Context(),
			strings.NewReader(frame(initialize)+frame(`{"jsonrpc":"2.0","id":1,"method":"test/stuck"}`)), io.Discard)
		if code != ExitAbrupt || err == nil || !strings.Contains(err.Error(), "test/stuck did not end") {
			t.Errorf("Serve = %d, %v", code, err)
		}
		if took := time.Since(begun); took != shutdownTimeout {
			t.Errorf("took %v", took)
		}
		close(release)
	})
}

func TestProvideNothing(t *testing.T) {
	defer func() {
		if p := recover(); p == nil {
			t.Error("no panic")
		}
	}()
	NewServer(Options{}).Provide("not a service")
}

// The methods of a missing service are not found.
func TestAbsentService(t *testing.T) {
	v := open(t, NewServer(Options{}))
	v.send(t, `{"jsonrpc":"2.0","id":1,"method":"agent/step","params":{"prompt":"x"}}`)
	if r := decode(t, v.reply(t)); r.Error == nil || r.Error.Code != codeMethodNotFound {
		t.Errorf("%+v", r)
	}
	v.quit(t)
}

// Requests after a Barrier start when it is answered, or are cancelled before they start.
func TestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Bool
		hold := make(chan struct{})
		table := append(labTable(),
			call("test/first", schedule{Barrier: true}, "", func(*lab, context.Context, None) (echoResult, error) {
				<-hold
				told.Store(true)
				return echoResult{"first"}, nil
			}),
			call("test/behind", schedule{}, "", func(_ *lab, ctx context.Context, _ None) (echoResult, error) {
				if ctx.Err() != nil {
					return echoResult{}, context.Cause(ctx)
				}
				if !told.Load() {
					t.Error("it did not wait")
				}
				return echoResult{"behind"}, nil
			}))
		v := open(t, newLab(Options{table: table}))
		v.send(t, `{"jsonrpc":"2.0","id":1,"method":"test/first"}`)
		v.send(t, `{"jsonrpc":"2.0","id":2,"method":"test/behind"}`)
		v.send(t, `{"jsonrpc":"2.0","id":3,"method":"test/behind"}`)
		v.send(t, `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":2}}`)
		if r := decode(t, v.reply(t)); string(r.ID) != "2" || r.Error == nil || r.Error.Code != codeCancelled {
			t.Errorf("%s: %+v", r.ID, r.Error)
		}
		for _, id := range []int{4, 5} { // the parameters of the second exceed the limit
			v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"test/behind","params":{"x":"%s"}}`, id, longText(wire.MaxWaiting*2/3)))
		}
		if r := decode(t, v.reply(t)); string(r.ID) != "5" || r.Error == nil || r.Error.Code != codeOverloaded {
			t.Errorf("%s: %+v", r.ID, r.Error)
		}
		v.send(t, `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":4}}`)
		if r := decode(t, v.reply(t)); string(r.ID) != "4" || r.Error == nil || r.Error.Code != codeCancelled {
			t.Errorf("%s: %+v", r.ID, r.Error)
		}
		close(hold)
		for _, id := range []string{"1", "3"} {
			if r := decode(t, v.reply(t)); string(r.ID) != id || r.Error != nil {
				t.Errorf("%s: %+v", r.ID, r.Error)
			}
		}
		v.quit(t)
		v.close()
	})
}
