// Package conversation holds what a session knows: its messages, settings, rules,
// the call that waits for the user, and what the running turn has used. All of it
// follows from the session's events:
//
//	live      emit an event, then Apply it
//	restored  Apply every record of the journal
//
// State.Apply is the only writer, so a restored session knows the same as the
// live one. The package does not know models, tools, files or clients.
package conversation
