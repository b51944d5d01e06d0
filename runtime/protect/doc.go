// Package protect knows the paths of a workspace whose contents make a program
// of the user run code by itself. It grades a change of one path: free, ask the
// user, or never.
//
// It is a leaf: it must not know workspaces, tools, sessions or approvals. Its
// callers ask it before they write, and decide who may allow a path.
package protect

//go:generate go run ./internal/gen
