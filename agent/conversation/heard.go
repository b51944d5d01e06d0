package conversation

import (
	"slices"
	"strings"

	"github.com/pygent/pygent/agent/event"
)

// maxUndone bounds the files that are known to be undone.
const maxUndone = 1000

// heard puts lines for the model after the text of a message.
func heard(text string, lines []string) string {
	if len(lines) == 0 {
		return text
	}
	return strings.TrimSuffix(text, "\n") + "\n\n" + strings.Join(lines, "\n")
}

// restored notes a file that is put back outside of a turn: the event of the
// revert follows, or that of a rewind.
func (s *State) restored(e *event.Event) {
	if e.TurnID == "" && len(s.putBack) < maxUndone && !slices.Contains(s.putBack, e.Path) {
		s.putBack = append(s.putBack, e.Path)
	}
}

// reverted notes that the files put back are undone changes.
func (s *State) reverted() {
	for _, path := range s.putBack {
		if len(s.undone) < maxUndone && !slices.Contains(s.undone, path) {
			s.undone = append(s.undone, path)
		}
	}
	s.putBack = nil
}

// Undone returns the files whose changes the user has undone since the model's
// last turn. After a rewind there are none: the conversation is as old as they
// are.
func (s *State) Undone() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.undone)
}

// Plan returns the model's plan; empty when it has made none.
func (s *State) Plan() []event.PlanStep {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.history.plan)
}
