// Package wire carries JSON-RPC 2.0 over a byte stream, as language servers do. It
// frames and scans messages, dispatches and cancels requests, and holds the outgoing
// queue.
//
// It is the only importer of sourcegraph/jsonrpc2. It must not know method names,
// what methods do, or the errors of the domain: a Router says how to serve and
// schedule a request, and Options.Describe makes the error object of a response.
//
// Only this package writes to a connection's output.
package wire
