// Package rpc is the protocol: JSON-RPC 2.0 over a pipe, the way language
// servers speak it. It holds the framing, the method table, dispatch and
// cancellation, the one outgoing queue, and the client's side of the pipe.
//
// It is the only importer of sourcegraph/jsonrpc2, and it holds no domain
// logic: what a method does is a method of agent.Sessions or tasks.Manager.
// It must not know of models, containers, flags or configuration.
//
// The bytes on the wire are written by this package alone; nothing else may
// write to the same output.
package rpc

//go:generate go run ./internal/gen
