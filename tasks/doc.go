// Package tasks runs delegated agents in the background: each in a workspace of
// its own with copies of the files that it was given, with time limits that are
// true, and at most so many at a time.
//
// The package knows nothing of models or of JSON-RPC: a Runner runs a task's
// prompt, and the program wires it to package agent.
package tasks
