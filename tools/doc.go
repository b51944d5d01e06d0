// Package tools holds the tools that a model can call: the registry, typed
// registration and the built-in tools that need only a workspace.
//
// A tool gets decoded and validated arguments and the active runtime. Its answer
// is text for the model, also when it fails. The package does not know models,
// sessions or tasks: the tools that delegate are in package tasks.
package tools
