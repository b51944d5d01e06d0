package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// A line answers the question of a delegated agent, although the prompt waits for a line too.
func TestAnOpenQuestionHasTheNextLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &entered{answers: make(chan line), said: make(chan line)}
		said := make(chan line)
		go func() { said <- <-e.said }()
		synctest.Wait()
		client := &asking{newApproving(&term.Printer{Out: io.Discard, Activity: io.Discard}, io.Discard, func() *entered { return e })}
		decided := make(chan event.Decision, 1)
		go func() {
			d, _ := client.RequestApproval(t.Context(), event.Approval{Options: []event.Choice{event.DecisionAllow, event.DecisionDeny}})
			decided <- d
		}()
		synctest.Wait()
		answered := make(chan event.Answer, 1)
		go func() { // waits for the first question's end
			a, _, _ := client.AskUser(t.Context(), event.Question{Question: "Which?"})
			answered <- a
		}()
		synctest.Wait()
		for _, text := range []string{"y\n", "the second\n", "hello\n"} {
			e.hand(line{text: text})
			synctest.Wait()
		}
		if d := <-decided; d.Decision != event.DecisionAllow {
			t.Errorf("the decision is %+v", d)
		}
		if a := <-answered; a.Answer != "the second" {
			t.Errorf("the answer is %+v", a)
		}
		if l := <-said; l.text != "hello\n" {
			t.Errorf("said %q", l.text)
		}
	})
}

// If the input ends while a question is open, both the question and the prompt get the end.
func TestTheEndOfInputIsToldToEveryone(t *testing.T) {
	e := readLines(strings.NewReader("no newline"))
	if l := <-e.said; l.text != "no newline" || l.err != nil {
		t.Fatalf("the line is %+v", l)
	}
	for _, c := range []chan line{e.answers, e.said, e.answers} {
		if l := <-c; !errors.Is(l.err, io.EOF) {
			t.Errorf("behind the end: %+v", l)
		}
	}
}

// A user who is typing an answer is told that the question was cancelled.
func TestAWithdrawnQuestionIsSaidToBe(t *testing.T) {
	for name, ask := range map[string]func(context.Context, *asking){
		"approval": func(ctx context.Context, a *asking) { _, _ = a.RequestApproval(ctx, event.Approval{Title: "Run"}) },
		"question": func(ctx context.Context, a *asking) { _, _, _ = a.AskUser(ctx, event.Question{Question: "Which?"}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out strings.Builder
				client := &asking{newApproving(&term.Printer{}, &out, func() *entered { return &entered{} })}
				ctx, withdraw := context.WithCancel(t.Context())
				go ask(ctx, client)
				synctest.Wait()
				withdraw()
				synctest.Wait()
				if !strings.HasSuffix(out.String(), "\n(the question was withdrawn)\n") {
					t.Errorf("it says %q", out.String())
				}
			})
		})
	}
}

// keys is a terminal; text written to it is typed.
type keys struct {
	*typing
	*io.PipeWriter
}

func newKeys(t *testing.T) keys {
	in, out := io.Pipe()
	k := keys{newTyping(in), out}
	go k.read()
	t.Cleanup(func() { _ = out.Close() })
	return k
}

func (k keys) types(text string) {
	_, _ = io.WriteString(k, text) // fails when the test is over
	synctest.Wait()
}

// A line that was begun before a question is not its answer but the next message.
func TestALineThatWasBegunBeforeIsNoAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		typed func(k keys, rest func())
		said  []string
	}{
		"nothing":                {func(keys, func()) {}, nil},
		"a line before":          {func(k keys, rest func()) { k.types("y\n") }, []string{"y\n"}},
		"a line within a second": {func(k keys, rest func()) { time.Sleep(time.Second / 2); k.types("y\n") }, []string{"y\n"}},
		"a word that is ended":   {func(k keys, rest func()) { k.types("reall"); rest(); k.types("y\n") }, []string{"really\n"}},
		"a word that is dropped": {func(k keys, rest func()) { k.types("ay"); rest(); k.types("\x7f\x7f") }, nil},
		"a line that is dropped": {func(k keys, rest func()) { k.types("say"); rest(); k.types("\x15") }, nil},
		"slow keys":              {func(k keys, rest func()) { k.types("s"); rest(); k.types("a"); rest(); k.types("y\n") }, []string{"say\n"}},
		"a paste":                {func(k keys, rest func()) { rest(); k.types("y\n"); k.types("z\n") }, []string{"y\n", "z\n"}},
		"Enter alone":            {func(k keys, rest func()) { rest(); k.types("\n"); k.types("\n") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKeys(t)
				client := newApproving(&term.Printer{}, io.Discard, func() *entered { return &entered{typing: k.typing} })
				decided := make(chan event.Decision, 1)
				go func() {
					d, _ := client.RequestApproval(t.Context(), event.Approval{Options: []event.Choice{event.DecisionAllow, event.DecisionDeny}})
					decided <- d
				}()
				synctest.Wait()
				rest := func() { time.Sleep(quietTime + time.Millisecond); synctest.Wait() }
				tt.typed(k, rest)
				time.Sleep(aloneTime)
				rest()
				if len(decided) > 0 {
					t.Fatalf("decides %+v", <-decided)
				}
				k.types("y\n")
				if d := <-decided; d.Decision != event.DecisionAllow {
					t.Errorf("the decision is %+v", d)
				}
				for _, want := range tt.said {
					if got, err := k.next(t.Context()); got != want || err != nil {
						t.Errorf("said %q, %v; want %q", got, err, want)
					}
				}
				if n := k.waiting(); n > 0 {
					t.Errorf("%d lines more are said", n)
				}
				_ = k.Close()
				if _, err := k.next(t.Context()); !errors.Is(err, io.EOF) {
					t.Errorf("at the end: %v", err)
				}
			})
		})
	}
}
