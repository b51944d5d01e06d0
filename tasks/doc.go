// Package tasks runs delegated agents in the background. A task is a session, a
// workspace with copies of the files that it was given, and a slot: the number of
// slots bounds the tasks that run at a time. A time limit ends everything that
// belongs to a turn.
//
// A Manager owns the tasks of a connection: their states, slots and limits, and
// it serves the protocol's methods for them. A Backend runs the turns. It gets an
// Assignment, which is plain data; package inprocess is the backend in this
// process. Package backendtest tests the contract of a backend. The sessions are
// those of package session, which does not know tasks.
//
// The package does not know how a turn is run: neither its model, nor its
// sandbox, nor JSON-RPC.
package tasks
