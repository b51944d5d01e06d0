package gitrepo

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// takesLiterally reports that blobs and files have the same bytes: no setting converts
// line ends, encodings or contents, ids are SHA-1, and no objects are borrowed from
// another repository. In doubt the answer is no, which costs a copy.
func takesLiterally(gitDir *os.Root) bool {
	for _, name := range []string{"objects/info/alternates", "info/attributes"} {
		if _, err := gitDir.Lstat(name); err == nil {
			return false
		}
	}
	text, _, err := nolink.ReadFile(gitDir, CommonDir, maxFile)
	if err == nil && !IsOwn(string(text)) || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	for _, name := range ConfigFiles {
		text, _, err := nolink.ReadFile(gitDir, name, maxFile)
		missing := name != "config" && errors.Is(err, fs.ErrNotExist)
		if err != nil && !missing || convertsByConfig(string(text)) {
			return false
		}
	}
	for _, file := range allConfigs() {
		if text, whole := readUser(file); !whole || convertsByConfig(text) {
			return false
		}
	}
	return true
}

// convertsByConfig looks for settings that can make blobs differ from files, or that
// name further files with such settings.
func convertsByConfig(text string) bool {
	all, err := ParseConfig(text)
	return err != nil || slices.ContainsFunc(all, func(s Setting) bool {
		return containsAny(strings.ToLower(s.Name()), "autocrlf", "eol", "attributesfile", "include", "objectformat", "bigfilethreshold")
	})
}

// Converts reports that the attributes file of a directory (gitattributes(5)) can make
// blobs differ from files.
func Converts(dir *os.Root) bool {
	return containsAny(readText(dir, ".gitattributes"), "text", "crlf", "eol", "filter", "ident", "encoding", "binary")
}

func containsAny(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}
