// Package event is the vocabulary of sessions: events and their kinds, messages,
// tool calls, usage, limits, approvals, questions, and the Client that receives
// events and is asked. Statuses, states, modes, levels and choices are typed
// strings, with their values beside the type.
//
// The package holds values only. It must not know who makes them.
package event
