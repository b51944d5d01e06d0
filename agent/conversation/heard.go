package conversation

import (
	"slices"
	"strings"

	"github.com/pygent/pygent/agent/event"
)

// maxUndone bounds the files that are known to be undone, and their reverts.
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

// undo is a revert that the model has not heard of.
type undo struct {
	id    string
	paths []string
}

// reverted notes that the files put back are undone changes. Undoing a revert
// leaves nothing to tell, unless the model has heard of that.
func (s *State) reverted(e *event.Event) {
	paths := s.putBack
	s.putBack = nil
	if i := slices.IndexFunc(s.undone, func(u undo) bool { return u.id == e.ToTurnID }); i >= 0 {
		s.undone = slices.Delete(slices.Clone(s.undone), i, i+1)
		return
	}
	if len(paths) > 0 && len(s.undone) < maxUndone {
		s.undone = append(slices.Clip(s.undone), undo{e.TurnID, paths})
	}
}

// Undone returns the files whose changes the user has undone since the model's
// last turn. After a rewind there are none: the conversation is as old as they
// are.
func (s *State) Undone() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, u := range s.undone {
		for _, path := range u.paths {
			if len(list) < maxUndone && !slices.Contains(list, path) {
				list = append(list, path)
			}
		}
	}
	return list
}

// Plan returns the model's plan; empty when it has made none.
func (s *State) Plan() []event.PlanStep {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.history.plan)
}
