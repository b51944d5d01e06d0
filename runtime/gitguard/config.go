package gitguard

import (
	"errors"
	"strings"
)

// errSyntax says that git would refuse a configuration, or that we understand it
// less than git.
var errSyntax = errors.New("cannot be understood")

// setting is one line of a configuration, in the terms of git-config(1).
type setting struct {
	section string // in lower case
	sub     string // as it is
	hasSub  bool
	key     string // in lower case
	value   string
	bare    bool // a key alone, which is true
}

// name is what git-config calls it.
func (s setting) name() string {
	if s.hasSub {
		return s.section + "." + s.sub + "." + s.key
	}
	return s.section + "." + s.key
}

// configReader reads the syntax of "CONFIGURATION FILE" in git-config(1).
type configReader struct {
	text string
	at   int
}

// parseConfig reads a configuration as git does.
func parseConfig(text string) (all []setting, err error) {
	text = strings.TrimPrefix(text, "\ufeff")
	r := configReader{text: strings.ReplaceAll(text, "\r\n", "\n")}
	if strings.ContainsAny(r.text, "\r\x00") { // versions of git differ
		return nil, errSyntax
	}
	var section setting
	for {
		c, more := r.next()
		switch {
		case !more:
			return all, nil
		case isSpace(c):
		case c == '#' || c == ';':
			r.skipLine()
		case c == '[':
			if section, err = r.header(); err != nil {
				return nil, err
			}
		default:
			r.at--
			s := section
			if s.section == "" {
				return nil, errSyntax
			}
			if err := r.setting(&s); err != nil {
				return nil, err
			}
			all = append(all, s)
		}
	}
}

func (r *configReader) next() (c byte, more bool) {
	if r.at == len(r.text) {
		return 0, false
	}
	r.at++
	return r.text[r.at-1], true
}

func (r *configReader) skipLine() {
	for {
		if c, more := r.next(); !more || c == '\n' {
			return
		}
	}
}

// header reads [section], [section "sub"] or [section.sub], after the bracket.
func (r *configReader) header() (s setting, err error) {
	begin := r.at
	for {
		c, more := r.next()
		switch {
		case !more:
			return s, errSyntax
		case isName(c) || c == '.':
			continue
		}
		s.section = strings.ToLower(r.text[begin : r.at-1])
		switch {
		case s.section == "":
			return s, errSyntax
		case c == ']':
			s.section, s.sub, s.hasSub = strings.Cut(s.section, ".")
			return s, nil
		case c == ' ' || c == '\t':
			return r.subsection(s)
		}
		return s, errSyntax
	}
}

func (r *configReader) subsection(s setting) (setting, error) {
	c, more := r.next()
	for more && (c == ' ' || c == '\t') {
		c, more = r.next()
	}
	if !more || c != '"' || strings.Contains(s.section, ".") {
		return s, errSyntax
	}
	var sub strings.Builder
	for {
		c, more := r.next()
		if more && c == '\\' {
			if c, more = r.next(); more && c != '\n' {
				sub.WriteByte(c)
				continue
			}
		}
		switch {
		case !more || c == '\n':
			return s, errSyntax
		case c == '"':
			s.sub, s.hasSub = sub.String(), true
			if c, more = r.next(); !more || c != ']' {
				return s, errSyntax
			}
			return s, nil
		}
		sub.WriteByte(c)
	}
}

// setting reads a key and its value.
func (r *configReader) setting(s *setting) error {
	begin := r.at
	for r.at < len(r.text) && isName(r.text[r.at]) {
		r.at++
	}
	s.key = strings.ToLower(r.text[begin:r.at])
	if s.key == "" || s.key[0] < 'a' || s.key[0] > 'z' {
		return errSyntax
	}
	c, more := r.next()
	for more && (c == ' ' || c == '\t') {
		c, more = r.next()
	}
	switch {
	case !more || c == '\n':
		s.bare = true
		return nil
	case c != '=':
		return errSyntax
	}
	return r.value(s)
}

// value reads what follows the sign.
func (r *configReader) value(s *setting) error {
	var text strings.Builder
	quoted, spaces := false, 0 // spaces at the end do not count
	put := func(c byte) {
		text.WriteByte(c)
		spaces = 0
	}
	for {
		c, more := r.next()
		switch {
		case !more || c == '\n':
			s.value = text.String()[:text.Len()-spaces]
			if quoted {
				return errSyntax
			}
			return nil
		case !quoted && isSpace(c):
			if text.Len() > 0 {
				text.WriteByte(c)
				spaces++
			}
		case !quoted && (c == '#' || c == ';'):
			r.skipLine()
			s.value = text.String()[:text.Len()-spaces]
			return nil
		case c == '"':
			quoted, spaces = !quoted, 0
		case c == '\\':
			spaces = 0
			c, more = r.next()
			at := strings.IndexByte("\n\\\"ntb", c)
			if !more || at < 0 {
				return errSyntax
			}
			if c != '\n' {
				put("\n\\\"\n\t\b"[at])
			}
		default:
			put(c)
		}
	}
}

// writeConfig words settings so that no two readers could differ about them.
func writeConfig(all []setting) []byte {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\b", `\b`)
	var text strings.Builder
	for i, s := range all {
		if i == 0 || s.section != all[i-1].section || s.sub != all[i-1].sub || s.hasSub != all[i-1].hasSub {
			text.WriteString("[" + s.section)
			if s.hasSub {
				text.WriteString(` "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s.sub) + `"`)
			}
			text.WriteString("]\n")
		}
		text.WriteString("\t" + s.key)
		if !s.bare {
			text.WriteString(` = "` + escape.Replace(s.value) + `"`)
		}
		text.WriteString("\n")
	}
	return []byte(text.String())
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

func isName(c byte) bool {
	return c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
