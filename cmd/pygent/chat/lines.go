package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/rpc"
)

// LineOptions are the further options of Lines.
type LineOptions struct {
	Client     event.Client                              // prints events and asks the user
	Next       func(ctx context.Context) (string, error) // the next line of input; io.EOF at its end
	Interrupts <-chan os.Signal                          // Ctrl-C: ends the turn, leaves when there is none
}

// lineChat is a conversation line by line.
type lineChat struct {
	Options
	LineOptions
	talk  *talk
	ended chan struct{} // has a token when a turn has ended
}

// errLeave ends the conversation.
var errLeave = errors.New("the user leaves")

// Lines runs a conversation line by line until the user leaves or ctx ends, which is not
// an error. Then it closes Conn.
func Lines(ctx context.Context, o Options, l LineOptions) error {
	ended := make(chan struct{}, 1)
	t, err := connect(ctx, o, handlersOf(ctx, l.Client, ended))
	if err != nil {
		return err
	}
	c := &lineChat{o, l, t, ended}
	fmt.Fprintln(o.Out, term.Safe(t.greeting()))
	if o.Resume != "" {
		err = c.command(ctx, command{run: resume}, o.Resume)
	}
	for err == nil {
		err = c.next(ctx)
	}
	if errors.Is(err, errLeave) || ctx.Err() != nil {
		err = nil
	}
	return errors.Join(err, t.close())
}

// handlersOf returns handlers that pass events and questions to c.
func handlersOf(ctx context.Context, c event.Client, ended chan<- struct{}) rpc.Handlers {
	return rpc.Handlers{
		Notification: func(method string, params json.RawMessage) {
			e, err := decode[event.Event](params)
			if err != nil || method != rpc.MethodEvent {
				return
			}
			c.Event(ctx, e)
			if e.Kind == event.KindTurnFinished && e.TaskID == "" {
				select {
				case ended <- struct{}{}:
				default:
				}
			}
		},
		Request: func(ctx context.Context, method string, params json.RawMessage) (any, error) {
			switch method {
			case rpc.MethodRequestApproval:
				a, err := decode[event.Approval](params)
				if err != nil {
					return nil, err
				}
				return c.RequestApproval(ctx, a)
			case rpc.MethodAskUser:
				q, err := decode[event.Question](params)
				if err != nil {
					return nil, err
				}
				answer, ok, err := c.AskUser(ctx, q)
				if err == nil && !ok {
					err = errors.New("nobody can be asked")
				}
				return answer, err
			}
			return nil, fmt.Errorf("unknown method %q", method)
		},
	}
}

// next reads a line and runs it as a command or a message.
func (p *lineChat) next(ctx context.Context) error {
	fmt.Fprint(p.Out, "> ")
	wait, cancel := context.WithCancel(ctx)
	stop := p.onInterrupt(cancel)
	text, err := p.Next(wait)
	interrupted := wait.Err() != nil
	stop()
	cancel()
	switch {
	case interrupted, errors.Is(err, io.EOF):
		fmt.Fprintln(p.Out)
		return errLeave
	case err != nil:
		return fmt.Errorf("read input: %w", err)
	case strings.TrimSpace(text) == "":
		return nil
	}
	c, args, ok, err := parse(p.talk, text)
	switch {
	case err != nil:
		fmt.Fprintln(p.Out, term.Safe(err.Error()))
		return nil
	case ok:
		return p.command(ctx, c, args)
	}
	return p.say(ctx, strings.TrimSpace(text))
}

// onInterrupt calls f with each Ctrl-C until stop has returned.
func (p *lineChat) onInterrupt(f func()) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-p.Interrupts:
				f()
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// say runs one turn. Ctrl-C ends it; a second Ctrl-C leaves.
func (p *lineChat) say(ctx context.Context, text string) error {
	turn, cancel := context.WithCancel(ctx)
	defer cancel()
	var presses int
	stop := p.onInterrupt(func() {
		if presses++; presses > 1 {
			cancel()
		} else if err := p.talk.interrupt(turn); err != nil {
			fmt.Fprintln(p.Out, term.Safe("error: "+explain(err)))
		}
	})
	res, err := p.talk.step(turn, text)
	stop()
	switch {
	case presses > 1:
		return errLeave
	case err != nil:
		fmt.Fprintln(p.Out, term.Safe("error: "+explain(err)))
		return nil
	}
	term.Report(p.Out, res)
	return nil
}

func (p *lineChat) command(ctx context.Context, c command, args string) error {
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := p.onInterrupt(cancel)
	out, err := c.run(run, p.talk, args)
	stop()
	for _, e := range out.events {
		if e.Kind == event.KindMessage && e.Text != "" {
			fmt.Fprintf(p.Out, "%s: %s\n", e.Role, term.Safe(e.Text))
		} else {
			p.Client.Event(ctx, e)
		}
	}
	for _, text := range []string{out.text, out.patch} {
		if text != "" {
			fmt.Fprintln(p.Out, strings.TrimRight(term.Safe(text), "\n"))
		}
	}
	for _, r := range out.pending {
		err = errors.Join(err, p.goOn(ctx, r))
	}
	if err != nil {
		fmt.Fprintln(p.Out, term.Safe("error: "+explain(err)))
	}
	if out.leave {
		return errLeave
	}
	return nil
}

// goOn asks the user a pending request of a resumed session. It waits for the end of the
// turn that the answer continues, unless that is a task's.
func (p *lineChat) goOn(ctx context.Context, r approval.PendingRequest) error {
	if r.Approval == nil {
		return nil // the next message answers an open question
	}
	d, err := p.Client.RequestApproval(ctx, *r.Approval)
	if err != nil {
		return err
	}
	select {
	case <-p.ended: // of an earlier turn
	default:
	}
	if err := p.talk.respond(ctx, r.RequestKey, d); err != nil || r.Approval.TaskID != "" {
		return err
	}
	var failed error
	stop := p.onInterrupt(func() { failed = p.talk.interrupt(ctx) })
	select {
	case <-p.ended:
	case <-p.talk.client.Done():
	case <-ctx.Done():
	}
	stop()
	return failed
}
