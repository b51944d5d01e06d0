// Package approval decides what a tool call may do. It holds the modes and rules
// of a session, the verdict on a proposed call, the texts that ask the user, and
// the open questions.
//
// The package does not know turns, models or journals.
package approval
