package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

const (
	// quietTime is the time without typing before a line can answer.
	quietTime = time.Second
	// aloneTime is the time after an answer: a line that follows within it shows that
	// both are part of a paste.
	aloneTime = 250 * time.Millisecond
	// maxTyped bounds the lines that wait for the prompt; the terminal keeps more.
	maxTyped = 256
)

// typing reads a terminal. A line that was begun before a question does not answer it; the
// next prompt gets it.
type typing struct {
	in io.Reader
	// unbuffered makes the terminal pass on each key at once until restore, so that
	// incomplete lines are noticed. It does nothing where that is impossible.
	unbuffered func() (restore func())

	touched chan struct{} // has a token after something was typed
	some    chan struct{} // has a token after a line was typed
	room    chan struct{} // has a token after a line was taken

	mu      sync.Mutex
	begun   []byte   // the incomplete line
	lines   []string // for the prompt
	open    bool     // lines go to a question
	given   []string // lines for the question
	end     error    // set when the input has ended
	editing bool     // typing edits the line, because the terminal is unbuffered
}

func newTyping(in io.Reader) *typing {
	return &typing{
		in: in, unbuffered: func() func() { return unbuffered(in) },
		touched: make(chan struct{}, 1), some: make(chan struct{}, 1), room: make(chan struct{}, 1),
	}
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// read reads the terminal until the input ends.
func (t *typing) read() {
	buf := make([]byte, 4096)
	for {
		n, err := t.in.Read(buf)
		t.took(buf[:n], err)
		if err != nil {
			return
		}
		for t.waiting() >= maxTyped {
			<-t.room
		}
	}
}

func (t *typing) waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.lines) + len(t.given)
}

func (t *typing) took(b []byte, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range b {
		switch {
		case c == '\n':
			t.line()
		case !t.editing:
			t.begun = append(t.begun, c)
		case c == '\b' || c == 0x7f: // the unbuffered terminal does not erase
			_, size := utf8.DecodeLastRune(t.begun)
			t.begun = t.begun[:len(t.begun)-size]
		case c == 'U'-'@':
			t.begun = t.begun[:0]
		case c == '\t' || c >= ' ':
			t.begun = append(t.begun, c)
		}
	}
	if err != nil && len(t.begun) > 0 {
		t.line()
	}
	t.end = err
	notify(t.touched)
	if len(t.lines) > 0 || err != nil {
		notify(t.some)
	}
}

// line ends the begun line. The caller holds mu.
func (t *typing) line() {
	text := string(t.begun) + "\n"
	t.begun = t.begun[:0]
	if t.open {
		t.given = append(t.given, text)
	} else {
		t.lines = append(t.lines, text)
	}
}

// take returns the first line, or the end of the input.
func (t *typing) take() (l line, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == 0 {
		return line{err: t.end}, t.end != nil
	}
	l.text, t.lines = t.lines[0], t.lines[1:]
	notify(t.room)
	return l, true
}

// next waits for a line.
func (t *typing) next(ctx context.Context) (string, error) {
	for {
		if l, ok := t.take(); ok {
			return l.text, l.err
		}
		select {
		case <-t.some:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

// answer waits for a line that is begun after a second without typing, is not blank, and is
// not part of a paste. Other lines are kept for the prompt.
func (t *typing) answer(ctx context.Context, out io.Writer, choices string) (line, error) {
	for {
		if err := t.settle(ctx, out); err != nil {
			return line{}, err
		}
		t.collect(true)
		fmt.Fprint(out, choices)
		err := t.awaitLine(ctx)
		l, ok := t.collect(false)
		if err != nil || ok {
			return l, err
		}
	}
}

// awaitLine waits for a line, and for the rest of a paste.
func (t *typing) awaitLine(ctx context.Context) error {
	for !t.answered() {
		select {
		case <-t.touched:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	alone := time.NewTimer(aloneTime)
	defer alone.Stop()
	select {
	case <-alone.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// collect(true) lets lines go to the question. collect(false) ends that and returns the
// answer if exactly one line came and it is not blank; else the lines go to the prompt.
func (t *typing) collect(open bool) (l line, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	came := t.given
	t.open, t.given = open, nil
	switch {
	case open:
		return l, false
	case len(came) == 0:
		return line{err: t.end}, t.end != nil
	case len(came) == 1 && strings.TrimSpace(came[0]) != "":
		return line{text: came[0]}, true
	case strings.TrimSpace(strings.Join(came, "")) != "":
		t.lines = append(t.lines, came...)
		notify(t.some)
	}
	return l, false
}

func (t *typing) answered() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.given) > 0 || t.end != nil
}

func (t *typing) ended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.end != nil
}

// settle waits for a second without typing and without a begun line. It tells the user which
// lines are kept for the prompt.
func (t *typing) settle(ctx context.Context, out io.Writer) error {
	select {
	case <-t.touched:
	default:
	}
	restore := t.unbuffered()
	t.edits(true)
	defer func() {
		t.edits(false)
		restore()
	}()
	told := false
	for quiet := time.NewTimer(quietTime); ; quiet.Reset(quietTime) {
		select {
		case <-t.touched:
		case <-quiet.C:
			if !t.unfinished() {
				quiet.Stop()
				if t.waiting() > 0 {
					fmt.Fprint(out, "(your earlier typing is not taken as the answer)\n")
				}
				return nil
			}
			if !told {
				fmt.Fprintf(out, "\n(you were typing: Enter keeps the line for later, Ctrl-U deletes it; then answer)\n%s", t.text())
				told = true
			}
		case <-ctx.Done():
			quiet.Stop()
			return context.Cause(ctx)
		}
		if t.ended() {
			quiet.Stop()
			return nil
		}
	}
}

func (t *typing) edits(is bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.editing = is
}

func (t *typing) unfinished() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(bytes.TrimSpace(t.begun)) > 0
}

// text returns the incomplete line, safe to print.
func (t *typing) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return term.Safe(string(t.begun))
}
