package edit

import (
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// FromShell returns the patch of a command that only calls apply_patch, and the
// directory in which it does, "" for the current one. It knows
//
//	apply_patch <<'EOF' … EOF      cat <<'EOF' | apply_patch … EOF
//	apply_patch "…"                apply_patch "$(cat <<'EOF' … EOF)"
//
// also as applypatch, after `cd DIR &&`, and within `bash -lc`. In a heredoc without
// quotes and in double quotes, variables stay as they are written: they belong to
// the patch. Commands that do anything else are not ok: the shell runs them.
func FromShell(cmd string) (patch, dir string, ok bool) {
	if !strings.Contains(cmd, "apply_patch") && !strings.Contains(cmd, "applypatch") {
		return "", "", false
	}
	cmd, bare := quoteHeredoc(cmd)
	file, err := syntax.NewParser().Parse(strings.NewReader(cmd), "")
	if err != nil { // bash takes a heredoc without its last line
		open := openHeredoc.FindStringSubmatch(cmd)
		if open == nil {
			return "", "", false
		}
		cmd += "\n" + open[3] + "\n"
		if file, err = syntax.NewParser().Parse(strings.NewReader(cmd), ""); err != nil {
			return "", "", false
		}
	}
	r := shellReader{cmd: cmd}
	patch, dir, ok = r.list(file.Stmts, "")
	if ok && bare {
		patch, ok = unescaped(patch, "$`\\")
	}
	if !ok {
		return "", "", false
	}
	return patch, dir, true
}

var openHeredoc = regexp.MustCompile(`((?:apply_?patch|cat)\s+<<-?\s*)(\\|['"]?)(\w+)`)

// quoteHeredoc puts quotes around the word of the first heredoc, so that what its
// text looks like to a shell does not matter. bare tells that it had none.
func quoteHeredoc(cmd string) (quoted string, bare bool) {
	at := openHeredoc.FindStringSubmatchIndex(cmd)
	if at == nil || at[4] != at[5] || strings.Index(cmd, "<<") < at[2] {
		return cmd, false
	}
	return cmd[:at[6]] + "'" + cmd[at[6]:at[7]] + "'" + cmd[at[7]:], true
}

// unescaped takes the backslashes before special characters away, if the text is
// written for a shell: if $ and ` have them. A text with some $ escaped and others
// not can be meant either way, and is refused.
func unescaped(text, special string) (string, bool) {
	var b strings.Builder
	escapes, expansions := false, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text) && strings.IndexByte(special, text[i+1]) >= 0:
			i++
			escapes = escapes || text[i] == '$' || text[i] == '`'
			b.WriteByte(text[i])
			continue
		case c == '`', c == '$' && i+1 < len(text) && expands.MatchString(text[i+1:i+2]):
			expansions = true
		}
		b.WriteByte(c)
	}
	if !escapes && !strings.Contains(special, `"`) {
		return text, true
	}
	return b.String(), !escapes || !expansions
}

var expands = regexp.MustCompile(`[A-Za-z_{(]`)

// heredocOf returns the text of a heredoc.
func heredocOf(r *syntax.Redirect) (string, bool) {
	if r.Op != syntax.Hdoc && r.Op != syntax.DashHdoc || r.N != nil {
		return "", false
	}
	if r.Hdoc == nil {
		return "", true
	}
	text := r.Hdoc.Lit()
	if r.Op == syntax.Hdoc {
		return text, true
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String(), true
}

// literal returns a word as the shell sees it. Variables in double quotes stay.
func (r *shellReader) literal(word *syntax.Word) (string, bool) {
	var b strings.Builder
	for _, part := range word.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			for i := 0; i < len(part.Value); i++ {
				if part.Value[i] == '\\' && i+1 < len(part.Value) {
					i++
				}
				b.WriteByte(part.Value[i])
			}
		case *syntax.SglQuoted:
			if part.Dollar {
				return "", false
			}
			b.WriteString(part.Value)
		case *syntax.DblQuoted:
			text, ok := unescaped(r.cmd[part.Left.Offset()+1:part.Right.Offset()], "$`\\\"")
			if !ok || part.Dollar {
				return "", false
			}
			b.WriteString(text)
		default:
			return "", false
		}
	}
	return b.String(), true
}

// shellReader reads a parsed command.
type shellReader struct{ cmd string }

// list reads commands of which the last calls apply_patch and one before it may
// change the directory.
func (r *shellReader) list(stmts []*syntax.Stmt, dir string) (string, string, bool) {
	if len(stmts) == 2 && dir == "" && isPlain(stmts[0]) {
		if to, ok := r.changesDir(stmts[0]); ok {
			return r.list(stmts[1:], to)
		}
	}
	if len(stmts) != 1 || !isPlain(stmts[0]) {
		return "", "", false
	}
	switch c := stmts[0].Cmd.(type) {
	case *syntax.BinaryCmd:
		if c.Op == syntax.Pipe {
			patch, ok := r.pipe(c)
			return patch, dir, ok
		}
		if to, ok := r.changesDir(c.X); ok && c.Op == syntax.AndStmt && dir == "" {
			return r.list([]*syntax.Stmt{c.Y}, to)
		}
	case *syntax.CallExpr:
		return r.call(stmts[0], dir)
	}
	return "", "", false
}

// pipe returns the patch of `cat <<'EOF' | apply_patch`.
func (r *shellReader) pipe(c *syntax.BinaryCmd) (string, bool) {
	words, ok := r.words(c.Y)
	if !ok || len(words) != 1 || !isApplyPatch(words[0]) || len(c.Y.Redirs) > 0 {
		return "", false
	}
	return r.cat(c.X)
}

func isPlain(s *syntax.Stmt) bool { return !s.Negated && !s.Background && !s.Coprocess }

func isApplyPatch(name string) bool { return name == "apply_patch" || name == "applypatch" }

func (r *shellReader) call(s *syntax.Stmt, dir string) (string, string, bool) {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Assigns) > 0 || len(call.Args) == 0 {
		return "", "", false
	}
	name := call.Args[0].Lit()
	switch {
	case isApplyPatch(name) && len(call.Args) == 1 && len(s.Redirs) == 1:
		patch, ok := heredocOf(s.Redirs[0])
		return patch, dir, ok
	case isApplyPatch(name) && len(call.Args) == 2 && len(s.Redirs) == 0:
		patch, ok := r.argument(call.Args[1])
		return patch, dir, ok
	case (name == "bash" || name == "sh") && len(call.Args) == 3 && len(s.Redirs) == 0:
		flag := call.Args[1].Lit()
		script, ok := r.literal(call.Args[2])
		if ok && dir == "" && (flag == "-c" || flag == "-lc") {
			return FromShell(script)
		}
	}
	return "", "", false
}

// changesDir returns the directory of `cd DIR`.
func (r *shellReader) changesDir(s *syntax.Stmt) (string, bool) {
	words, ok := r.words(s)
	if !ok || len(words) != 2 || words[0] != "cd" || len(s.Redirs) > 0 || strings.Contains(words[1], "$") || words[1] == "" || strings.HasPrefix(words[1], "-") || strings.HasPrefix(words[1], "~") {
		return "", false
	}
	return words[1], true
}

// words returns the words of a simple command without expansions.
func (r *shellReader) words(s *syntax.Stmt) ([]string, bool) {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Assigns) > 0 || !isPlain(s) {
		return nil, false
	}
	var words []string
	for _, arg := range call.Args {
		word, ok := r.literal(arg)
		if !ok {
			return nil, false
		}
		words = append(words, word)
	}
	return words, true
}

// argument returns the patch that is an argument.
func (r *shellReader) argument(word *syntax.Word) (string, bool) {
	if len(word.Parts) == 1 {
		if quoted, ok := word.Parts[0].(*syntax.DblQuoted); ok && len(quoted.Parts) == 1 {
			if subst, ok := quoted.Parts[0].(*syntax.CmdSubst); ok && len(subst.Stmts) == 1 {
				return r.cat(subst.Stmts[0])
			}
		}
	}
	return r.literal(word)
}

// cat returns the heredoc of `cat <<'EOF'`.
func (r *shellReader) cat(s *syntax.Stmt) (string, bool) {
	words, ok := r.words(s)
	if !ok || len(words) != 1 || words[0] != "cat" || len(s.Redirs) != 1 {
		return "", false
	}
	return heredocOf(s.Redirs[0])
}
