package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/rpc"
)

// LineOptions are what the plain face needs besides.
type LineOptions struct {
	Client     agent.Client                              // prints events, and asks
	Next       func(ctx context.Context) (string, error) // the next line of input; io.EOF at its end
	Interrupts <-chan os.Signal                          // Ctrl-C: ends the turn, leaves when there is none
}

// plainFace talks line by line.
type plainFace struct {
	Options
	LineOptions
	talk  *talk
	ended chan struct{} // has a token when a turn has ended
}

// errLeave ends the conversation.
var errLeave = errors.New("the user leaves")

// Lines talks line by line until the user leaves or ctx ends, which is no error.
// Conn is closed then.
func Lines(ctx context.Context, o Options, l LineOptions) error {
	ended := make(chan struct{}, 1)
	t, err := connect(ctx, o, handlersOf(ctx, l.Client, ended))
	if err != nil {
		return err
	}
	face := &plainFace{o, l, t, ended}
	fmt.Fprintln(o.Out, term.Safe(t.greeting()))
	if o.Resume != "" {
		err = face.command(ctx, command{run: resume}, o.Resume)
	}
	for err == nil {
		err = face.next(ctx)
	}
	if errors.Is(err, errLeave) || ctx.Err() != nil {
		err = nil
	}
	return errors.Join(err, t.close())
}

// handlersOf shows and asks by a client in this process.
func handlersOf(ctx context.Context, c agent.Client, ended chan<- struct{}) rpc.Handlers {
	return rpc.Handlers{
		Notification: func(method string, params json.RawMessage) {
			e, err := decode[agent.Event](params)
			if err != nil || method != rpc.MethodEvent {
				return
			}
			c.Event(ctx, e)
			if e.Kind == agent.KindTurnFinished && e.TaskID == "" {
				select {
				case ended <- struct{}{}:
				default:
				}
			}
		},
		Request: func(ctx context.Context, method string, params json.RawMessage) (any, error) {
			switch method {
			case rpc.MethodRequestApproval:
				a, err := decode[agent.Approval](params)
				if err != nil {
					return nil, err
				}
				return c.RequestApproval(ctx, a)
			case rpc.MethodAskUser:
				q, err := decode[agent.Question](params)
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

// next reads a line and does what it says.
func (p *plainFace) next(ctx context.Context) error {
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
func (p *plainFace) onInterrupt(f func()) (stop func()) {
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

// say does one turn. Ctrl-C ends it; a second one leaves.
func (p *plainFace) say(ctx context.Context, text string) error {
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

func (p *plainFace) command(ctx context.Context, c command, args string) error {
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := p.onInterrupt(cancel)
	out, err := c.run(run, p.talk, args)
	stop()
	for _, e := range out.events {
		if e.Kind == agent.KindMessage && e.Text != "" {
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

// goOn asks for what the last server of a resumed session had asked, and waits
// for the end of the turn that goes on, unless it is a task's.
func (p *plainFace) goOn(ctx context.Context, r agent.PendingRequest) error {
	if r.Approval == nil {
		return nil // an open question is answered by what is said next
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
