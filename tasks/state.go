package tasks

import (
	"slices"
	"strings"
)

// State is the state of a task. Every turn of a task ends in exactly one state in
// which nothing of it runs; a further prompt begins a further turn from there.
//
//	tasks/start ─────────▶ running ──▶ finished | failed | timeout | stepLimit | budget | cancelled
//	                        ▲   ▲ └──▶ waiting ── cancel ──▶ cancelled
//	             free slot  │   │
//	tasks/send ──▶ queued ──┘   └── tasks/send, where a slot is free
//	                 └── cancel ──▶ cancelled
//
// A task of a resumed session has one of the states in which nothing runs; it is
// interrupted when its server ended before its turn did. If an approval was open
// then, its answer begins the further turn, as tasks/send does for others, and a
// cancel withdraws the question.
type State string

// States of a task.
const (
	StateQueued      State = "queued" // its further turn waits for a slot
	StateRunning     State = "running"
	StateWaiting     State = "waiting" // its agent has asked; tasks/send answers
	StateFinished    State = "finished"
	StateFailed      State = "failed"
	StateTimeout     State = "timeout"
	StateStepLimit   State = "stepLimit"
	StateBudget      State = "budget"
	StateCancelled   State = "cancelled"
	StateInterrupted State = "interrupted"
)

// states lists all states, in the order of display.
func states() []State {
	return []State{
		StateQueued, StateRunning, StateWaiting, StateFinished, StateFailed, StateTimeout,
		StateStepLimit, StateBudget, StateCancelled, StateInterrupted,
	}
}

// stateNames lists them in words: "queued, …, cancelled or interrupted".
func stateNames() string {
	var names []string
	for _, s := range states() {
		names = append(names, string(s))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// active reports whether a turn of the task runs or is queued.
func (s State) active() bool { return s == StateQueued || s == StateRunning }

// leadsTo alone decides which state may follow which; "" is the state before a
// task is listed.
func (s State) leadsTo(next State) bool {
	if !slices.Contains(states(), next) {
		return false
	}
	switch s {
	case "":
		return next != StateQueued
	case StateQueued:
		return next == StateRunning || next == StateCancelled
	case StateRunning:
		return !next.active() && next != StateInterrupted
	case StateWaiting, StateInterrupted:
		return next.active() || next == StateCancelled
	default:
		return next.active()
	}
}
