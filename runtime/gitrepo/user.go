package gitrepo

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Identity returns the author of commits by the user's own configurations, "" for a
// part that they do not set. It reads no included files.
func Identity() (name, email string) {
	for _, file := range userConfigs() { // a later file wins
		text, _ := readUser(file)
		n, e := identity(text)
		name, email = cmp.Or(n, name), cmp.Or(e, email)
	}
	return name, email
}

// identity is Identity for the text of one configuration.
func identity(config string) (name, email string) {
	all, err := ParseConfig(config)
	if err != nil {
		return "", ""
	}
	for _, s := range all {
		switch s.Name() {
		case "user.name":
			name = s.Value
		case "user.email":
			email = s.Value
		}
	}
	return name, email
}

// userConfigs are the user's own configurations, as git-config(1) has them.
func userConfigs() []string {
	if file, set := os.LookupEnv("GIT_CONFIG_GLOBAL"); set {
		return []string{file}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	base := cmp.Or(os.Getenv("XDG_CONFIG_HOME"), filepath.Join(home, ".config"))
	return []string{filepath.Join(base, "git", "config"), filepath.Join(home, ".gitconfig")}
}

// allConfigs are all files that git could read for this user: the variables of the
// shell where it runs can differ from ours.
func allConfigs() []string {
	files := []string{"/etc/gitconfig", os.Getenv("GIT_CONFIG_SYSTEM"), os.Getenv("GIT_CONFIG_GLOBAL")}
	if home, err := os.UserHomeDir(); err == nil {
		files = append(files, filepath.Join(home, ".gitconfig"), filepath.Join(home, ".config", "git", "config"))
	}
	if dir := os.Getenv("XDG_CONFIG_HOME"); dir != "" {
		files = append(files, filepath.Join(dir, "git", "config"))
	}
	return files
}

// readUser reads a configuration of the user or the system, which may be a link. whole
// is false unless all of it was read; a missing one is empty.
func readUser(file string) (text string, whole bool) {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return "", err == nil || errors.Is(err, fs.ErrNotExist)
	}
	f, err := os.Open(file)
	if err != nil {
		return "", false
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	return string(data), err == nil && len(data) < maxFile
}
