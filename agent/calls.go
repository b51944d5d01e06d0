package agent

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

// calls runs the tool calls of a reply and answers them in order. Every call gets
// exactly one result, whatever happens: a provider refuses a conversation with an
// unanswered call for ever. With given, the first call has already begun and waits
// for the decision.
func (t *turn) calls(ctx context.Context, reply Reply, given *Answered) error {
	var failed error
	list := reply.Message.ToolCalls
	b := newBatch(list)
	if n := len(list); n > 0 {
		t.lastCall = list[n-1].ID
	}
	for i, call := range list {
		res, again := b.repeated(call)
		switch {
		case i == 0 && given != nil:
			failed = t.perform(ctx, b, call, given)
		case b.ran(call):
			failed = cmp.Or(failed, t.call(ctx, b, call))
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
			failed = t.guard.add(call, t.skip(ctx, call, "the reply was cut; send smaller pieces")).err
		case again:
			t.emit(ctx, started(t.base, call))
			t.answer(ctx, call, res, 0)
		default:
			t.readAhead(ctx, b, list[i:])
			failed = t.call(ctx, b, call)
		}
	}
	if ctx.Err() != nil && len(list) > 0 {
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

// call runs one tool and records its result. The error ends the turn.
func (t *turn) call(ctx context.Context, b *batch, call event.ToolCall) error {
	t.emit(ctx, started(t.base, call))
	if t.unlogged != nil { // a call that is not recorded must not run
		t.answer(ctx, call, tools.Errorf("not run: %s", t.unlogged), 0)
		return nil
	}
	return t.perform(ctx, b, call, nil)
}

// env is what a tool gets, without live output.
func (t *turn) env() tools.Env {
	return tools.Env{
		Runtime:   t.runtime,
		SessionID: t.opts.SessionID,
		TaskID:    t.opts.TaskID,
		Alone:     t.opts.Alone,
		Mode:      string(t.policy().Mode),
		Files:     t.files,
		Ask:       t.askUser,
		Kept:      t.kept,
	}
}

// perform runs a permitted call and records its result. given is an earlier
// decision of the user, nil for none. The error ends the turn.
func (t *turn) perform(ctx context.Context, b *batch, call event.ToolCall, given *Answered) error {
	live := &liveOutput{emit: func(delta string) {
		t.watch.Alive() // before anyone can see the effects of the call
		t.emit(ctx, event.Event{Kind: event.KindToolOutput, CallID: call.ID, Delta: delta})
	}}
	does := deedLook
	e, ok := b.take(call)
	if !ok {
		env := t.env()
		env.Output = live.write
		if b != nil {
			does = t.deed(ctx, call)
		}
		e.res, ok = t.permit(ctx, call, &env, given, false)
		began := time.Now() // the time of the user's decision is not the call's
		if ok {
			e.res = t.run(ctx, call, env)
		}
		e.took = time.Since(began)
	}
	live.end()
	t.watch.Alive()
	return t.conclude(ctx, b, call, does, e)
}

// conclude records the result of a call that has run.
func (t *turn) conclude(ctx context.Context, b *batch, call event.ToolCall, does deed, e early) error {
	res := e.res
	t.diagnose(ctx, &res)
	repeats := t.guard.add(call, res) // before the result is cut, which can name a place of its own
	bound(&res, t.kept)
	b.keep(call, does, res)
	res.Text += repeats.note
	t.answer(ctx, call, res, e.took)
	t.reportRuntime(ctx)
	if res.Stack != "" {
		t.notice(ctx, event.LevelError, "tool "+call.Name+" panicked:\n"+res.Stack)
	}
	for _, c := range res.Changes {
		if t.sameContent(c) {
			continue
		}
		t.out.Changes = merge(t.out.Changes, c)
		t.emit(ctx, event.FileChanged(c))
	}
	if res.Plan != nil {
		t.emit(ctx, planned(res.Plan))
	}
	if res.EndTurn {
		t.endedBy = call.Name
	}
	if q := res.Question; q != nil {
		t.out.Question = &event.TurnQuestion{Text: q.Text, Options: q.Options}
	}
	return repeats.err
}

// sameContent reports whether a tool has written a file again as it was. A change
// that no line shows is reported at the turn's end, if it is one.
func (t *turn) sameContent(c runtime.Change) bool {
	return c.Change == runtime.ChangeModified && c.Added == 0 && c.Removed == 0 && t.watch != nil && t.watch.Covers(c.Path)
}

// answer sends the one result of a call. That of a reply's last call also tells
// the model what has happened besides.
func (t *turn) answer(ctx context.Context, call event.ToolCall, res tools.Result, took time.Duration) {
	images := t.images(&res)
	if call.ID == t.lastCall {
		for _, line := range t.takeHeard() {
			res.Text += "\n" + line
		}
	}
	t.send(ctx, event.Record{Event: event.Event{
		Kind: event.KindToolFinished, CallID: call.ID, Tool: call.Name, Text: res.Text, IsError: res.IsError,
		ExitCode: res.ExitCode, Truncated: res.Truncated, DurationSeconds: took.Seconds(),
	}, Images: images})
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
