package tasks

import (
	"path"
	"strings"
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
// are compared without regard to case, as some file systems do.
func protected(p string) string {
	for name := range strings.SplitSeq(path.Clean(p), "/") {
		// Windows and macOS drop trailing dots and spaces of names.
		if why := protectedNames[strings.TrimRight(strings.ToLower(name), ". ")]; why != "" {
			return "protected: " + why
		}
	}
	return ""
}
