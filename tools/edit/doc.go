// Package edit changes texts as a model asks for it: it replaces a passage and
// applies patches. It works on characters and touches no files.
package edit
