package gitguard

import (
	"slices"
	"strings"
)

// Git has some dozens of settings that run a program, and gets new ones. They are
// known by the words in their names (git-config(1), gitattributes(5), and what
// goes by the same configuration, such as git-lfs), so that a new one is rather
// found in vain than missed.
var (
	programSections = []string{"alias", "filter", "guitool", "hook", "include", "includeif", "man", "pager", "protocol"}
	programWords    = []string{
		"askpass", "browser", "clean", "cmd", "command", "driver", "editor", "external", "filter", "helper", "hook", "httpd",
		"pager", "path", "process", "program", "proxy", "receivepack", "smtpserver", "smudge", "templatedir", "textconv",
		"tunnel", "uploadpack", "vcs",
	}
)

// runs tells whether a setting has git run a program, or take settings from
// elsewhere, or work on files elsewhere, as the repository of a submodule must.
func (s setting) runs(module bool) bool {
	switch s.section + "." + s.key {
	case "core.fsmonitor": // a program, or whether to use git's own
		return !s.bare && !slices.Contains([]string{"", "0", "1", "true", "false", "yes", "no", "on", "off"}, strings.ToLower(s.value))
	case "core.worktree":
		return !module || !strings.HasPrefix(s.value, "../")
	}
	if slices.Contains(programSections, s.section) {
		return true
	}
	if strings.HasPrefix(s.value, "!") || strings.Contains(s.value, "ext::") || strings.Contains(s.sub, "ext::") {
		return true
	}
	return slices.ContainsFunc(programWords, func(word string) bool { return strings.Contains(s.key, word) })
}
