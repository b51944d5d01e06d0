package tasks

import (
	"path"
	"strings"
	"unicode"
)

// protectedNames are files and directories that make a host run code, or loosen
// what guards it, merely by being there. A delegated agent worked on untrusted
// input, so they never come back unasked.
var protectedNames = map[string]string{
	".git":         "git's own files can run commands on the host",
	".gitmodules":  "submodules can run commands on the host",
	".vscode":      "editor settings can run commands on the host",
	".idea":        "editor settings can run commands on the host",
	".envrc":       "direnv runs it on the host",
	".nvim.lua":    "Neovim runs it on the host",
	".nvimrc":      "Neovim runs it on the host",
	".exrc":        "Vim runs it on the host",
	".mcp.json":    "it starts programs on the host",
	"pygent.toml":  "it configures Pygent itself",
	".pygent":      "it configures Pygent itself",
	".pygent.toml": "it configures Pygent itself",
}

// protected says why a workspace path must not be brought back, or "". Names
// are compared as the most forgiving file system does.
func protected(p string) string {
	for name := range strings.SplitSeq(path.Clean(p), "/") {
		name = plainName(name)
		if strings.HasPrefix(name, "git~") { // the short name that Windows gives .git
			name = ".git"
		}
		if why := protectedNames[name]; why != "" {
			return "protected: " + why
		}
	}
	return ""
}

// plainName strips from a name what file systems ignore in it: case, code points
// without a width (HFS+), what follows a colon, and dots and spaces at the end
// (both NTFS). Git guards its own directory against the same tricks.
func plainName(name string) string {
	name, _, _ = strings.Cut(name, ":")
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return unicode.ToLower(unicode.ToUpper(r)) // so that "ſ" is "s"
	}, name)
	return strings.TrimRight(name, ". ")
}
