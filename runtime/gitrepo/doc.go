// Package gitrepo reads git's files: where a repository is, its configuration, index,
// ignore rules and blobs. It never runs git, because a repository can make git run any
// program, and it writes nothing.
//
// A command can have written any of these files. So each read has a bound and follows
// no link, except among objects, whose content is checked against their ids. A file
// that cannot be understood in full is an error, and each caller assumes the worst of
// it.
//
// The package must not know why its callers read a repository.
package gitrepo

import (
	"path"
	"strings"
)

// Names in repositories.
const (
	Dir       = ".git"      // the repository in a working tree, or a file that names it
	CommonDir = "commondir" // a file that names the directory with configuration, objects and refs
)

// ConfigFiles are the files with settings in a repository's directory.
var ConfigFiles = []string{"config", "config.worktree"}

// Bounds of what is read.
const (
	maxFile  = 1 << 20   // bytes of a configuration, ignore file or the like
	maxIndex = 512 << 20 // bytes of an index
)

// Parts says which parts of a repository a directory has.
type Parts struct{ HEAD, Objects, Refs, CommonDir bool }

// Add records an entry of the directory.
func (p *Parts) Add(name string) {
	switch name {
	case "HEAD":
		p.HEAD = true
	case "objects":
		p.Objects = true
	case "refs":
		p.Refs = true
	case CommonDir:
		p.CommonDir = true
	}
}

// Complete reports whether git takes the directory for a repository.
func (p Parts) Complete() bool { return p.HEAD && (p.CommonDir || p.Objects && p.Refs) }

// IsComplete is Parts.Complete that asks for no more parts than it needs.
func IsComplete(there func(name string) bool) bool {
	return there("HEAD") && (there(CommonDir) || there("objects") && there("refs"))
}

// IsOwn reports whether the text of a commondir names its own repository.
func IsOwn(commonDir string) bool {
	to := strings.TrimRight(commonDir, "\r\n")
	return to != "" && path.Clean(to) == "."
}
