package tasks

import (
	"slices"
	"strings"
)

// State says how a task stands. Every turn of a task ends in exactly one state in
// which nothing of it runs; a further prompt begins a further turn from there.
//
//	tasks/start ─────────▶ running ──▶ finished | failed | timeout | stepLimit | budget | cancelled
//	                        ▲   ▲ └──▶ waiting ── cancel ──▶ cancelled
//	             free slot  │   │
//	tasks/send ──▶ queued ──┘   └── tasks/send, where a slot is free
//	                 └── cancel ──▶ cancelled
//
// A task that a resumed session brings back has one of the states in which nothing
// runs; interrupted when its server ended before its turn did. If the server had
// asked the user just then, the answer begins the further turn that tasks/send
// begins otherwise, and a cancel withdraws the question.
type State string

// States of a task.
const (
	StateQueued      State = "queued" // its further turn waits until fewer tasks run
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

// states are all of them, in the order in which they are listed.
func states() []State {
	return []State{
		StateQueued, StateRunning, StateWaiting, StateFinished, StateFailed, StateTimeout,
		StateStepLimit, StateBudget, StateCancelled, StateInterrupted,
	}
}

// stateNames lists them for people: "queued, …, cancelled or interrupted".
func stateNames() string {
	var names []string
	for _, s := range states() {
		names = append(names, string(s))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// active reports whether something of the task runs or is about to.
func (s State) active() bool { return s == StateQueued || s == StateRunning }

// leadsTo is the one place that says which state follows which; "" is that of a
// task which is not there yet.
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
