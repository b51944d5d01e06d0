// Package tools holds what a model can call: the registry, typed registration
// and the built-in tools that need nothing but a workspace.
//
// A tool gets its arguments decoded and validated, and the active runtime; what
// it answers is text for the model, its failures included. The package knows
// nothing of models, sessions or tasks: the tools that delegate live beside
// their manager, in package tasks.
package tools
