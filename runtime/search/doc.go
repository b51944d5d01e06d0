// Package search finds files and text in a workspace, in parallel, and leaves out
// what git ignores.
package search
