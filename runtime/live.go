package runtime

// live passes output on as it arrives, as valid UTF-8: a rune that a write cuts
// is held back until it is complete. After limit bytes it says once that it
// stops, so that a flood of output costs a client no more than that.
type live struct {
	emit    func(delta string)
	room    int    // bytes that may still be passed on
	held    []byte // the beginning of a rune, at most three bytes
	stopped bool
}

func newLive(emit func(delta string), limit int) *live {
	return &live{emit: emit, room: limit}
}

// Write never fails.
func (l *live) Write(p []byte) (int, error) {
	n := len(p)
	if l.stopped || n == 0 {
		return n, nil
	}
	if len(p) > l.room {
		p, l.stopped = p[:l.room], true
	}
	l.room -= len(p)
	text := append(l.held, p...)
	cut := len(text) - incomplete(text)
	l.held = append([]byte(nil), text[cut:]...)
	out := valid(string(text[:cut]))
	if l.stopped {
		l.held = nil
		out += "\n[live output stops here; the result has the end]\n"
	}
	if out != "" {
		l.emit(out)
	}
	return n, nil
}

// flush passes on the held bytes at the end of the output.
func (l *live) flush() {
	if len(l.held) > 0 {
		l.emit(valid(string(l.held)))
		l.held = nil
	}
}
