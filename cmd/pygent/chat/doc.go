// Package chat implements the conversation in a terminal: a screen with streamed
// Markdown, running tools, approvals and commands, or a conversation line by line if there
// is no terminal.
//
// It is a client of the protocol: it reads sessions, tasks and files only over the given
// connection. It must not know the packages behind the protocol, except for the types of
// its messages. It escapes all text of models and tools before it reaches the terminal.
package chat
