package rpc

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pygent/pygent/agent"
)

const (
	looks      = 60        // requests that unread sends
	longAnswer = 256 << 10 // bytes of each answer
	queues     = highWater / longAnswer
)

// looking makes the entry of a request that looks.
type looking = func(name, doc string, fn func(*lab, context.Context, None) (echoResult, error)) entry

// eachLooking tests all kinds of them.
func eachLooking(t *testing.T, test func(t *testing.T, kind looking)) {
	for name, kind := range map[string]looking{"look": look[*lab, None, echoResult], "now": now[*lab, None, echoResult]} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, kind) })
		})
	}
}

// longTable has test/look, whose answers are long, and test/act, whose short
// ones tell what was done. Both count.
func longTable(kind looking, looked, acted *atomic.Int64) []entry {
	text := longText(longAnswer)
	return append(labTable(),
		kind("test/look", "", func(*lab, context.Context, None) (echoResult, error) {
			looked.Add(1)
			return echoResult{text}, nil
		}),
		call("test/act", "", func(*lab, context.Context, None) (echoResult, error) {
			acted.Add(1)
			return echoResult{"acted"}, nil
		}))
}

// unread opens a server, asks it to look and reads nothing. Results are
// made as far as the output takes them, and few besides.
func unread(t *testing.T, kind looking, looked, acted *atomic.Int64) *served {
	t.Helper()
	v := open(t, newLab(Options{table: longTable(kind, looked, acted)}))
	for i := range looks {
		v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"test/look"}`, i))
	}
	synctest.Wait()
	if n := looked.Load(); n < maxLooks || n > queues+2*maxLooks {
		t.Errorf("%d results were made", n)
	}
	return v
}

// A client that does not read holds few long answers up, and what it asks the
// server to do is done all the same. It gets every answer.
func TestUnreadAnswers(t *testing.T) {
	eachLooking(t, func(t *testing.T, kind looking) {
		var looked, acted atomic.Int64
		v := unread(t, kind, &looked, &acted)
		for i := range 50 {
			v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":"act %d","method":"test/act"}`, i))
		}
		synctest.Wait()
		if n := acted.Load(); n != 50 {
			t.Errorf("%d requests of 50 have acted", n)
		}
		seen := map[string]int{}
		for range looks + 50 {
			r := decode(t, v.reply(t))
			if seen[string(r.ID)]++; r.Error != nil {
				t.Errorf("answer to %s: %+v", r.ID, r.Error)
			}
		}
		if len(seen) != looks+50 || looked.Load() != looks {
			t.Errorf("%d requests are answered, %d looked", len(seen), looked.Load())
		}
		v.quit(t)
		v.close()
	})
}

// Cancelled requests give their places and results back: sent and cancelled
// without end, they cost no more. Each is answered, one that has acted with what
// it did.
func TestUnreadAnswersCancelled(t *testing.T) {
	eachLooking(t, func(t *testing.T, kind looking) {
		var looked, acted atomic.Int64
		const more = 300
		v := unread(t, kind, &looked, &acted)
		v.send(t, `{"jsonrpc":"2.0","id":"act","method":"test/act"}`)
		synctest.Wait()
		v.send(t, `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"act"}}`)
		for i := range looks {
			v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":%d}}`, i))
		}
		for i := range more {
			v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":"more %d","method":"test/look"}`, i))
			synctest.Wait()
			v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"more %d"}}`, i))
			synctest.Wait()
		}
		cancelled := 0
		for range looks + more + 1 {
			switch r := decode(t, v.reply(t)); {
			case r.Error != nil && r.Error.Code == codeCancelled && string(r.ID) != `"act"`:
				cancelled++
			case r.Error != nil:
				t.Errorf("answer to %s: %+v", r.ID, r.Error)
			}
		}
		if most := looks + more - queues; cancelled < most-maxLooks || cancelled > most {
			t.Errorf("%d of %d answers were dropped", cancelled, looks+more)
		}
		v.quit(t)
		v.close()
	})
}

// Requests that wait with long parameters are refused when they are too long all
// together, and those that have their answer make place again.
func TestUnreadAnswersToLongRequests(t *testing.T) {
	eachLooking(t, func(t *testing.T, kind looking) {
		var looked, acted atomic.Int64
		v := unread(t, kind, &looked, &acted)
		long := func(id string) {
			v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"method":"test/look","params":{"x":"%s"}}`, id, longText(maxWaiting/4)))
			synctest.Wait()
		}
		for i := range 5 {
			long(fmt.Sprint("long ", i))
		}
		v.send(t, `{"jsonrpc":"2.0","id":"act","method":"test/act"}`)
		refused := map[string]bool{}
		for range looks + 6 {
			r := decode(t, v.reply(t))
			refused[string(r.ID)] = r.Error != nil && r.Error.Code == codeOverloaded
		}
		if len(refused) != looks+6 || refused[`"long 2"`] || refused[`"act"`] || !refused[`"long 3"`] || !refused[`"long 4"`] {
			t.Errorf("of %d: %v", len(refused), refused)
		}
		long("again")
		if r := decode(t, v.reply(t)); r.Error != nil {
			t.Errorf("%+v", r.Error)
		}
		v.quit(t)
		v.close()
	})
}

// The end of the connection waits for none of them.
func TestEndWithUnreadAnswers(t *testing.T) {
	for _, last := range []string{`{"jsonrpc":"2.0","method":"exit"}`, `{"jsonrpc":"2.0","id":"down","method":"shutdown"}` + "|" + `{"jsonrpc":"2.0","method":"exit"}`, ""} {
		eachLooking(t, func(t *testing.T, kind looking) {
			var looked, acted atomic.Int64
			v := unread(t, kind, &looked, &acted)
			begun := time.Now()
			if last == "" {
				_ = v.in.Close()
			}
			for message := range strings.SplitSeq(last, "|") {
				v.send(t, message)
			}
			if o := v.end(t); o.err == nil {
				t.Errorf("%q: nobody has read the last messages: %+v", last, o)
			}
			if took := time.Since(begun); took > shutdownTimeout+2*flushTimeout {
				t.Errorf("%q took %v", last, took)
			}
			v.close()
		})
	}
}

// Questions to the user and their withdrawal do not wait either.
func TestAskBesideUnreadAnswers(t *testing.T) {
	eachLooking(t, func(t *testing.T, kind looking) {
		var looked, acted atomic.Int64
		v := unread(t, kind, &looked, &acted)
		v.send(t, `{"jsonrpc":"2.0","id":"ask","method":"test/approve"}`)
		for {
			text := v.reply(t)
			if strings.Contains(text, MethodRequestApproval) {
				id := decode(t, text).ID
				v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"decision":%q}}`, id, agent.DecisionAllow))
			}
			if r := decode(t, text); string(r.ID) == `"ask"` {
				if !strings.Contains(string(r.Result), agent.DecisionAllow) {
					t.Errorf("%s", text)
				}
				break
			}
		}
		_ = v.in.Close()
		v.close()
		v.end(t)
	})
}

// What tells how things stand is not older than what the client was told before it:
// what comes up while the answer is made is told behind it.
func TestAnswerIsNotOvertaken(t *testing.T) {
	var state atomic.Int64
	v := open(t, newLab(Options{table: append(labTable(),
		now("test/now", "", func(l *lab, ctx context.Context, _ None) (echoResult, error) {
			was, sending := state.Load(), make(chan struct{})
			go func() {
				seq := state.Add(1)
				close(sending)
				l.peer.Event(ctx, agent.Event{Kind: agent.KindNotice, Seq: seq})
			}()
			<-sending
			time.Sleep(5 * time.Millisecond) // it could be told by now
			return echoResult{fmt.Sprint(was)}, nil
		}))}))
	for i := range 20 {
		v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"test/now"}`, i))
		if answer, want := v.reply(t), fmt.Sprintf(`{"text":"%d"}`, i); !strings.Contains(answer, want) {
			t.Fatalf("%s, want %s", answer, want)
		}
		if news := v.reply(t); !strings.Contains(news, `"notice"`) {
			t.Fatal(news)
		}
	}
	v.quit(t)
	v.close()
}
