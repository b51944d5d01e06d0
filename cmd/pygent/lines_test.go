package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// A delegated agent asks while the prompt waits for a line: the line is the answer.
func TestAnOpenQuestionHasTheNextLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := entered{make(chan line), make(chan line)}
		said := make(chan line)
		go func() { said <- <-e.said }()
		synctest.Wait()
		client := &asking{newApproving(&term.Printer{Out: io.Discard, Activity: io.Discard}, io.Discard, func() <-chan line { return e.answers })}
		decided := make(chan agent.Decision, 1)
		go func() {
			d, _ := client.RequestApproval(t.Context(), agent.Approval{Options: []string{agent.DecisionAllow, agent.DecisionDeny}})
			decided <- d
		}()
		synctest.Wait()
		answered := make(chan agent.Answer, 1)
		go func() { // waits for its turn
			a, _, _ := client.AskUser(t.Context(), agent.Question{Question: "Which?"})
			answered <- a
		}()
		synctest.Wait()
		for _, text := range []string{"y\n", "the second\n", "hello\n"} {
			e.hand(line{text: text})
			synctest.Wait()
		}
		if d := <-decided; d.Decision != agent.DecisionAllow {
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

// A script's input can end while something is asked, and that ends the chat too.
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

// Who is typing an answer learns that it would be none.
func TestAWithdrawnQuestionIsSaidToBe(t *testing.T) {
	for name, ask := range map[string]func(context.Context, *asking){
		"approval": func(ctx context.Context, a *asking) { _, _ = a.RequestApproval(ctx, agent.Approval{Title: "Run"}) },
		"question": func(ctx context.Context, a *asking) { _, _, _ = a.AskUser(ctx, agent.Question{Question: "Which?"}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out strings.Builder
				client := &asking{newApproving(&term.Printer{}, &out, func() <-chan line { return nil })}
				ctx, withdraw := context.WithCancel(t.Context())
				go ask(ctx, client)
				synctest.Wait()
				withdraw()
				synctest.Wait()
				if !strings.HasSuffix(out.String(), "\n(withdrawn)\n") {
					t.Errorf("it says %q", out.String())
				}
			})
		})
	}
}
