// Package edit changes texts as a model asks for it: it replaces a passage and
// applies patches. It works on characters and touches no files.
//
// Decode and Encode keep the encoding of a file, Replace makes one edit, Parse and
// FileChange.Apply a patch of several files, Whole a new content. An edit goes to the
// one place that it fits, never to one that is only similar. The order in which
// differences are overlooked is the ladder in ladder.go.
package edit
