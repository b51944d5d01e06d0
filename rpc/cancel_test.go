package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	goruntime "runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/tools"
)

// restless is a house in which every turn runs an endless command, which counts its acts.
type restless struct {
	house
	living atomic.Int64 // tools that have not ended
	acts   atomic.Int64
}

func newRestless(t *testing.T) *restless {
	t.Setenv("TMPDIR", t.TempDir())
	r := &restless{house: house{t: t}}
	r.model = agenttest.Func(func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		return agenttest.Calls("", agenttest.Call("", "act", `{}`)), nil
	})
	r.open(t.Context())
	act := tools.New("act", "Act.", func(ctx context.Context, _ tools.Env, _ struct{}) (tools.Result, error) {
		r.living.Add(1)
		defer r.living.Add(-1)
		for ctx.Err() == nil {
			r.acts.Add(1)
			goruntime.Gosched()
		}
		return tools.Result{}, ctx.Err()
	})
	if err := r.registry.Register(act); err != nil {
		t.Fatal(err)
	}
	return r
}

// A step and its cancel in one write, a thousand times, with real sessions: no cancel is
// lost, each step is answered once, as cancelled, and nothing acts after the answer. Every
// tenth cancel comes while the tool acts.
func TestStepAndCancelInOneWrite(t *testing.T) {
	r := newRestless(t)
	v := open(t, r.server)
	for i := range 1000 {
		step := frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"agent/step","params":{"prompt":"go"}}`, i))
		cancel := frame(fmt.Sprintf(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":%d}}`, i))
		kinds := map[event.Kind]int{}
		if i%10 == 0 {
			v.write(t, step)
			for kinds[event.KindToolStarted] == 0 {
				kinds[turnMessage(t, v).Params.Kind]++
			}
			// On a busy machine each cancel may come before the tool has acted.
			for end := time.Now().Add(20 * time.Second); i == 0 && r.acts.Load() == 0 && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			v.write(t, cancel)
		} else {
			v.write(t, step+cancel)
		}
		m := turnMessage(t, v)
		for ; m.ID == nil; m = turnMessage(t, v) {
			kinds[m.Params.Kind]++
		}
		if string(m.ID) != fmt.Sprint(i) || m.Result.Status != event.StatusCancelled {
			t.Fatalf("step %d: %+v", i, m)
		}
		if n := r.living.Load(); n != 0 {
			t.Fatalf("step %d is answered and %d tools live", i, n)
		}
		if kinds[event.KindTurnStarted] != kinds[event.KindTurnFinished] || kinds[event.KindToolStarted] != kinds[event.KindToolFinished] {
			t.Fatalf("step %d: %v", i, kinds)
		}
	}
	acts := r.acts.Load()
	v.quit(t)
	if after := r.acts.Load(); after != acts || acts == 0 {
		t.Errorf("%d acts before the last answer and %d after it", acts, after-acts)
	}
}

// message is an event or the answer to a step.
type message struct {
	ID     json.RawMessage
	Params event.Event
	Result session.StepResult
}

func turnMessage(t *testing.T, v *served) (m message) {
	t.Helper()
	if err := json.Unmarshal([]byte(v.reply(t)), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// A cancel reaches a turn wherever it waits: for the user, for an approval, for a silent
// model, for a command.
func TestCancelWhereverItWaits(t *testing.T) {
	for _, tt := range []struct {
		name, reply, until string
		mode               event.Mode
	}{
		{"the user", `{"calls":[{"id":"a","name":"ask_user","arguments":{"prompt":"Which?"}}]}`, MethodAskUser, event.ModeAuto},
		{"an approval", `{"calls":[{"id":"a","name":"bash","arguments":{"cmd":"make"}}]}`, MethodRequestApproval, event.ModeAsk},
		{"the model", `{"content":"Well ","stall":true}`, string(event.KindTextDelta), event.ModeAuto},
		{"a command", `{"calls":[{"id":"a","name":"bash","arguments":{"cmd":"make","timeout":600}}]}`, string(event.KindToolOutput), event.ModeAuto},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			var reply storyReply
			if err := json.Unmarshal([]byte(tt.reply), &reply); err != nil {
				t.Fatal(err)
			}
			h := &house{t: t, model: &storyModel{replies: []storyReply{reply}}, commands: []houseCommand{{Run: "make", Output: "begun\n", Block: true}}}
			h.open(t.Context())
			v := open(t, h.server)
			v.send(t, `{"jsonrpc":"2.0","id":1,"method":"agent/step","params":{"prompt":"go","mode":"`+string(tt.mode)+`"}}`)
			for !strings.Contains(v.reply(t), `"`+tt.until+`"`) {
			}
			v.send(t, `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}`)
			for {
				text := v.reply(t)
				if strings.HasPrefix(text, `{"jsonrpc":"2.0","id":1,`) {
					if !strings.Contains(text, `"status":"cancelled"`) {
						t.Error(text)
					}
					break
				}
			}
			v.quit(t)
		})
	}
}

// 200 requests at once, each with 50 events, while the client sends 10,000 notifications:
// all events of a request arrive in order and before its answer, and no goroutine is left.
func TestStorm(t *testing.T) {
	const requests, events, notices = 200, 50, 10_000
	baseline := goruntime.NumGoroutine()
	count := 0
	table := append(labTable(), call("test/burst", schedule{}, "", func(l *lab, ctx context.Context, p echoParams) (echoResult, error) {
		for i := range events {
			l.peer.Event(ctx, event.Event{SessionID: p.Text, Kind: event.KindNotice, Seq: int64(i + 1)})
		}
		return echoResult{p.Text}, nil
	}))
	v := open(t, newLab(Options{table: table}))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for i := range notices {
			_, _ = io.WriteString(v.in, frame(fmt.Sprintf(`{"jsonrpc":"2.0","method":"$/setTrace","params":{"value":"%d"}}`, i)))
			if i%(notices/requests) == 0 {
				_, _ = io.WriteString(v.in, frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"test/burst","params":{"text":"%[1]d"}}`, i/(notices/requests))))
			}
		}
	}()
	next := map[string]int64{}
	for answers := 0; answers < requests; {
		var m struct {
			ID     json.RawMessage
			Params event.Event
			Result echoResult
		}
		if err := json.Unmarshal([]byte(v.reply(t)), &m); err != nil {
			t.Fatal(err)
		}
		if m.ID == nil {
			count++
			if next[m.Params.SessionID]++; m.Params.Seq != next[m.Params.SessionID] {
				t.Fatalf("session %s: event %d where %d was due", m.Params.SessionID, m.Params.Seq, next[m.Params.SessionID])
			}
			continue
		}
		answers++
		if next[m.Result.Text] != events {
			t.Errorf("request %s is answered after %d of its events", m.ID, next[m.Result.Text])
		}
	}
	if count != requests*events {
		t.Errorf("%d events", count)
	}
	<-sent
	v.quit(t)
	v.close()
	settle(t, baseline)
}

// A handler that panics is answered with -32603, the log has its stack, and the
// server goes on.
func TestPanicIsLogged(t *testing.T) {
	core, logs := observer.New(zap.ErrorLevel)
	v := open(t, newLab(Options{Logger: zap.New(core)}))
	v.send(t, `{"jsonrpc":"2.0","id":1,"method":"test/panic"}`)
	if r := decode(t, v.reply(t)); string(r.ID) != "1" || r.Error == nil || r.Error.Code != codeInternal || strings.Contains(r.Error.Message, "a test") {
		t.Errorf("%s: %+v", r.ID, r.Error)
	}
	all := logs.All()
	if len(all) != 1 {
		t.Fatalf("%d log lines", len(all))
	}
	if f := all[0].ContextMap(); f["method"] != "test/panic" || f["panic"] != "a test" || !strings.Contains(fmt.Sprint(f["stack"]), "(*lab).Panic") {
		t.Errorf("logged: %v", f)
	}
	v.send(t, `{"jsonrpc":"2.0","id":2,"method":"test/echo","params":{"text":"x"}}`)
	if r := decode(t, v.reply(t)); string(r.ID) != "2" || r.Error != nil {
		t.Errorf("%s: %+v", r.ID, r.Error)
	}
	v.quit(t)
}
