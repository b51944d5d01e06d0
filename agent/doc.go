// Package agent holds the conversation with a model: the loop that streams a
// reply, runs the tools that it calls and goes on until the model stops, the
// events that tell of it, and the sessions that the protocol speaks of.
//
// Model is the one interface to implement for another model; Client is whoever
// watches. The package knows nothing of JSON-RPC, of Docker or of background
// tasks.
package agent
