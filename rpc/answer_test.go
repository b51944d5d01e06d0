package rpc

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/rpc/wire"
)

const (
	looks      = 60        // requests sent by unread
	longAnswer = 256 << 10 // bytes of each answer
	queues     = wire.MaxQueued / longAnswer
)

// longTable has test/look, whose answers are long, and test/act, whose short answers say
// what was done. Both count their calls.
func longTable(looked, acted *atomic.Int64) []entry {
	text := longText(longAnswer)
	return append(labTable(),
		call("test/look", schedule{ReadOnly: true}, "", func(*lab, context.Context, None) (echoResult, error) {
			looked.Add(1)
			return echoResult{text}, nil
		}),
		call("test/act", schedule{}, "", func(*lab, context.Context, None) (echoResult, error) {
			acted.Add(1)
			return echoResult{"acted"}, nil
		}))
}

// unread opens a server, sends it requests to look and reads nothing. The server makes as
// many results as the output takes, and few more.
func unread(t *testing.T, looked, acted *atomic.Int64) *served {
	t.Helper()
	v := open(t, newLab(Options{table: longTable(looked, acted)}))
	for i := range looks {
		v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"test/look"}`, i))
	}
	synctest.Wait()
	if n := looked.Load(); n < wire.MaxReadOnly || n > queues+2*wire.MaxReadOnly {
		t.Errorf("%d results were made", n)
	}
	return v
}

// A client that does not read keeps only few long answers in memory, and its other
// requests still run. It gets every answer.
func TestUnreadAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var looked, acted atomic.Int64
		v := unread(t, &looked, &acted)
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

// Cancelled requests free their slots and results, so that sending and cancelling many
// costs no more. Each is answered, and one that has acted answers with what it did.
func TestUnreadAnswersCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var looked, acted atomic.Int64
		const more = 300
		v := unread(t, &looked, &acted)
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
		if most := looks + more - queues; cancelled < most-wire.MaxReadOnly || cancelled > most {
			t.Errorf("%d of %d answers were dropped", cancelled, looks+more)
		}
		v.quit(t)
		v.close()
	})
}

// Waiting requests are refused when their parameters are too long in total. Answered
// requests do not count any more.
func TestUnreadAnswersToLongRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var looked, acted atomic.Int64
		v := unread(t, &looked, &acted)
		long := func(id string) {
			v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"method":"test/look","params":{"x":"%s"}}`, id, longText(wire.MaxWaiting/4)))
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

// The end of the connection does not wait for unread answers.
func TestEndWithUnreadAnswers(t *testing.T) {
	for _, last := range []string{`{"jsonrpc":"2.0","method":"exit"}`, `{"jsonrpc":"2.0","id":"down","method":"shutdown"}` + "|" + `{"jsonrpc":"2.0","method":"exit"}`, ""} {
		synctest.Test(t, func(t *testing.T) {
			var looked, acted atomic.Int64
			v := unread(t, &looked, &acted)
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

// Questions to the user and their cancels do not wait for unread answers.
func TestAskBesideUnreadAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var looked, acted atomic.Int64
		v := unread(t, &looked, &acted)
		v.send(t, `{"jsonrpc":"2.0","id":"ask","method":"test/approve"}`)
		for {
			text := v.reply(t)
			if strings.Contains(text, MethodRequestApproval) {
				id := decode(t, text).ID
				v.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"decision":%q}}`, id, string(event.DecisionAllow)))
			}
			if r := decode(t, text); string(r.ID) == `"ask"` {
				if !strings.Contains(string(r.Result), string(event.DecisionAllow)) {
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
