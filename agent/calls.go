package agent

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

// maxResult bounds the text of one tool's answer, in bytes; head and tail are
// kept. It is above what the built-in tools give a model that asks for little.
const maxResult = 1 << 20

// calls runs the tool calls of a reply in order. Every call gets exactly one
// result, whatever happens: a conversation with an unanswered call is refused by
// the provider for ever. The first call has begun already, and waits for the
// decision, where one is given.
func (t *turn) calls(ctx context.Context, reply Reply, given *answered) error {
	var failed error
	for i, call := range reply.Message.ToolCalls {
		switch {
		case i == 0 && given != nil:
			failed = t.failing.add(call, t.perform(ctx, call, given))
		case failed != nil:
			t.skip(ctx, call, failed.Error())
		case ctx.Err() != nil:
			t.skip(ctx, call, stopNote(context.Cause(ctx)))
		case t.unlogged != nil:
			t.skip(ctx, call, t.unlogged.Error())
		case t.endedBy != "":
			t.skip(ctx, call, t.endedBy+" has ended the turn")
		case given != nil && call.Arguments == "":
			t.skip(ctx, call, "its arguments went with the server that ended; call it again")
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
func (t *turn) skip(ctx context.Context, call ToolCall, why string) tools.Result {
	res := tools.Errorf("not run: %s", why)
	t.emit(ctx, Event{Kind: KindToolStarted, CallID: call.ID, Tool: call.Name, Arguments: call.Arguments})
	t.answer(ctx, call, res, 0)
	return res
}

// call runs one tool and records its result.
func (t *turn) call(ctx context.Context, call ToolCall) tools.Result {
	t.emit(ctx, Event{Kind: KindToolStarted, CallID: call.ID, Tool: call.Name, Arguments: call.Arguments})
	if t.unlogged != nil { // what nobody could be told of must not happen
		res := tools.Errorf("not run: %s", t.unlogged)
		t.answer(ctx, call, res, 0)
		return res
	}
	return t.perform(ctx, call, nil)
}

// perform runs a call that may be run and records its result. given is what the
// user has decided already, nil otherwise.
func (t *turn) perform(ctx context.Context, call ToolCall, given *answered) tools.Result {
	live := &liveOutput{emit: func(delta string) {
		t.watch.alive() // before anybody sees what the call has done
		t.emit(ctx, Event{Kind: KindToolOutput, CallID: call.ID, Delta: delta})
	}}
	env := tools.Env{
		Runtime:   t.runtime,
		SessionID: t.opts.SessionID,
		TaskID:    t.opts.TaskID,
		Alone:     t.opts.Alone,
		Mode:      t.policy().mode,
		Output:    live.write,
		Ask:       t.askUser,
	}
	res, ok := t.permit(ctx, call, &env, given)
	started := time.Now() // the user's time is not the call's
	if ok {
		res = t.tools.Call(ctx, env, call.Name, call.Arguments)
	}
	live.end()
	t.watch.alive()
	took := time.Since(started)
	t.diagnose(ctx, &res)
	bound(&res)
	t.answer(ctx, call, res, took)
	if res.Stack != "" {
		t.notice(ctx, "error", "tool "+call.Name+" panicked:\n"+res.Stack)
	}
	for _, c := range res.Changes {
		t.out.Changes = merge(t.out.Changes, c)
		t.emit(ctx, fileChanged(c))
	}
	if res.EndTurn {
		t.endedBy = call.Name
	}
	if q := res.Question; q != nil {
		t.out.Question = &TurnQuestion{Text: q.Text, Options: q.Options}
	}
	return res
}

// answer records the one result of a call.
func (t *turn) answer(ctx context.Context, call ToolCall, res tools.Result, took time.Duration) {
	t.append(Message{Role: RoleTool, ToolCallID: call.ID, Content: res.Text})
	t.emit(ctx, Event{
		Kind: KindToolFinished, CallID: call.ID, Tool: call.Name, Text: res.Text, IsError: res.IsError,
		ExitCode: res.ExitCode, Truncated: res.Truncated, DurationSeconds: took.Seconds(),
	})
}

// bound makes a result fit for the history: valid UTF-8 and not too long.
func bound(res *tools.Result) {
	if len(res.Text) <= maxResult {
		res.Text = strings.ToValidUTF8(res.Text, "\uFFFD")
		return
	}
	out := runtime.NewOutput(maxResult)
	_, _ = out.Write([]byte(res.Text)) // it never fails
	res.Text, res.Truncated = out.String(), true
}

func (t *turn) askUser(ctx context.Context, question string, options []string) (string, bool, error) {
	q := Question{RequestKey: newID("q"), SessionID: t.opts.SessionID, Question: question, Options: options}
	asked := t.opts.Broker.put(pendingQuestion(q), t.opts.ParentID)
	defer t.opts.Broker.drop(asked)
	t.clock.pause()
	defer t.clock.resume()
	type reply struct {
		Answer
		ok bool
	}
	answer, err := first(ctx, asked,
		func(ctx context.Context) (reply, error) {
			a, ok, err := t.opts.Client.AskUser(ctx, q)
			return reply{a, ok}, err
		},
		func(r Response) reply { return reply{Answer{Answer: r.Answer, Cancelled: r.Cancelled}, true} })
	if err != nil || !answer.ok {
		return "", answer.ok, err
	}
	if answer.Cancelled {
		return "", true, errors.New("the user dismissed the question")
	}
	return answer.Answer.Answer, true, nil
}

// liveOutput hands on a tool's output while the tool runs. What a tool leaves
// behind must not put anything out after the tool's end.
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
