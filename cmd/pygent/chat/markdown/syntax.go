package markdown

import "strings"

// syntax describes a language well enough to colour it without parsing.
type syntax struct {
	comment  string // starts a comment to the end of the line; // implies /* too
	quotes   string // around strings; strings in ` may have several lines
	keywords string // with a space around each
}

// syntaxOf returns the syntax of a language by the name on its fence. Other languages have
// no colours.
func syntaxOf(language string) syntax {
	const (
		braces = " break case catch class const continue default defer delete do else enum export extends false final finally fn for func function go goto if impl import in interface let loop map match mod mut namespace new nil null package private protected pub public range return select self static struct super switch this throw trait true try type typeof union use using var void while yield async await "
		words  = " and as assert async await break case class continue def del do done elif else elsif end esac except exec exit export false finally fi for from function if import in is lambda local module nil None not null or pass raise return self set then True False true try unless until when while with yield "
		query  = " select from where and or not null insert into values update set delete create table index view drop alter join left inner outer on group by order having limit as distinct union primary key references "
	)
	switch language {
	case "go", "js", "javascript", "jsx", "ts", "typescript", "tsx":
		return syntax{"//", "\"'`", braces}
	case "c", "h", "cpp", "c++", "cs", "csharp", "java", "kotlin", "swift", "scala", "php", "dart", "zig", "proto", "css", "json", "jsonc":
		return syntax{"//", `"'`, braces}
	case "rust", "rs": // 'a is not a string
		return syntax{"//", `"`, braces}
	case "sql":
		return syntax{"--", `'"`, query + strings.ToUpper(query)}
	case "py", "python", "rb", "ruby", "sh", "bash", "zsh", "shell", "yaml", "yml", "toml", "ini", "make", "makefile", "dockerfile", "perl", "elixir", "nix":
		return syntax{"#", `"'`, words}
	case "lua":
		return syntax{"--", `"'`, words}
	}
	return syntax{}
}

// coloured colours the comments, strings, numbers and keywords of code.
func (s syntax) coloured(text string) (runs []run) {
	if s.comment == "" {
		return []run{{text, 0}}
	}
	for at := 0; at < len(text); {
		n, as := s.token(text, at)
		if last := len(runs) - 1; last >= 0 && runs[last].look == as {
			runs[last].text += text[at : at+n]
		} else {
			runs = append(runs, run{text[at : at+n], as})
		}
		at += n
	}
	return runs
}

// token returns the length and the look of the token at a position.
func (s syntax) token(all string, at int) (int, look) {
	text := all[at:]
	switch c := text[0]; {
	case strings.HasPrefix(text, s.comment) && (c == '/' || at == 0 || strings.IndexByte(" \n", all[at-1]) >= 0):
		return upTo(text, "\n"), comment
	case s.comment == "//" && strings.HasPrefix(text, "/*"):
		return min(len(text), 4+upTo(text[2:], "*/")), comment
	case strings.IndexByte(s.quotes, c) >= 0:
		return quoted(text), literal
	case '0' <= c && c <= '9':
		return word(text), number
	}
	n := max(1, word(text))
	if strings.Contains(s.keywords, " "+text[:n]+" ") && text[0] != ' ' {
		return n, keyword
	}
	return n, 0
}

// quoted returns the length of a string. A quote without an end, such as an apostrophe,
// has length 1.
func quoted(text string) int {
	quote := text[0]
	if three := strings.Repeat(text[:1], 3); strings.HasPrefix(text, three) {
		return min(len(text), 6+upTo(text[3:], three))
	}
	for i := 1; i < len(text) && (text[i] != '\n' || quote == '`'); i++ {
		switch text[i] {
		case quote:
			return i + 1
		case '\\':
			i++
		}
	}
	return 1
}

// upTo returns the length of text before end, or of all text without end.
func upTo(text, end string) int {
	if n := strings.Index(text, end); n >= 0 {
		return n
	}
	return len(text)
}

// word returns the length of a word or a number. It does not split a character of several
// bytes.
func word(text string) int {
	n := strings.IndexFunc(text, func(r rune) bool {
		return r != '_' && r < 0x80 && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	})
	if n < 0 {
		return len(text)
	}
	return n
}
