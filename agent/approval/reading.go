package approval

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// reader says when a program only reads.
type reader struct {
	subcommands []string // allowed first words that are no flags; none: any words
	flags       []string // the only allowed words, for a subcommand that changes something with others
	not         []string // flags that write, or run another program
}

// readers lists the programs that only read. Such a command runs in the read-only
// view, which keeps what this table misses from writing. The table is there
// because a command that must write would only fail in the view first, and
// because a command that takes long, such as a build, should run once.
//
// The table leaves out the flags that run another program. Some ways to do that
// remain: sed's e, and what the configuration of the user's git names for diff,
// textconv or fsmonitor. They are harmless, because the other program also runs in
// the view, with the masks and the network of every command, so it can do no more
// than the same command in mode plan.
var readers = map[string]reader{
	"[": {}, "base64": {}, "basename": {}, "cat": {}, "cd": {}, "cksum": {}, "cmp": {}, "column": {}, "comm": {}, "cut": {},
	"df": {}, "diff": {}, "dirname": {}, "du": {}, "echo": {}, "egrep": {}, "expr": {}, "false": {}, "fgrep": {}, "file": {},
	"fmt": {}, "fold": {}, "grep": {}, "head": {}, "hexdump": {}, "id": {}, "join": {}, "jq": {}, "ls": {}, "md5sum": {}, "nl": {},
	"nproc": {}, "od": {}, "paste": {}, "printf": {}, "pwd": {}, "readelf": {}, "readlink": {}, "realpath": {}, "rev": {}, "seq": {},
	"sha1sum": {}, "sha256sum": {}, "stat": {}, "strings": {}, "tac": {}, "test": {}, "tr": {}, "true": {}, "type": {}, "uname": {},
	"uniq": {}, "wc": {}, "which": {}, "whoami": {}, ":": {},

	"date": {not: []string{"-s", "--set"}},
	"find": {not: []string{"-exec", "-execdir", "-ok", "-okdir", "-delete", "-fprint", "-fprint0", "-fprintf", "-fls"}},
	"fd":   {not: []string{"-x", "-X", "--exec", "--exec-batch"}},
	"nm":   {not: []string{"--plugin"}},
	"rg":   {not: []string{"--pre", "--hostname-bin"}},
	"sed":  {not: []string{"-i", "--in-place"}},
	"sort": {not: []string{"-o", "-T", "--output", "--compress-program"}},
	"tail": {not: []string{"-f", "-F", "--follow", "--retry"}},
	"tree": {not: []string{"-o"}},
	"xxd":  {not: []string{"-r"}},
	"yq":   {not: []string{"-i", "--inplace"}},

	"command": {flags: []string{"-v", "-V"}},
	"go":      {subcommands: []string{"doc", "env", "list", "version"}, not: []string{"-w", "-u", "-toolexec", "--toolexec", "-export", "--export", "-compiled", "--compiled", "-vettool"}},
	"npm":     {subcommands: []string{"ls", "list"}},
	"pip":     {subcommands: []string{"list", "show", "freeze"}},
	"pip3":    {subcommands: []string{"list", "show", "freeze"}},
}

// gitReaders lists the subcommands of git that only read. Git does not run the
// repository's hooks for them.
var gitReaders = map[string]reader{
	"blame": {}, "cat-file": {}, "check-attr": {}, "check-ignore": {}, "count-objects": {}, "describe": {}, "for-each-ref": {},
	"ls-files": {}, "ls-tree": {}, "merge-base": {}, "name-rev": {}, "rev-list": {}, "rev-parse": {}, "shortlog": {},
	"show-ref": {}, "status": {}, "version": {}, "diff-tree": {}, "diff-index": {}, "whatchanged": {},

	"diff":     {not: []string{"--output", "--ext-diff"}},
	"log":      {not: []string{"--output", "--ext-diff"}},
	"show":     {not: []string{"--output", "--ext-diff"}},
	"grep":     {not: []string{"-O", "--open-files-in-pager"}},
	"branch":   {flags: []string{"-a", "-r", "-v", "-vv", "--all", "--remotes", "--list", "--show-current", "--verbose"}},
	"config":   {subcommands: []string{"get", "list"}, flags: []string{"-l", "--list", "--show-origin"}},
	"reflog":   {subcommands: []string{"show"}},
	"remote":   {flags: []string{"-v", "--verbose"}},
	"stash":    {subcommands: []string{"list", "show"}},
	"tag":      {flags: []string{"-l", "--list", "-n"}},
	"worktree": {subcommands: []string{"list"}},
}

// OnlyReads reports whether a shell command consists of commands that only read.
// False for a command that reads files which an earlier command can have made
// outside the workspace, because the read-only view does not have them.
func OnlyReads(command string) bool {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(command), "")
	if err != nil || len(file.Stmts) == 0 {
		return false
	}
	reads := true
	syntax.Walk(file, func(n syntax.Node) bool {
		reads = reads && harmless(n)
		return reads
	})
	return reads
}

// harmless judges one node of a command by itself; nodes that are not listed are
// harmless if their parts are.
func harmless(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.Stmt:
		return !n.Background && !n.Coprocess && !n.Disown
	case *syntax.CallExpr:
		return readingCall(n)
	case *syntax.Redirect:
		return readingRedirect(n)
	case *syntax.Assign:
		return readingAssign(n)
	case *syntax.Lit:
		return !elsewhere(n.Value)
	case *syntax.SglQuoted:
		return !elsewhere(n.Value)
	case *syntax.ParamExp:
		return n.Param == nil || !slices.Contains([]string{"HOME", "TMPDIR", "OLDPWD"}, n.Param.Value)
	case *syntax.FuncDecl, *syntax.DeclClause, *syntax.CoprocClause, *syntax.ExtGlob, *syntax.LetClause, *syntax.TestDecl:
		return false
	default:
		return true
	}
}

// elsewhere reports whether a piece of a word names a place outside the workspace
// where commands can write: the view has its own.
func elsewhere(text string) bool {
	for _, place := range []string{"/tmp", "/var/tmp", "/dev/shm", "/run", "/root", "/home"} {
		if text == place || strings.HasPrefix(text, place+"/") {
			return true
		}
	}
	return strings.HasPrefix(text, "~")
}

func readingRedirect(r *syntax.Redirect) bool {
	switch r.Op {
	case syntax.RdrIn:
		name := literal(r.Word) // "" when the shell computes it: bash connects to /dev/tcp/HOST/PORT
		return name != "" && !strings.HasPrefix(name, "/dev/tcp/") && !strings.HasPrefix(name, "/dev/udp/")
	case syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc, syntax.DplOut:
		return true
	case syntax.RdrOut, syntax.AppOut, syntax.RdrAll, syntax.AppAll, syntax.RdrClob:
		return r.Word != nil && r.Word.Lit() == "/dev/null"
	default:
		return false
	}
}

// readingAssign allows the variables of the command itself, and no others than
// those of the language: many variables make programs run others.
func readingAssign(a *syntax.Assign) bool {
	if a.Name == nil {
		return false
	}
	name := a.Name.Value
	return name == strings.ToLower(name) || name == "LANG" || name == "TZ" || strings.HasPrefix(name, "LC_")
}

func readingCall(c *syntax.CallExpr) bool {
	if len(c.Args) == 0 {
		return true // assignments alone
	}
	words := make([]string, len(c.Args))
	for i, arg := range c.Args {
		words[i] = literal(arg)
	}
	return readingWords(words)
}

// readingWords judges a simple command. A word that the shell computes is "".
func readingWords(words []string) bool {
	name, rest := words[0], words[1:]
	switch {
	case name == "git":
		return readingGit(rest)
	case name == "xargs":
		return readingXargs(rest)
	case name == "awk":
		return readingAwk(rest)
	case len(rest) == 1 && (rest[0] == "--version" || rest[0] == "-V") && name != "" && !strings.Contains(name, "/"):
		return true
	}
	r, ok := readers[name]
	return ok && r.admits(rest)
}

func (r reader) admits(words []string) bool {
	if slices.ContainsFunc(words, r.excludes) {
		return false
	}
	if r.subcommands == nil && r.flags == nil {
		return true
	}
	if len(words) > 0 && slices.Contains(r.subcommands, words[0]) {
		return true
	}
	if r.flags == nil {
		return false
	}
	if len(words) > 0 && slices.Contains([]string{"-l", "--list", "-v", "-V"}, words[0]) {
		return true // the other words are patterns, or the names to look for
	}
	return !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(r.flags, w) })
}

// excludes reports whether a word is one of the flags that write: alone, with a
// value, abbreviated, or, of one letter, among others in one word.
func (r reader) excludes(word string) bool {
	name, _, _ := strings.Cut(word, "=")
	long := len(name) > 2 && strings.HasPrefix(name, "--")
	return slices.ContainsFunc(r.not, func(flag string) bool {
		oneLetter := len(flag) == 2
		return name == flag || long && strings.HasPrefix(flag, name) ||
			oneLetter && len(word) > 2 && word[0] == '-' && word[1] != '-' && strings.ContainsRune(word, rune(flag[1]))
	})
}

// readingGit judges the words after git, which may begin with flags of git's own.
func readingGit(words []string) bool {
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		switch words[0] {
		case "-C":
			if len(words) < 2 {
				return false
			}
			words = words[2:]
		case "--no-pager", "-P", "--no-optional-locks":
			words = words[1:]
		default:
			return words[0] == "--version"
		}
	}
	if len(words) == 0 {
		return false
	}
	r, ok := gitReaders[words[0]]
	rest := words[1:]
	if words[0] == "reflog" && len(rest) == 0 {
		return true
	}
	if words[0] == "config" && len(rest) > 0 && strings.HasPrefix(rest[0], "--get") {
		return true
	}
	return ok && r.admits(rest)
}

// readingXargs judges the command that xargs runs.
func readingXargs(words []string) bool {
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		switch flag := words[0]; {
		case slices.Contains([]string{"-0", "-r", "-t", "-0r", "-r0", "--null", "--no-run-if-empty"}, flag):
			words = words[1:]
		case slices.Contains([]string{"-n", "-I", "-P", "-L", "-d"}, flag) && len(words) > 1:
			words = words[2:]
		case len(flag) > 2 && strings.ContainsRune("nIPLd", rune(flag[1])):
			words = words[1:]
		default:
			return false
		}
	}
	return len(words) == 0 || readingWords(words)
}

// readingAwk allows programs that neither write nor run others: > | and system
// also occur in harmless ones, which ask then.
func readingAwk(words []string) bool {
	for _, w := range words {
		if w == "" || strings.ContainsAny(w, ">|") || strings.Contains(w, "/inet") || strings.Contains(w, "system") || strings.HasPrefix(w, "-i") || strings.HasPrefix(w, "-f") || strings.HasPrefix(w, "--") {
			return false
		}
	}
	return len(words) > 0
}

// literal returns the text of a word without quotes, "" when the shell computes a
// part of it.
func literal(w *syntax.Word) string {
	var b strings.Builder
	for _, part := range w.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			b.WriteString(strings.ReplaceAll(part.Value, `\`, ""))
		case *syntax.SglQuoted:
			b.WriteString(part.Value)
		case *syntax.DblQuoted:
			for _, inner := range part.Parts {
				lit, ok := inner.(*syntax.Lit)
				if !ok {
					return ""
				}
				b.WriteString(lit.Value)
			}
		default:
			return ""
		}
	}
	return b.String()
}
