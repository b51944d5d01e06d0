package chat

// mostRemembered bounds the history of the input.
const mostRemembered = 500

// history holds the earlier inputs, for the arrow keys.
type history struct {
	lines []string
	at    int    // 0 is the input itself, n the n-th line from the end
	draft string // the input before the first arrow key
}

func (h *history) add(text string) {
	if n := len(h.lines); n > 0 && h.lines[n-1] == text {
		return
	}
	h.lines = append(h.lines, text)
	h.lines = h.lines[max(0, len(h.lines)-mostRemembered):]
}

func (h *history) reset() { h.at, h.draft = 0, "" }

// back returns the line before the shown one.
func (h *history) back(now string) (string, bool) {
	if h.at >= len(h.lines) {
		return "", false
	}
	if h.at == 0 {
		h.draft = now
	}
	h.at++
	return h.lines[len(h.lines)-h.at], true
}

// forth returns the line after the shown one.
func (h *history) forth() (string, bool) {
	switch h.at {
	case 0:
		return "", false
	case 1:
		h.at = 0
		return h.draft, true
	}
	h.at--
	return h.lines[len(h.lines)-h.at], true
}
