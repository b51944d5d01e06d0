package agent

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pygent/pygent/tools"
)

// maxRules bounds what a session remembers; the oldest rule gives way.
const maxRules = 200

// Rule is something that the user has allowed for a session. Its text is what
// the user was shown:
//
//	edit *      all edits of files in the workspace
//	go test *   a plain command that begins with these words
//	anything else: that very command, byte for byte
type Rule struct {
	Tool string // whose commands; edits are allowed whatever the tool
	Text string
}

const (
	anyEdit = "edit *"
	anyRest = " *"
)

// pattern says of which calls of a program a rule allows variations.
type pattern struct {
	subcommands []string // one of them is the second word; none: the program alone
	flags       string   // those that may vary, without dashes and value; anyFlag: all
}

// anyFlag is for programs that only read, whatever they are told.
const anyFlag = "*"

// patterns are the commands of which a rule allows variations, by their first
// words. None of them runs or overwrites what its other words name, and only
// these flags may vary, because most such programs have some that do. What tests
// and builds run is the project's. Of all other commands, shells, interpreters
// and package managers among them, a rule allows the very command only.
var patterns = map[string]pattern{
	"go": {
		[]string{"build", "test", "vet", "list", "doc"},
		"v x n race run skip count short timeout bench benchmem benchtime cover covermode failfast shuffle parallel cpu tags trimpath json m f e u deps find all test",
	},
	"cargo": {
		[]string{"build", "test", "check", "clippy", "bench", "tree", "doc"},
		"v q r p verbose quiet release package workspace all exclude lib bin bins test tests example examples all-targets features all-features no-default-features locked offline frozen no-run no-fail-fast no-deps",
	},
	"git": {
		[]string{"status", "diff", "log", "show", "blame", "ls-files", "rev-parse"},
		"s b n p L S G w short branch porcelain stat shortstat numstat summary name-only name-status patch cached staged oneline graph all format pretty decorate abbrev-commit max-count since until author grep first-parent follow reverse no-color show-toplevel abbrev-ref others modified",
	},
	"npm":           {[]string{"test", "ls"}, "all depth silent"},
	"swift":         {[]string{"build", "test"}, "v filter parallel"},
	"zig":           {[]string{"build"}, ""},
	"pytest":        {nil, "v vv q s x k m lf ff tb maxfail durations collect-only"},
	"mypy":          {nil, "strict pretty"},
	"eslint":        {nil, "quiet ext max-warnings"},
	"staticcheck":   {nil, "tests tags checks"},
	"ruff":          {[]string{"check"}, "q quiet diff select ignore"},
	"golangci-lint": {[]string{"run"}, "v E D enable disable timeout"},
	"ls":            {nil, anyFlag}, "cat": {nil, anyFlag}, "head": {nil, anyFlag}, "tail": {nil, anyFlag}, "wc": {nil, anyFlag},
	"grep": {nil, anyFlag}, "pwd": {nil, anyFlag}, "stat": {nil, anyFlag}, "du": {nil, anyFlag}, "cmp": {nil, anyFlag},
}

// plain matches a command of words that no shell does anything with: no quotes,
// no expansion, no globs, no operators, one line.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:=,@%+-]+( +[A-Za-z0-9_./:=,@%+-]+)*$`)

// number is the name of a flag such as -20.
var number = regexp.MustCompile(`^[0-9]+$`)

// ruleFor is what allowForSession would allow from then on, "" when there is
// nothing to remember: the user would not see what it says.
func ruleFor(call tools.Proposal) string {
	switch {
	case call.Effect == tools.EffectEdit:
		return anyEdit
	case call.Command == "" || strings.HasSuffix(call.Command, anyRest) || visible(call.Command) != call.Command:
		return "" // the second would read as a pattern
	}
	if n := patternWords(call.Command); n > 0 {
		return strings.Join(strings.Fields(call.Command)[:n], " ") + anyRest
	}
	return call.Command
}

// patternWords is how many words of a command name what it does; 0 when a rule
// must have the whole of it.
func patternWords(command string) int {
	if !plain.MatchString(command) {
		return 0
	}
	words := strings.Fields(command)
	p, ok := patterns[words[0]]
	switch {
	case !ok, slices.ContainsFunc(words[1:], p.tells):
		return 0
	case p.subcommands == nil:
		return 1
	case len(words) > 1 && slices.Contains(p.subcommands, words[1]):
		return 2
	default:
		return 0
	}
}

// tells reports whether a word may say that something is run or written which is
// not the project's: a flag that is not known not to, a file of further words, or
// a path that leads out.
func (p pattern) tells(word string) bool {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	switch {
	case p.flags == anyFlag:
		return false
	case word[0] == '@', word[0] == '/', slices.Contains(strings.Split(word, "/"), ".."):
		return true
	default:
		return word[0] == '-' && !number.MatchString(name) && !slices.Contains(strings.Fields(p.flags), name)
	}
}

// allows reports whether the rule covers a call of the tool.
func (r Rule) allows(tool string, call tools.Proposal) bool {
	if call.Effect == tools.EffectEdit {
		return r.Text == anyEdit
	}
	return r.Tool == tool && r.Text != "" && r.Text == ruleFor(call)
}
