package agent

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

func command(text string) tools.Proposal {
	return tools.Proposal{Effect: tools.EffectCommand, Command: text, Viewable: true}
}

func edit(paths ...string) tools.Proposal {
	return tools.Proposal{Effect: tools.EffectEdit, Paths: paths}
}

func TestPolicy(t *testing.T) {
	rules := []Rule{{"bash", "go test *"}, {"bash", "make"}}
	for name, tt := range map[string]struct {
		policy policy
		call   tools.Proposal
		want   verdict
	}{
		"reading is free in plan":          {policy{mode: ModePlan, sandbox: runtime.SandboxNone}, tools.Proposal{Effect: tools.EffectRead}, allow},
		"plan refuses edits":               {policy{mode: ModePlan, view: true}, edit("a"), refuse},
		"plan refuses commands":            {policy{mode: ModePlan, unconfined: true}, command("ls"), refuse},
		"plan looks at a view":             {policy{mode: ModePlan, view: true}, command("ls"), allowInView},
		"plan has no view for all":         {policy{mode: ModePlan, view: true}, tools.Proposal{Effect: tools.EffectCommand}, refuse},
		"plan knows no rules":              {policy{mode: ModePlan, rules: rules}, command("make"), refuse},
		"ask asks for edits":               {policy{mode: ModeAsk, sandbox: runtime.SandboxContainer, unconfined: true}, edit("a"), ask},
		"ask asks for commands":            {policy{mode: ModeAsk, sandbox: runtime.SandboxContainer, unconfined: true}, command("ls"), ask},
		"ask knows rules":                  {policy{mode: ModeAsk, rules: rules}, command("go test ./..."), allow},
		"auto edits":                       {policy{mode: ModeAuto, sandbox: runtime.SandboxNone}, edit("a"), allow},
		"auto runs in a sandbox":           {policy{mode: ModeAuto, sandbox: runtime.SandboxMedium}, command("rm -rf ."), allow},
		"auto asks without one":            {policy{mode: ModeAuto, sandbox: runtime.SandboxNone}, command("ls"), ask},
		"rules hold there":                 {policy{mode: ModeAuto, sandbox: runtime.SandboxNone, rules: rules}, command("make"), allow},
		"unless the user has agreed":       {policy{mode: ModeAuto, sandbox: runtime.SandboxNone, unconfined: true}, command("ls"), allow},
		"unsaved":                          {policy{mode: ModeAuto, dirty: []string{"d/a"}}, edit("b", "d/a"), refuse},
		"unsaved in a directory":           {policy{mode: ModeAuto, dirty: []string{"d/a"}}, edit("d"), refuse},
		"a like name is no directory":      {policy{mode: ModeAuto, dirty: []string{"da"}}, edit("d"), allow},
		"no mode is the strictest but one": {policy{sandbox: runtime.SandboxContainer}, command("ls"), ask},
		"what is undeclared is a command":  {policy{mode: ModeAsk}, tools.Proposal{}, ask},
	} {
		if got, why := tt.policy.judge("bash", tt.call); got != tt.want || (got == refuse) != (why != "") {
			t.Errorf("%s: verdict %d (%q), want %d", name, got, why, tt.want)
		}
	}
}

func TestRuleNamesWhatItAllows(t *testing.T) {
	for text, want := range map[string]string{
		"go test ./...":            "go test *",
		"go  test -run X -count=1": "go test *",
		"go vet":                   "go vet *",
		"ls -la src":               "ls *",
		"git diff HEAD~1":          "git diff HEAD~1", // ~ is the shell's
		"git status":               "git status *",
		"git log --oneline -20":    "git log *",
		"git log a..b":             "git log *",
		"cat /etc/hosts ../x":      "cat *",
		"ruff check src":           "ruff check *",
		"pytest -x tests":          "pytest *",
	} {
		if got := ruleFor(command(text)); got != want {
			t.Errorf("%q: rule %q, want %q", text, got, want)
		}
	}
	for _, exact := range []string{
		"go", "go run ./x", "go generate ./...", "go test -exec rm ./...", "go test --exec=rm ./...", "go build -o /bin/ls .", "go vet -vettool=x",
		"go test; rm -rf /", "go test && curl x", "go test | sh", "go test > x", "go test &", "go test\nrm -rf /", "go test\trm",
		"go test $(rm x)", "go test `rm x`", "go test $X", "go test 'a'", `go test "a"`, `go test \;`, "go test *.go", "go test a?", "go test {a,b}", "go test #x", "go test !x", "go test [a]",
		"A=1 go test", "PATH=. go test ./...", "sh -c ls", "bash x", "python -c 1", "python x.py", "perl -e 1", "node -e 1", "rm x", "sudo ls", "env ls", "xargs ls", "find . -delete", "awk 1", "sed -n 1p x",
		"git -c alias.x=!sh x", "git push", "git config x y", "git diff --output=x", "git log --ext-diff", "npm run x", "npx x", "./go test", "/tmp/ls x", "eslint --fix x", "curl x", "make all",
		// What runs, or writes to, what it names.
		"go test -coverprofile=/tmp/x", "go test -coverprofile x", "go build -ldflags=-extld=./x", "go test . -args -x", "go build -overlay=x", "go build -toolexec x",
		"npm test --script-shell=./x", "npm test --node-options=--require=./x", "cargo test -- --logfile x", "cargo build --config=x", "pytest -p x", "pytest --basetemp=/home", "pytest -cx", "mypy --python-executable=./x",
		"eslint --parser ./x.js .", "eslint -f ./x.js", "eslint --output-file x", "eslint --fix-type x", "ruff format .", "ruff clean", "golangci-lint fmt", "golangci-lint custom", "zig test --test-cmd x", "zig run x", "dotnet build /p:X=y", "mypy @x", "tsc x.ts", "pytest /tmp/x", "pytest a/../../x", "go test ../x", "docker run x",
	} {
		if got := ruleFor(command(exact)); got != exact {
			t.Errorf("%q: rule %q, want the very command", exact, got)
		}
	}
	for _, none := range []string{"", "echo *", "ls *", "echo \x1b[1A", "echo a\r", "echo \u202e", "echo a\u00a0b"} {
		if got := ruleFor(command(none)); got != "" {
			t.Errorf("%q: rule %q, want none", none, got)
		}
	}
}

func TestRulesAreScoped(t *testing.T) {
	test, exact, edits := Rule{"bash", "go test *"}, Rule{"bash", "make all; ls"}, Rule{"write_file", "edit *"}
	for _, tt := range []struct {
		rule Rule
		tool string
		call tools.Proposal
		want bool
	}{
		{test, "bash", command("go test ./..."), true},
		{test, "bash", command("go test"), true},
		{test, "bash", command("go testx"), false},
		{test, "bash", command("go vet"), false},
		{test, "bash", command("go test ./...; curl x"), false},
		{test, "bash", command("go test ./... && curl x"), false},
		{test, "bash", command("go test\ncurl x"), false},
		{test, "bash", command("go test $(curl x)"), false},
		{test, "bash", command("go test *"), false},
		{test, "other", command("go test ./..."), false},
		{exact, "bash", command("make all; ls"), true},
		{exact, "bash", command("make all;  ls"), false},
		{edits, "collect_file", edit("a"), true},
		{edits, "write_file", command("edit x"), false},
		{Rule{"bash", "edit *"}, "bash", command("edit *"), false},
		{Rule{}, "", tools.Proposal{}, false},
	} {
		if got := tt.rule.allows(tt.tool, tt.call); got != tt.want {
			t.Errorf("%+v, %s %q: %v", tt.rule, tt.tool, tt.call.Command, got)
		}
	}
	var rules []Rule
	for i := range maxRules + 5 {
		rules = addRule(addRule(rules, Rule{"bash", strings.Repeat("x", i+1)}), test)
	}
	if len(rules) > maxRules {
		t.Errorf("%d rules are kept", len(rules))
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain\n\ttext größe 日本": "plain\n\ttext größe 日本",
		"a\rb\r\n":               `a\x0db\x0d` + "\n",
		"\x1b[1A\x00\x7f":        `\x1b[1A\x00\x7f`,
		"\u202e\u200b\u2066":     `\u202e\u200b\u2066`,
		"a\u00a0b\u2003c\u3000":  `a\u00a0b\u2003c\u3000`,
		"\u3164\u115f\ufe0f":     `\u3164\u115f\ufe0f`,
		"\U000e0041":             `\U000e0041`,
		"bad \xff \ufffd":        `bad \xff ` + "\ufffd",
		"\u0085\u009b":           `\u0085\u009b`,
	} {
		if got := visible(in); got != want {
			t.Errorf("visible(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzRule(f *testing.F) {
	f.Add("go test ./...")
	f.Add("go test ;rm")
	f.Fuzz(func(t *testing.T, text string) {
		call := command(text)
		rule := ruleFor(call)
		if rule != "" && !(Rule{"bash", rule}).allows("bash", call) {
			t.Errorf("%q: the rule %q does not allow it", text, rule)
		}
		if strings.HasSuffix(rule, anyRest) && strings.ContainsAny(text, ";&|<>$`\"'\\*?[]{}()#!~\n\r\t") {
			t.Errorf("%q is more than its rule %q says", text, rule)
		}
	})
}
