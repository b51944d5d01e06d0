package chat

// mostRemembered bounds the history of the input.
const mostRemembered = 500

// history is what was entered before, for the arrow keys.
type history struct {
	lines []string
	at    int    // 0 is the input itself, n the n-th line from the end
	draft string // what was in the input before
}

func (h *history) add(text string) {
	if n := len(h.lines); n > 0 && h.lines[n-1] == text {
		return
	}
	h.lines = append(h.lines, text)
	h.lines = h.lines[max(0, len(h.lines)-mostRemembered):]
}

func (h *history) reset() { h.at, h.draft = 0, "" }

// back is the line before the one that is shown.
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

// forth is the line behind the one that is shown.
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
