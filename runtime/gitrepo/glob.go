package gitrepo

import "strings"

// globPath matches a path by the patterns of its elements, as git's wildmatch
// does with WM_PATHNAME (gitignore(5)): "**" is any number of elements, but at
// the end one at least. Work is at most the product of both lengths.
func globPath(patterns, elems []string) bool {
	star, mark := -1, 0 // the last "**" and where what follows it is tried
	i, j := 0, 0
	for j < len(elems) {
		switch {
		case i < len(patterns) && patterns[i] == "**":
			if i == len(patterns)-1 {
				return true
			}
			star, mark = i, j
			i++
		case i < len(patterns) && glob(patterns[i], elems[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return i == len(patterns)
}

// glob matches one element, byte by byte: "*", "?", "[…]" and "\".
func glob(pattern, name string) bool {
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(name) {
		if i < len(pattern) && pattern[i] == '*' {
			star, mark = i, j
			i++
			continue
		}
		if i < len(pattern) {
			if n, ok := globByte(pattern[i:], name[j]); ok {
				i += n
				j++
				continue
			}
		}
		if star < 0 {
			return false
		}
		mark++
		i, j = star+1, mark
	}
	return strings.Trim(pattern[i:], "*") == ""
}

// globByte matches c by the first item of pattern, which takes n bytes of it.
func globByte(pattern string, c byte) (n int, ok bool) {
	switch pattern[0] {
	case '?':
		return 1, true
	case '[':
		return globClass(pattern, c)
	case '\\':
		return 2, len(pattern) > 1 && pattern[1] == c
	}
	return 1, pattern[0] == c
}

// globClass matches c by "[…]". One that does not end matches nothing.
func globClass(pattern string, c byte) (n int, ok bool) {
	i := 1
	negate := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negate {
		i++
	}
	found := false
	for first := true; ; first = false {
		if i >= len(pattern) {
			return 0, false
		}
		if pattern[i] == ']' && !first {
			return i + 1, found != negate
		}
		if name, rest, named := strings.Cut(pattern[i:], ":]"); named && strings.HasPrefix(name, "[:") {
			found = found || inClass(name[2:], c)
			i = len(pattern) - len(rest)
			continue
		}
		var low, high byte
		if low, i, ok = classByte(pattern, i); !ok {
			return 0, false
		}
		high = low
		if i+1 < len(pattern) && pattern[i] == '-' && pattern[i+1] != ']' {
			if high, i, ok = classByte(pattern, i+1); !ok {
				return 0, false
			}
		}
		found = found || (low <= c && c <= high)
	}
}

func classByte(pattern string, i int) (c byte, next int, ok bool) {
	if pattern[i] == '\\' {
		i++
	}
	if i >= len(pattern) {
		return 0, i, false
	}
	return pattern[i], i + 1, true
}

// inClass knows POSIX's classes for ASCII.
func inClass(class string, c byte) bool {
	lower, upper, digit := 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9'
	graph := '!' <= c && c <= '~'
	switch class {
	case "alpha":
		return lower || upper
	case "digit":
		return digit
	case "alnum":
		return lower || upper || digit
	case "lower":
		return lower
	case "upper":
		return upper
	case "space":
		return c == ' ' || ('\t' <= c && c <= '\r')
	case "blank":
		return c == ' ' || c == '\t'
	case "punct":
		return graph && !lower && !upper && !digit
	case "graph":
		return graph
	case "print":
		return graph || c == ' '
	case "cntrl":
		return c < ' ' || c == 0x7f
	case "xdigit":
		return digit || ('a' <= c && c <= 'f') || ('A' <= c && c <= 'F')
	}
	return false
}
