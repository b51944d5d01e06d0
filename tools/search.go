package tools

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pygent/pygent/runtime/search"
)

// notSearched words what a search did not look at, as one line, "" for nothing.
func notSearched(m search.Missed) string {
	var all []string
	if m.TimedOut {
		all = append(all, fmt.Sprintf("%d files and %d directories that were found when %.0f s were over: narrow the path or the glob", m.Files, m.Dirs, search.Timeout.Seconds()))
	}
	for _, p := range m.Problems {
		all = append(all, fmt.Sprintf("%s (%v)", onOneLine(p.Path), p.Err))
	}
	if m.More > 0 {
		all = append(all, fmt.Sprintf("%d more", m.More))
	}
	if len(all) == 0 {
		return ""
	}
	return "[not searched: " + strings.Join(all, ", ") + "]\n"
}

// onOneLine returns a path as it is, or quoted where it could be taken for something
// else.
func onOneLine(path string) string {
	if utf8.ValidString(path) && !strings.ContainsFunc(path, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return path
	}
	return strconv.Quote(path)
}

// within is the detail of a search's label.
func within(pattern, path string) string {
	if path == "" {
		return pattern
	}
	return pattern + " in " + path
}
