// Package rpc implements the protocol: the method table, the lifecycle of a
// connection, the Peer through which the domain talks to the client, a Client in Go,
// and the generators of the reference, the schema and the clients' types.
//
// It holds no domain logic: each protocol method calls a method of session.Manager or
// tasks.Manager. It must not know models, containers, flags or configuration. Frames
// and queues belong to package wire.
package rpc

//go:generate go run ./internal/gen
