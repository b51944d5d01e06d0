package gitrepo

import (
	"errors"
	"strings"
)

// ErrSyntax says that git would refuse a configuration, or that this parser cannot be
// sure how git reads it.
var ErrSyntax = errors.New("cannot be understood")

// Setting is one line of a configuration, in the terms of git-config(1).
type Setting struct {
	Section string // in lower case
	Sub     string // case kept
	HasSub  bool
	Key     string // in lower case
	Value   string
	Bare    bool // a key alone, which is true
}

// Name is what git-config calls it.
func (s Setting) Name() string {
	if s.HasSub {
		return s.Section + "." + s.Sub + "." + s.Key
	}
	return s.Section + "." + s.Key
}

// configReader reads the syntax of "CONFIGURATION FILE" in git-config(1).
type configReader struct {
	text string
	at   int
}

// ParseConfig reads a configuration as git does. The error is ErrSyntax.
func ParseConfig(text string) (all []Setting, err error) {
	text = strings.TrimPrefix(text, "\ufeff")
	r := configReader{text: strings.ReplaceAll(text, "\r\n", "\n")}
	if strings.ContainsAny(r.text, "\r\x00") { // versions of git read these differently
		return nil, ErrSyntax
	}
	var section Setting
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
			if s.Section == "" {
				return nil, ErrSyntax
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
func (r *configReader) header() (s Setting, err error) {
	begin := r.at
	for {
		c, more := r.next()
		switch {
		case !more:
			return s, ErrSyntax
		case isName(c) || c == '.':
			continue
		}
		s.Section = strings.ToLower(r.text[begin : r.at-1])
		switch {
		case s.Section == "":
			return s, ErrSyntax
		case c == ']':
			s.Section, s.Sub, s.HasSub = strings.Cut(s.Section, ".")
			return s, nil
		case c == ' ' || c == '\t':
			return r.subsection(s)
		}
		return s, ErrSyntax
	}
}

func (r *configReader) subsection(s Setting) (Setting, error) {
	c, more := r.next()
	for more && (c == ' ' || c == '\t') {
		c, more = r.next()
	}
	if !more || c != '"' || strings.Contains(s.Section, ".") {
		return s, ErrSyntax
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
			return s, ErrSyntax
		case c == '"':
			s.Sub, s.HasSub = sub.String(), true
			if c, more = r.next(); !more || c != ']' {
				return s, ErrSyntax
			}
			return s, nil
		}
		sub.WriteByte(c)
	}
}

// setting reads a key and its value.
func (r *configReader) setting(s *Setting) error {
	begin := r.at
	for r.at < len(r.text) && isName(r.text[r.at]) {
		r.at++
	}
	s.Key = strings.ToLower(r.text[begin:r.at])
	if s.Key == "" || s.Key[0] < 'a' || s.Key[0] > 'z' {
		return ErrSyntax
	}
	c, more := r.next()
	for more && (c == ' ' || c == '\t') {
		c, more = r.next()
	}
	switch {
	case !more || c == '\n':
		s.Bare = true
		return nil
	case c != '=':
		return ErrSyntax
	}
	return r.value(s)
}

// value reads what follows the sign.
func (r *configReader) value(s *Setting) error {
	var text strings.Builder
	quoted, spaces := false, 0 // trailing spaces are dropped
	put := func(c byte) {
		text.WriteByte(c)
		spaces = 0
	}
	for {
		c, more := r.next()
		switch {
		case !more || c == '\n':
			s.Value = text.String()[:text.Len()-spaces]
			if quoted {
				return ErrSyntax
			}
			return nil
		case !quoted && isSpace(c):
			if text.Len() > 0 {
				text.WriteByte(c)
				spaces++
			}
		case !quoted && (c == '#' || c == ';'):
			r.skipLine()
			s.Value = text.String()[:text.Len()-spaces]
			return nil
		case c == '"':
			quoted, spaces = !quoted, 0
		case c == '\\':
			spaces = 0
			c, more = r.next()
			at := strings.IndexByte("\n\\\"ntb", c)
			if !more || at < 0 {
				return ErrSyntax
			}
			if c != '\n' {
				put("\n\\\"\n\t\b"[at])
			}
		default:
			put(c)
		}
	}
}

// FormatConfig writes settings in a form that all versions of git read alike.
func FormatConfig(all []Setting) []byte {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\b", `\b`)
	var text strings.Builder
	for i, s := range all {
		if i == 0 || s.Section != all[i-1].Section || s.Sub != all[i-1].Sub || s.HasSub != all[i-1].HasSub {
			text.WriteString("[" + s.Section)
			if s.HasSub {
				text.WriteString(` "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s.Sub) + `"`)
			}
			text.WriteString("]\n")
		}
		text.WriteString("\t" + s.Key)
		if !s.Bare {
			text.WriteString(` = "` + escape.Replace(s.Value) + `"`)
		}
		text.WriteString("\n")
	}
	return []byte(text.String())
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

func isName(c byte) bool {
	return c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
