package snapshot

import (
	"slices"
	"strings"
)

// rules are the ignore rules that hold in a directory (gitignore(5)): its own
// before those of the directories above it.
type rules struct {
	above *rules
	depth int // elements of the path, in the repository, of the directory they are relative to
	list  []rule
}

type rule struct {
	pattern string   // for the last element only
	path    []string // for the whole path below the rules' directory, nil for none
	negate  bool
	dirOnly bool
	plain   bool // pattern has no special bytes
}

// parseRules reads the content of an ignore file.
func parseRules(text string, depth int, above *rules) *rules {
	r := &rules{above: above, depth: depth}
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\uFEFF"), "\n") {
		line = trimSpaces(strings.TrimSuffix(line, "\r"))
		if line == "" || line[0] == '#' {
			continue
		}
		var one rule
		line, one.negate = strings.CutPrefix(line, "!")
		line, one.dirOnly = strings.CutSuffix(line, "/")
		switch {
		case strings.Contains(line, "/"):
			one.path = strings.Split(strings.TrimPrefix(line, "/"), "/")
		case line == "":
			continue
		default:
			one.pattern = line
			one.plain = !strings.ContainsAny(line, `*?[\`)
		}
		r.list = append(r.list, one)
	}
	return r
}

// trimSpaces drops the spaces at the end that no backslash keeps.
func trimSpaces(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line):
			i++
			end = i + 1
		case line[i] != ' ':
			end = i + 1
		}
	}
	return line[:end]
}

// ignore decides for name in the directory whose path in the repository is dir:
// the last rule that matches, of the deepest directory that has one.
func (r *rules) ignore(dir []string, name string, isDir bool) bool {
	var full []string
	for ; r != nil; r = r.above {
		for i := range r.list {
			one := &r.list[len(r.list)-1-i]
			if one.dirOnly && !isDir {
				continue
			}
			var match bool
			switch {
			case one.plain:
				match = one.pattern == name
			case one.path == nil:
				match = glob(one.pattern, name)
			default:
				if full == nil {
					full = append(slices.Clip(dir), name)
				}
				match = globPath(one.path, full[r.depth:])
			}
			if match {
				return !one.negate
			}
		}
	}
	return false
}

// wellKnown is the reason why a directory outside of any git tree is left out,
// "" when it is not: such can be made again and are often larger than all else.
func wellKnown(name string) string {
	switch name {
	case "node_modules", ".venv", "venv", "target", "__pycache__", ".tox", ".gradle":
		return "such directories are left out where there is no git to say otherwise"
	}
	return ""
}
