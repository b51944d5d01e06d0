package approval

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// maxRule bounds a rule that is not the command itself, in bytes.
const maxRule = 500

const editPrefix = "edit "

// launchers are programs that run what their first words name. A rule for one
// must name that, because any word at all would be allowed otherwise.
var launchers = strings.Fields(`sh bash dash zsh ksh fish env xargs nohup timeout sudo doas su nice time ssh eval exec
	command builtin source . python python3 perl ruby node deno bun php awk npx uvx docker podman`)

// CheckRule returns why the user's own rule cannot be made at an approval: it must
// cover the call that is asked about, and say what else it covers. The error
// continues a sentence that names the rule.
func CheckRule(a event.Approval, rule string) error {
	switch {
	case a.Rule == "":
		return errors.New("cannot be made: this call asks each time")
	case rule == a.Rule || rule == a.Command:
		return nil
	case len(rule) > maxRule:
		return fmt.Errorf("has more than %d bytes", maxRule)
	case Visible(rule) != rule || strings.ContainsAny(rule, "\n\t"):
		return errors.New("contains characters that cannot be seen")
	case a.Kind == string(tools.EffectEdit):
		return checkEditRule(a, rule)
	default:
		return checkCommandRule(a, rule)
	}
}

func checkEditRule(a event.Approval, rule string) error {
	glob, ok := strings.CutPrefix(rule, editPrefix)
	if !ok || !doublestar.ValidatePattern(glob) || glob != strings.TrimSpace(glob) || path.IsAbs(glob) || slices.Contains(strings.Split(glob, "/"), "..") {
		return errors.New(`is no rule for edits: write "edit" and a glob of paths from the workspace's root, as in edit docs/**`)
	}
	for _, c := range a.Changes {
		if !coversEdit(rule, []string{c.Path}) {
			return fmt.Errorf("does not cover %q", c.Path)
		}
	}
	return nil
}

func checkCommandRule(a event.Approval, rule string) error {
	prefix, ok := strings.CutSuffix(rule, anyRest)
	if !ok || !plain.MatchString(prefix) {
		return errors.New("is neither this command nor first words of it with * behind them, as in go test *")
	}
	words := strings.Fields(prefix)
	if slices.Contains(launchers, path.Base(words[0])) && (len(words) == 1 || strings.HasPrefix(words[1], "-")) {
		return fmt.Errorf("would allow everything: name what %s runs", words[0])
	}
	if !coversCommand(rule, a.Command) {
		return errors.New("does not cover this command: a rule with * covers one plain command that begins so and whose paths stay in the workspace")
	}
	return nil
}

// coversEdit reports whether a rule covers an edit of all these paths.
func coversEdit(rule string, paths []string) bool {
	if rule == anyEdit {
		return true
	}
	glob, ok := strings.CutPrefix(rule, editPrefix)
	return ok && len(paths) > 0 && !slices.ContainsFunc(paths, func(p string) bool {
		match, err := doublestar.Match(glob, p)
		return err != nil || !match
	})
}

// coversCommand reports whether a rule with * covers a command that begins with its
// words. No further word may lead out of the workspace. A rule that goes beyond
// one of patterns keeps the bounds of that.
func coversCommand(rule, command string) bool {
	prefix, ok := strings.CutSuffix(rule, anyRest)
	if !ok || !plain.MatchString(command) || strings.HasPrefix(rule, editPrefix) { // a rule for edits
		return false
	}
	first, words := strings.Fields(prefix), strings.Fields(command)
	if len(first) == 0 || len(words) < len(first) || !slices.Equal(first, words[:len(first)]) {
		return false
	}
	p, known := patterns[first[0]]
	if known && (p.subcommands == nil || len(first) > 1 && slices.Contains(p.subcommands, first[1])) {
		return patternWords(command) > 0
	}
	return !slices.ContainsFunc(words[len(first):], func(w string) bool {
		value := w
		if len(w) > 2 && w[0] == '-' {
			value = w[2:] // -C/x
		}
		return w == "-" || leadsOut(value) || slices.ContainsFunc(pieces(w), leadsOut)
	})
}
