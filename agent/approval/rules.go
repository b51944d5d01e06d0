package approval

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

const (
	anyEdit = "edit *"
	anyRest = " *"
)

// pattern says which variations of a command a rule allows. No word of them may
// be an absolute path, lead out by .. or name a file of further words.
type pattern struct {
	subcommands []string // allowed second words; none: the program alone
	flags       string   // flags that may vary, without dashes and value
	letters     string   // one-letter flags that may vary, alone or several in one word, with a number
}

// patterns lists the commands whose variations a rule allows, by their first
// words. None of them runs or overwrites the files that its other words name.
// Only the listed flags may vary, because most such programs have some that run
// or write. Tests and builds run the project's own code. For every other command,
// including shells, interpreters and package managers, a rule allows only the
// exact command.
var patterns = map[string]pattern{
	"go": {
		[]string{"build", "test", "vet", "list", "doc"},
		"v x n race run skip count short timeout bench benchmem benchtime cover covermode failfast shuffle parallel cpu tags trimpath json m f e u deps find all test", "",
	},
	"cargo": {
		[]string{"build", "test", "check", "clippy", "bench", "tree", "doc"},
		"v q r p verbose quiet release package workspace all exclude lib bin bins test tests example examples all-targets features all-features no-default-features locked offline frozen no-run no-fail-fast no-deps", "",
	},
	"git": {
		[]string{"status", "diff", "log", "show", "blame", "ls-files", "rev-parse"},
		"s b n p L S G w short branch porcelain stat shortstat numstat summary name-only name-status patch cached staged oneline graph all format pretty decorate abbrev-commit max-count since until author grep first-parent follow reverse no-color show-toplevel abbrev-ref others modified", "",
	},
	"npm":           {[]string{"test", "ls"}, "all depth silent", ""},
	"swift":         {[]string{"build", "test"}, "v filter parallel", ""},
	"zig":           {[]string{"build"}, "", ""},
	"pytest":        {nil, "v vv q s x k m lf ff tb maxfail durations collect-only", ""},
	"mypy":          {nil, "strict pretty", ""},
	"eslint":        {nil, "quiet ext max-warnings", ""},
	"staticcheck":   {nil, "tests tags checks", ""},
	"ruff":          {[]string{"check"}, "q quiet diff select ignore", ""},
	"golangci-lint": {[]string{"run"}, "v E D enable disable timeout", ""},

	// In these programs no flag may vary that follows links (ls -L, grep -R, du
	// -L), takes names from a file (wc --files0-from, grep -f) or waits (tail
	// -f).
	"ls":   {nil, "all almost-all human-readable recursive reverse sort time size classify inode color format group-directories-first", "aAlhRrtSsFi1dgGnopQUXBmxCqkNvzZ"},
	"cat":  {nil, "number number-nonblank show-all show-ends show-tabs show-nonprinting squeeze-blank", "AbeEnstTuv"},
	"head": {nil, "lines bytes quiet silent verbose", "ncqv"},
	"tail": {nil, "lines bytes quiet silent verbose", "ncqv"},
	"wc":   {nil, "lines words bytes chars max-line-length", "lwcmL"},
	"grep": {
		nil, "regexp extended-regexp fixed-strings perl-regexp basic-regexp ignore-case invert-match word-regexp line-regexp count files-with-matches files-without-match line-number with-filename no-filename no-messages quiet silent only-matching max-count after-context before-context context recursive include exclude exclude-dir text color",
		"eEFGPivwxclLnHhsqomABCrazI",
	},
	"pwd":  {nil, "", "LP"},
	"stat": {nil, "format printf terse", "ct"},
	"du":   {nil, "all human-readable summarize total max-depth apparent-size bytes", "ahscdkmb"},
	"cmp":  {nil, "silent quiet verbose print-bytes bytes", "slbn"},
}

// plain matches a command in which the shell expands nothing: no quotes, no
// expansion, no globs, no operators, one line.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:=,@%+-]+( +[A-Za-z0-9_./:=,@%+-]+)*$`)

// number is the name of a flag such as -20.
var number = regexp.MustCompile(`^[0-9]+$`)

// ruleFor returns the rule that allowForSession would make, "" when there can be
// none because the user would not see its meaning.
func ruleFor(call tools.Proposal) string {
	switch {
	case call.Effect == tools.EffectEdit:
		return anyEdit
	case call.Command == "" || strings.HasSuffix(call.Command, anyRest) || Visible(call.Command) != call.Command:
		return "" // edit * would read as a pattern
	}
	if n := patternWords(call.Command); n > 0 {
		return strings.Join(strings.Fields(call.Command)[:n], " ") + anyRest
	}
	return call.Command
}

// patternWords returns how many words of a command identify it; 0 when a rule
// must have the whole command.
func patternWords(command string) int {
	if !plain.MatchString(command) {
		return 0
	}
	words := strings.Fields(command)
	p, ok := patterns[words[0]]
	switch {
	case !ok, slices.ContainsFunc(words[1:], p.risky):
		return 0
	case p.subcommands == nil:
		return 1
	case len(words) > 1 && slices.Contains(p.subcommands, words[1]):
		return 2
	default:
		return 0
	}
}

// risky reports whether a word may make a command read, run or write something
// outside the project: a flag that is not listed, or a path, also as a flag's
// value, that leads out or names a file of further words.
func (p pattern) risky(word string) bool {
	if word == "-" || slices.ContainsFunc(pieces(word), leadsOut) { // the first waits for input
		return true
	}
	if word[0] == '+' { // tail +5f waits
		return strings.Trim(word, "+0123456789") != ""
	}
	if word[0] != '-' {
		return false
	}
	if strings.HasPrefix(word, "--") || p.letters == "" {
		name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		return !number.MatchString(name) && !slices.Contains(strings.Fields(p.flags), name)
	}
	return strings.Trim(word[1:], p.letters+"0123456789") != ""
}

// pieces returns the word and the parts of it that a program can take for a
// value.
func pieces(word string) []string {
	return append(strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune("=:,", r) }), word)
}

// leadsOut reports whether a piece of a command, as a path, leads out of the
// directory that the command runs in, or names a file of further words.
func leadsOut(piece string) bool {
	return piece[0] == '/' || piece[0] == '@' || slices.Contains(strings.Split(piece, "/"), "..")
}

// linksOut reports whether a word of a plain command is a link that leads out of
// the workspace, or goes through one.
func linksOut(ws *runtime.Workspace, command string) bool {
	for _, word := range strings.Fields(command) {
		for _, piece := range pieces(word) {
			if _, err := ws.Target(piece); err != nil {
				return true // an unreadable path may lead out
			}
		}
	}
	return false
}

// allows reports whether the rule covers a call of the tool.
func allows(r event.Rule, tool string, call tools.Proposal) bool {
	if call.Effect == tools.EffectEdit {
		return r.Text == anyEdit
	}
	return r.Tool == tool && r.Text != "" && r.Text == ruleFor(call)
}
