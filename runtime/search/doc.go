// Package search finds files and text in a workspace, in parallel, and leaves out
// what git ignores: Glob finds files by a pattern, Grep lines by a regular
// expression, Find paths by some of their letters.
//
// No link is followed and no special file is opened, so that a search cannot leave
// the workspace or wait. Memory is bounded, and a result says what was not
// searched. Nothing is written.
//
// The package must not know models or tools: results are values, not texts.
package search
