package snapshot

import (
	"os"
	"path/filepath"
	"strings"
)

// takesLiterally reports that a blob is byte by byte what is in the file: that
// nothing configured converts line ends, encodings or contents on the way, that
// ids are SHA-1, and that no objects are borrowed from elsewhere. Any doubt is a
// no, and costs a copy.
func takesLiterally(gitDir *os.Root) bool {
	for _, name := range []string{"objects/info/alternates", "info/attributes", "commondir"} {
		if _, err := gitDir.Lstat(name); err == nil {
			return false
		}
	}
	own, err := readRegular(gitDir, "config", maxRulesBytes)
	if err != nil || converts(string(own)) {
		return false
	}
	for _, name := range userConfigs() {
		r, err := os.OpenRoot(filepath.Dir(name))
		if err != nil {
			continue
		}
		text, err := readRegular(r, filepath.Base(name), maxRulesBytes)
		_ = r.Close()
		if err == nil && converts(string(text)) {
			return false
		}
	}
	return true
}

func userConfigs() []string {
	names := []string{"/etc/gitconfig", os.Getenv("GIT_CONFIG_GLOBAL"), os.Getenv("GIT_CONFIG_SYSTEM")}
	home, err := os.UserHomeDir()
	if err == nil {
		names = append(names, filepath.Join(home, ".gitconfig"), filepath.Join(home, ".config", "git", "config"))
	}
	if dir := os.Getenv("XDG_CONFIG_HOME"); dir != "" {
		names = append(names, filepath.Join(dir, "git", "config"))
	}
	return names
}

// converts looks for settings that can change contents between file and blob,
// or lead to further files that do.
func converts(config string) bool {
	config = strings.ToLower(config)
	for _, word := range []string{"autocrlf", "eol", "attributesfile", "include", "objectformat", "bigfilethreshold"} {
		if strings.Contains(config, word) {
			return true
		}
	}
	return false
}

// convertsBy is converts for an attributes file (gitattributes(5)).
func convertsBy(attributes string) bool {
	for _, word := range []string{"text", "crlf", "eol", "filter", "ident", "encoding", "binary"} {
		if strings.Contains(attributes, word) {
			return true
		}
	}
	return false
}
