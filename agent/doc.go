// Package agent runs one turn of a conversation: it streams a reply of the model,
// runs the tools that the reply calls, and repeats this until the model calls none.
//
// To use another model, implement Model. To watch a turn and answer its questions,
// implement event.Client. The package must not know which methods a client can call
// on a session, nor JSON-RPC, Docker or background tasks.
package agent
