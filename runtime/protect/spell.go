package protect

import (
	"bytes"
	"strings"
	"unicode"
)

// maxUsual is the longest name that usual handles: most file systems have no
// longer ones.
const maxUsual = 255

// usual writes the only spelling of a usual name to buf, as plain does but
// faster. It returns false for all other names.
func usual(buf []byte, name string) ([]byte, bool) {
	if len(name) > cap(buf) {
		return nil, false
	}
	buf = buf[:len(name)]
	for i := range buf {
		c := name[i]
		switch {
		case c >= 0x80 || c == ':' || c == '~':
			return nil, false
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return bytes.TrimRight(buf, ". "), true
}

// spellingsOf returns the names under which some file system finds a part of a
// path.
func spellingsOf(part string) []string {
	whole := plain(part)
	list := []string{whole}
	if file, _, stream := strings.Cut(whole, ":"); stream {
		list = append(list, plain(file)) // NTFS: a stream of that file
	}
	for _, s := range list {
		if base, number, ok := strings.Cut(s, "~"); ok {
			digits, rest := number, ""
			if dot := strings.IndexByte(number, '.'); dot >= 0 {
				digits, rest = number[:dot], number[dot:]
			}
			if digits != "" && strings.Trim(digits, "0123456789") == "" {
				list = append(list, base+"~1"+rest)
			}
		}
	}
	return list
}

// plain removes from a name what file systems ignore: case, code points without
// a width (HFS+), and dots and spaces at the end (NTFS).
func plain(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return unicode.ToLower(unicode.ToUpper(r)) // so that "ſ" is "s"
	}, name)
	return strings.TrimRight(name, ". ")
}

// short returns the 8.3 name that Windows gives a plain name, with the number
// 1: git~1 for .git.
func short(name string) string {
	name = strings.TrimLeft(name, ".")
	base, extension := name, ""
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		base, extension = name[:dot], name[dot:]
	}
	base = strings.ReplaceAll(strings.ReplaceAll(base, ".", ""), " ", "")
	return base[:min(len(base), 6)] + "~1" + extension[:min(len(extension), 4)]
}
