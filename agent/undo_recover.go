package agent

import (
	"slices"
	"time"

	"github.com/pygent/pygent/runtime/snapshot"
)

// keptLog is the name of the records that the agent's turns are kept for, so that
// another server can record one whose own was killed; "" where none could: a
// temporary workspace goes with its server.
func (a *Agent) keptLog() string {
	ws := a.runtime.Workspace()
	if ws.Temporary() {
		return ""
	}
	name, err := logPath(ws, a.log.kept())
	if err != nil {
		return "" // what a turn changes cannot be recorded, which its end tells
	}
	return name
}

// recover records what a turn of this session had changed when its server was
// killed. It happens once, before the agent changes anything itself.
func (a *Agent) recover(s *undoSpace) error {
	name := a.keptLog()
	if name == "" {
		return nil
	}
	return s.tracker.Recover(a.scanning(), name, func(id string, changes []snapshot.Change) error {
		log, err := s.log(name)
		if err != nil || len(changes) == 0 || slices.Contains(log.IDs(), id) { // killed between the record and its end
			return err
		}
		return log.Append(snapshot.Record{ID: id, Time: time.Now().UTC(), Changes: changes})
	})
}
