package main

import (
	"bufio"
	"context"
	"io"
)

// line is one line of input, or the end of the input.
type line struct {
	text string
	err  error
}

// entered reads the user's input by lines. An open question gets the next line before the
// prompt does, because a delegated agent asks while the prompt waits. At a terminal, it gets
// the next line that was begun after the question.
type entered struct {
	answers chan line // to open questions
	said    chan line // everything else
	typing  *typing   // of a terminal, else nil
}

// readLines reads input in a goroutine that ends with the process, because a read of stdin
// cannot be interrupted. Every reader gets the end of the input.
func readLines(in io.Reader) *entered {
	e := &entered{answers: make(chan line), said: make(chan line)}
	if isTerminal(in) {
		e.typing = newTyping(in)
		go e.typing.read()
		return e
	}
	go func() {
		r := bufio.NewReader(in)
		for {
			text, err := r.ReadString('\n')
			if text != "" {
				e.hand(line{text: text})
			}
			for err != nil {
				e.hand(line{err: err})
			}
		}
	}()
	return e
}

// hand gives a line to an open question, else to the first reader of either kind.
func (e *entered) hand(l line) {
	select {
	case e.answers <- l:
		return
	default:
	}
	select {
	case e.answers <- l:
	case e.said <- l:
	}
}

// next returns the next line that answers no question.
func (e *entered) next(ctx context.Context) (string, error) {
	if e.typing != nil {
		return e.typing.next(ctx)
	}
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case l := <-e.said:
		return l.text, l.err
	}
}

// answer returns the line that answers a question, whose text is already on out. It prints
// choices when it takes an answer.
func (e *entered) answer(ctx context.Context, out io.Writer, choices string) (line, error) {
	if e.typing != nil {
		return e.typing.answer(ctx, out, choices)
	}
	_, _ = io.WriteString(out, choices)
	select {
	case <-ctx.Done():
		return line{}, context.Cause(ctx)
	case l := <-e.answers:
		return l, nil
	}
}
