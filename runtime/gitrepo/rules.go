package gitrepo

import (
	"os"
	"slices"
	"strings"
)

// Rules are the ignore rules of a directory (gitignore(5)). Its own rules win over
// those of the directories above it. nil has no rules.
type Rules struct {
	above *Rules
	depth int // how many directories the rules' own one lies below the top of the tree
	list  []rule
}

type rule struct {
	pattern string   // for the last element only
	path    []string // for the whole path below the rules' directory, nil for none
	negate  bool
	dirOnly bool
	plain   bool // pattern has no special bytes
}

// Below returns the rules of a directory that lies depth directories below the top of
// the working tree.
func (r *Rules) Below(dir *os.Root, depth int) *Rules {
	return parseRules(readText(dir, ".gitignore"), depth, r)
}

// parseRules reads the content of an ignore file.
func parseRules(text string, depth int, above *Rules) *Rules {
	r := &Rules{above: above, depth: depth}
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

// trimSpaces drops trailing spaces, except after a backslash.
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

// Ignore reports whether the rules ignore name in the directory dir of the
// working tree. The last matching rule of the deepest directory decides.
func (r *Rules) Ignore(dir []string, name string, isDir bool) bool {
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
