// Package strictjson decodes JSON into Go values without guessing. encoding/json
// alone accepts missing and misspelt fields, uses the last of two equal keys,
// ignores case in names, and its errors do not name an element's index. Here each
// of these is a Problem with its place.
//
// It reads the params of the protocol and the arguments of tools; each of these
// words the problems for its own readers. It is a leaf: it knows text and types.
package strictjson
