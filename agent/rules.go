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

// patterns are the commands of which a rule allows variations, by their first
// words. But for the flags in telling, none of them runs or overwrites what its
// other words name; what tests and builds run is the project's. Of all other
// commands, shells, interpreters and package managers among them, a rule allows
// the very command only.
var patterns = map[string][]string{
	"go":     {"build", "test", "vet", "list", "doc"},
	"cargo":  {"build", "test", "check", "clippy", "bench", "tree", "doc"},
	"git":    {"status", "diff", "log", "show", "blame", "ls-files", "rev-parse"},
	"npm":    {"test", "ls"},
	"dotnet": {"build", "test"},
	"swift":  {"build", "test"},
	"zig":    {"build", "test"},
	"pytest": nil, "ruff": nil, "mypy": nil, "eslint": nil, "tsc": nil, "golangci-lint": nil, "staticcheck": nil,
	"ls": nil, "cat": nil, "head": nil, "tail": nil, "wc": nil, "grep": nil, "pwd": nil, "stat": nil, "du": nil, "cmp": nil,
}

// telling are flags, without dashes and value, that make such a command run or
// write what they name.
var telling = []string{"exec", "toolexec", "vettool", "o", "output", "C", "c", "config", "rulesdir", "plugin", "ext-diff", "textconv", "fix"}

// plain matches a command of words that no shell does anything with: no quotes,
// no expansion, no globs, no operators, one line.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:=,@%+-]+( +[A-Za-z0-9_./:=,@%+-]+)*$`)

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
	subcommands, ok := patterns[words[0]]
	switch {
	case !ok, slices.ContainsFunc(words, tells):
		return 0
	case subcommands == nil:
		return 1
	case len(words) > 1 && slices.Contains(subcommands, words[1]):
		return 2
	default:
		return 0
	}
}

func tells(word string) bool {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	return word[0] == '-' && slices.Contains(telling, name)
}

// allows reports whether the rule covers a call of the tool.
func (r Rule) allows(tool string, call tools.Proposal) bool {
	if call.Effect == tools.EffectEdit {
		return r.Text == anyEdit
	}
	return r.Tool == tool && r.Text != "" && r.Text == ruleFor(call)
}
