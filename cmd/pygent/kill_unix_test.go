//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/rpc"
)

// killSessions is the number of sessions of TestKilledServersLoseNothing, and killRuns the
// number of kills in each: 60 kills in total.
const (
	killSessions = 3
	killRuns     = 20
)

// TestKilledServersLoseNothing kills the program with SIGKILL at random points of turns with
// many events, several times in each session. Each time another server resumes the session:
// every event that the client got is in the journal, the numbers have no gap, and the model
// gets the whole conversation.
func TestKilledServersLoseNothing(t *testing.T) {
	sessions, runs := killSessions, killRuns
	if testing.Short() {
		sessions, runs = 1, 5
	}
	for range sessions {
		t.Run("session", func(t *testing.T) {
			t.Parallel()
			killAgain(t, runs)
		})
	}
}

// killAgain kills a number of servers of one session.
func killAgain(t *testing.T, runs int) {
	k := &killing{t: t, dir: t.TempDir(), root: t.TempDir(), answers: map[string]string{}}
	entries := make([]any, 20_000)
	for i := range entries {
		entries[i] = k.reply
	}
	k.url = agenttest.Server(t, entries...).URL
	for run := range runs {
		k.run(run, rand.IntN(100))
		if t.Failed() {
			t.Fatalf("after run %d", run)
		}
	}
	k.run(runs, -1)
	t.Logf("%d runs: clients saw %d events and %d answers of tools", runs, len(k.seen)-1, len(k.answers))
}

// killing is a session that many servers serve in turn.
type killing struct {
	t         *testing.T
	dir, root string
	url       string // of the model
	session   string
	seen      []string // events that clients got, by seq; "" for those that never came
	inTurn    bool     // the last of them is in a turn

	mu      sync.Mutex
	prompts []string          // of these events, in order
	order   []string          // calls whose answers are in them
	answers map[string]string // by call
}

// reply is the model. It checks the conversation that it gets, and calls tools endlessly
// unless the prompt only asks it to look.
func (k *killing) reply(w http.ResponseWriter, req agenttest.ServerRequest) {
	k.check(req.Messages)
	last := req.Messages[len(req.Messages)-1]
	if last.Role == event.RoleUser && strings.HasPrefix(*last.Content, "look") {
		agenttest.WriteReply(w, agenttest.Text("seen"))
		return
	}
	var calls []event.ToolCall
	for i := range 4 {
		calls = append(calls, agenttest.Call(fmt.Sprintf("c%d_%d", len(req.Messages), i), "write_file",
			map[string]any{"path": fmt.Sprintf("f%d", i), "content": strings.Repeat("x", rand.IntN(2000))}))
	}
	agenttest.WriteReply(w, agenttest.Calls("On it. <&>", calls...))
}

// check fails the test unless the messages contain everything that a client ever saw, in
// order, and a provider would accept the conversation.
func (k *killing) check(messages []agenttest.WireMessage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var prompts, order []string
	answered := map[string]bool{}
	for i, m := range messages {
		switch m.Role {
		case event.RoleUser:
			if slices.Contains(k.prompts, *m.Content) {
				prompts = append(prompts, *m.Content)
			}
		case event.RoleTool:
			if want, seen := k.answers[m.ToolCallID]; seen {
				order = append(order, m.ToolCallID)
				if *m.Content != want {
					k.t.Errorf("call %s: the model gets %q, the client saw %q", m.ToolCallID, *m.Content, want)
				}
			}
		case event.RoleAssistant:
			if messages[i-1].Role == event.RoleAssistant {
				k.t.Errorf("messages %d and %d are both the assistant's", i-1, i)
			}
		default:
		}
		for n, call := range m.ToolCalls {
			if answered[call.ID] {
				k.t.Errorf("the call %s stands twice", call.ID)
			}
			answered[call.ID] = true
			if at := i + 1 + n; at >= len(messages) || messages[at].ToolCallID != call.ID {
				k.t.Errorf("call %s of message %d has no answer at %d", call.ID, i, at)
			}
		}
	}
	if diff := cmp.Diff(k.order, order); diff != "" {
		k.t.Errorf("answers (-the client saw +the model gets):\n%s", diff)
	}
	if diff := cmp.Diff(k.prompts, prompts); diff != "" {
		k.t.Errorf("prompts (-the client saw +the model gets):\n%s", diff)
	}
}

// run resumes the session and kills the server after a number of events of a turn. With a
// negative number it does not kill it and reads all events back.
func (k *killing) run(n, events int) {
	t := k.t
	cmd := exec.Command("pygent", "serve", "--no-docker", "--sandbox=none", "--mode=auto", "--root", k.root)
	cmd.Env = append(os.Environ(), "OPENAI_BASE_URL="+k.url, "OPENAI_API_KEY=test", "XDG_STATE_HOME="+k.dir, "XDG_CONFIG_HOME="+k.dir)
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	c := &killClient{killing: k, in: in, out: bufio.NewReader(out)}
	c.open(n)
	if events < 0 {
		c.readBack()
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		return
	}
	c.send("agent/step", session.StepParams{SessionID: k.session, Prompt: fmt.Sprintf("run %d", n), MaxSteps: 1000})
	for range events {
		if _, ok := c.next(); !ok {
			t.Fatalf("run %d: the server ended", n)
		}
	}
	time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for ok := true; ok; { // events sent before the kill count
		_, ok = c.next()
	}
	_ = cmd.Wait() // it was killed
	k.compare(n)
}

// compare compares what clients saw with the journal.
func (k *killing) compare(n int) {
	data, err := os.ReadFile(filepath.Join(k.dir, "pygent", "sessions", k.session, "journal.jsonl"))
	if err != nil {
		k.t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	for seq, event := range k.seen {
		switch {
		case event == "":
		case seq >= len(lines):
			k.t.Fatalf("run %d: the client saw event %d and the journal ends with %d", n, seq, len(lines)-1)
		case lines[seq] != event:
			k.t.Fatalf("run %d: event %d\nsent %s\nkept %s", n, seq, event, lines[seq])
		}
	}
}

// killClient is the client of one server.
type killClient struct {
	*killing
	in  io.Writer
	out *bufio.Reader
}

// open makes the session, or resumes it and lets the model look at it.
func (c *killClient) open(n int) {
	if c.session == "" {
		var made session.NewSessionResult
		c.call("session/new", session.NewSessionParams{}, &made)
		c.session = made.SessionID
		return
	}
	var res session.ResumeResult
	c.call("session/resume", session.OpenSessionParams{SessionID: c.session}, &res)
	if int(res.LastSeq) < len(c.seen)-1 || c.inTurn && res.State != event.SessionInterrupted {
		c.t.Errorf("run %d: resumed as %+v; the client saw event %d, in a turn: %v", n, res, len(c.seen)-1, c.inTurn)
	}
	var step session.StepResult
	c.call("agent/step", session.StepParams{SessionID: c.session, Prompt: fmt.Sprintf("look %d", n)}, &step)
	if step.Status != event.StatusCompleted || step.Text != "seen" {
		c.t.Errorf("run %d: %+v", n, step)
	}
}

// readBack reads all events by pages and compares them with what clients saw.
func (c *killClient) readBack() {
	for after, more := int64(0), true; more; {
		var page struct {
			Events []json.RawMessage
			More   bool
		}
		c.call("session/events", session.SessionEventsParams{SessionID: c.session, AfterSeq: after, Limit: 777}, &page)
		for _, e := range page.Events {
			after++
			var numbered event.Event
			if err := json.Unmarshal(e, &numbered); err != nil || numbered.Seq != after {
				c.t.Fatalf("event %d in the place of %d, %v", numbered.Seq, after, err)
			}
			if int(after) < len(c.seen) && c.seen[after] != "" && c.seen[after] != string(e) {
				c.t.Errorf("event %d\nsent %s\nread %s", after, c.seen[after], e)
			}
		}
		more = page.More
	}
}

func (c *killClient) send(method string, params any) {
	msg, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": method, "method": method, "params": params})
	if err == nil {
		_, err = c.in.Write(append(msg, '\n'))
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *killClient) call(method string, params, result any) {
	c.t.Helper()
	c.send(method, params)
	for {
		msg, ok := c.next()
		if !ok {
			c.t.Fatalf("%s: the server ended", method)
		}
		if msg.Error != nil {
			c.t.Fatalf("%s: %+v", method, msg.Error)
		}
		if msg.ID != method {
			continue
		}
		if err := json.Unmarshal(msg.Result, result); err != nil {
			c.t.Fatal(err)
		}
		return
	}
}

// message is one that the server sends.
type message struct {
	ID     string
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *event.ErrorDetail
}

// next reads a message and records an event. ok is false at the end.
func (c *killClient) next() (msg message, ok bool) {
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return msg, false
	}
	if err := json.Unmarshal(line, &msg); err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	if msg.Method == rpc.MethodEvent {
		c.saw(msg.Params)
	}
	return msg, true
}

func (k *killing) saw(params json.RawMessage) {
	var e event.Event
	if err := json.Unmarshal(params, &e); err != nil {
		k.t.Fatal(err)
	}
	if e.Live() {
		return
	}
	for len(k.seen) <= int(e.Seq) {
		k.seen = append(k.seen, "")
	}
	k.seen[e.Seq] = string(params)
	k.mu.Lock()
	defer k.mu.Unlock()
	switch e.Kind {
	case event.KindTurnStarted:
		k.inTurn = true
	case event.KindTurnFinished:
		k.inTurn = false
	case event.KindMessage:
		if e.Role == event.RoleUser {
			k.prompts = append(k.prompts, e.Text)
		}
	case event.KindToolFinished:
		k.order = append(k.order, e.CallID)
		k.answers[e.CallID] = e.Text
	}
}
