package main

import (
	"bufio"
	"io"
)

// line is one line of input, or the end of it.
type line struct {
	text string
	err  error
}

// entered is what the user enters, a line at a time. An open question has the next
// line, whoever else waits for one: a delegated agent asks while the prompt stands.
type entered struct {
	answers chan line // to open questions
	said    chan line // everything else
}

// readLines reads input in a goroutine that ends with the process: a read of stdin
// cannot be interrupted, and the end of input is told to everyone who asks.
func readLines(in io.Reader) entered {
	e := entered{make(chan line), make(chan line)}
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

// hand gives a line to a question if there is one, else to whom comes first.
func (e entered) hand(l line) {
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
