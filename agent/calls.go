package agent

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

// maxResult bounds the text of one tool's answer, in bytes; head and tail are
// kept. It is larger than the built-in tools' default answers.
const maxResult = 1 << 20

// calls runs the tool calls of a reply in order. Every call gets exactly one
// result, whatever happens: a provider refuses a conversation with an unanswered
// call for ever. With given, the first call has already begun and waits for the
// decision.
func (t *turn) calls(ctx context.Context, reply Reply, given *Answered) error {
	var failed error
	for i, call := range reply.Message.ToolCalls {
		switch {
		case i == 0 && given != nil:
			failed = t.failing.add(call, t.perform(ctx, call, given))
		case failed != nil:
			t.skip(ctx, call, failed.Error())
		case ctx.Err() != nil:
			t.skip(ctx, call, StopNote(context.Cause(ctx)))
		case t.unlogged != nil:
			t.skip(ctx, call, t.unlogged.Error())
		case t.endedBy != "":
			t.skip(ctx, call, t.endedBy+" has ended the turn")
		case given != nil && call.Arguments == "":
			t.skip(ctx, call, "its arguments were lost when the server ended; call it again")
		case reply.Finish == FinishLength, reply.Finish == FinishFilter:
			// The last arguments may be cut and still be valid JSON.
			failed = t.failing.add(call, t.skip(ctx, call, "the reply was cut; send smaller pieces"))
		default:
			failed = t.failing.add(call, t.call(ctx, call))
		}
	}
	if ctx.Err() != nil && len(reply.Message.ToolCalls) > 0 {
		return t.stop(ctx)
	}
	return failed
}

// skip answers a call that is not run.
func (t *turn) skip(ctx context.Context, call event.ToolCall, why string) tools.Result {
	res := tools.Errorf("not run: %s", why)
	t.emit(ctx, started(t.base, call))
	t.answer(ctx, call, res, 0)
	return res
}

// call runs one tool and records its result.
func (t *turn) call(ctx context.Context, call event.ToolCall) tools.Result {
	t.emit(ctx, started(t.base, call))
	if t.unlogged != nil { // a call that is not recorded must not run
		res := tools.Errorf("not run: %s", t.unlogged)
		t.answer(ctx, call, res, 0)
		return res
	}
	return t.perform(ctx, call, nil)
}

// perform runs a permitted call and records its result. given is an earlier
// decision of the user, nil for none.
func (t *turn) perform(ctx context.Context, call event.ToolCall, given *Answered) tools.Result {
	live := &liveOutput{emit: func(delta string) {
		t.watch.Alive() // before anyone can see the effects of the call
		t.emit(ctx, event.Event{Kind: event.KindToolOutput, CallID: call.ID, Delta: delta})
	}}
	env := tools.Env{
		Runtime:   t.runtime,
		SessionID: t.opts.SessionID,
		TaskID:    t.opts.TaskID,
		Alone:     t.opts.Alone,
		Mode:      string(t.policy().Mode),
		Output:    live.write,
		Ask:       t.askUser,
	}
	res, ok := t.permit(ctx, call, &env, given)
	started := time.Now() // the time of the user's decision is not the call's
	if ok {
		res = t.tools.Call(ctx, env, call.Name, call.Arguments)
	}
	live.end()
	t.watch.Alive()
	took := time.Since(started)
	t.diagnose(ctx, &res)
	bound(&res)
	t.answer(ctx, call, res, took)
	t.reportRuntime(ctx)
	if res.Stack != "" {
		t.notice(ctx, event.LevelError, "tool "+call.Name+" panicked:\n"+res.Stack)
	}
	for _, c := range res.Changes {
		t.out.Changes = merge(t.out.Changes, c)
		t.emit(ctx, event.FileChanged(c))
	}
	if res.EndTurn {
		t.endedBy = call.Name
	}
	if q := res.Question; q != nil {
		t.out.Question = &event.TurnQuestion{Text: q.Text, Options: q.Options}
	}
	return res
}

// answer sends the one result of a call.
func (t *turn) answer(ctx context.Context, call event.ToolCall, res tools.Result, took time.Duration) {
	t.emit(ctx, event.Event{
		Kind: event.KindToolFinished, CallID: call.ID, Tool: call.Name, Text: res.Text, IsError: res.IsError,
		ExitCode: res.ExitCode, Truncated: res.Truncated, DurationSeconds: took.Seconds(),
	})
}

// bound makes a result fit the history: valid UTF-8 and not too long.
func bound(res *tools.Result) {
	if len(res.Text) <= maxResult {
		res.Text = strings.ToValidUTF8(res.Text, "\uFFFD")
		return
	}
	out := runtime.NewOutput(maxResult)
	_, _ = out.Write([]byte(res.Text)) // cannot fail
	res.Text, res.Truncated = out.String(), true
}

func (t *turn) askUser(ctx context.Context, question string, options []string) (string, bool, error) {
	q := event.Question{RequestKey: event.NewID("q"), SessionID: t.opts.SessionID, Question: question, Options: options}
	asked := t.opts.Broker.Put(approval.PendingQuestion(q), t.opts.ParentID)
	defer t.opts.Broker.Drop(asked)
	t.clock.pause()
	defer t.clock.resume()
	type reply struct {
		event.Answer
		ok bool
	}
	answer, err := approval.First(ctx, asked,
		func(ctx context.Context) (reply, error) {
			a, ok, err := t.opts.Client.AskUser(ctx, q)
			return reply{a, ok}, err
		},
		func(r approval.Response) reply {
			return reply{event.Answer{Answer: r.Answer, Cancelled: r.Cancelled}, true}
		})
	if err != nil || !answer.ok {
		return "", answer.ok, err
	}
	if answer.Cancelled {
		return "", true, errors.New("the user dismissed the question")
	}
	return answer.Answer.Answer, true, nil
}

// liveOutput delivers a tool's output while the tool runs. A process that the
// tool leaves running must not send output after the tool's end.
type liveOutput struct {
	mu    sync.Mutex
	ended bool
	emit  func(delta string)
}

func (l *liveOutput) write(delta string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended && delta != "" {
		l.emit(delta)
	}
}

func (l *liveOutput) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
}
