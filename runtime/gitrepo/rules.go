package gitrepo

import (
	"os"
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
	prefix  string   // of the whole path; path is for what follows
	negate  bool
	dirOnly bool
	plain   bool   // pattern has no special bytes
	suffix  string // pattern is "*" and this text, which has no special bytes
}

// Below returns the rules of a directory that lies depth directories below the top of
// the working tree.
func (r *Rules) Below(dir *os.Root, depth int) *Rules {
	return r.With(readText(dir, ".gitignore"), depth)
}

// With is Below for the text of the directory's ignore file.
func (r *Rules) With(text string, depth int) *Rules { return parseRules(text, depth, r) }

// special are the bytes that mean more than themselves in a pattern.
const special = `*?[\`

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
			if one.prefix, one.path = splitPattern(strings.TrimPrefix(line, "/")); one.path == nil {
				continue
			}
		case line == "":
			continue
		default:
			one.pattern = line
			one.plain = !strings.ContainsAny(line, special)
			if rest, star := strings.CutPrefix(line, "*"); star && !strings.ContainsAny(rest, special) {
				one.suffix = rest
			}
		}
		r.list = append(r.list, one)
	}
	return r
}

// matches matches a path below the rules' directory.
func (one *rule) matches(elems []string) bool {
	if one.prefix == "" {
		return globPath(one.path, elems)
	}
	rest, ok := strings.CutPrefix(strings.Join(elems, "/"), one.prefix)
	return ok && globPath(one.path, strings.Split(rest, "/"))
}

// splitPattern splits a pattern at its slashes, except in "[…]". path is nil for one that
// git never matches. Git compares the text before the first special byte by itself, and
// so takes the stars in "a/b**/c" for "**": then prefix is that text.
func splitPattern(line string) (prefix string, path []string) {
	begin := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '/':
			path = append(path, line[begin:i])
			begin = i + 1
		case '\\':
			if i++; i < len(line) && line[i] == '/' {
				path = append(path, line[begin:i-1])
				begin = i + 1
			}
		case '[':
			n, _ := globClass(line[i:], 0)
			if n == 0 {
				return "", nil
			}
			i += n - 1
		}
	}
	path = append(path, line[begin:])
	for i, elem := range path {
		if len(elem) > 2 && strings.Trim(elem, "*") == "" {
			path[i] = "**"
		}
	}
	first := strings.IndexAny(line, special)
	if first <= 0 || line[first] != '*' || line[first-1] == '/' {
		return "", path
	}
	at := strings.Count(line[:first], "/") // no special byte is before
	stars := path[at][first-strings.LastIndexByte(line[:first], '/')-1:]
	if len(stars) < 2 || strings.Trim(stars, "*") != "" {
		return "", path
	}
	return line[:first], append([]string{"**"}, path[at+1:]...)
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
	var room [32]string // spares an allocation for most paths
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
			case one.suffix != "":
				match = strings.HasSuffix(name, one.suffix)
			case one.path == nil:
				match = glob(one.pattern, name)
			default:
				if full == nil {
					full = append(append(room[:0], dir...), name)
				}
				match = one.matches(full[r.depth:])
			}
			if match {
				return !one.negate
			}
		}
	}
	return false
}
