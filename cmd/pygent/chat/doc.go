// Package chat is the conversation in a terminal: a screen with streaming
// Markdown, tools at work, approvals and commands, and the same line by line
// where there is no terminal.
//
// It is a client of the protocol like any other: all it knows of sessions, tasks
// and files it asks over the connection that it is given. It must not know the
// packages behind the protocol but for the shapes of what goes over it. Nothing
// that a model or a tool says reaches the terminal unescaped.
package chat
