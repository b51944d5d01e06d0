package approval

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

func command(text string) tools.Proposal {
	return tools.Proposal{Effect: tools.EffectCommand, Command: text, Viewable: true}
}

func edit(paths ...string) tools.Proposal {
	return tools.Proposal{Effect: tools.EffectEdit, Paths: paths}
}

// plainTargets returns the targets of a proposal in a workspace without links.
func plainTargets(p tools.Proposal) (at []Target) {
	for _, path := range p.Paths {
		at = append(at, Target{named: path, real: path})
	}
	return at
}

func TestPolicy(t *testing.T) {
	rules := []event.Rule{{Tool: "bash", Text: "go test *"}, {Tool: "bash", Text: "make"}}
	for name, tt := range map[string]struct {
		policy Policy
		call   tools.Proposal
		want   Verdict
	}{
		"reading is free in plan":          {Policy{Mode: event.ModePlan, Sandbox: runtime.SandboxNone}, tools.Proposal{Effect: tools.EffectRead}, Allow},
		"plan refuses edits":               {Policy{Mode: event.ModePlan, View: true}, edit("a"), Refuse},
		"plan refuses commands":            {Policy{Mode: event.ModePlan, Unconfined: true}, command("ls"), Refuse},
		"plan looks at a view":             {Policy{Mode: event.ModePlan, View: true}, command("ls"), AllowInView},
		"plan has no view for all":         {Policy{Mode: event.ModePlan, View: true}, tools.Proposal{Effect: tools.EffectCommand}, Refuse},
		"plan knows no rules":              {Policy{Mode: event.ModePlan, Rules: rules}, command("make"), Refuse},
		"ask asks for edits":               {Policy{Mode: event.ModeAsk, Sandbox: runtime.SandboxContainer, Unconfined: true}, edit("a"), Ask},
		"ask asks for commands":            {Policy{Mode: event.ModeAsk, Sandbox: runtime.SandboxContainer, Unconfined: true}, command("ls"), Ask},
		"ask knows rules":                  {Policy{Mode: event.ModeAsk, Rules: rules}, command("go test ./..."), Allow},
		"auto edits":                       {Policy{Mode: event.ModeAuto, Sandbox: runtime.SandboxNone}, edit("a"), Allow},
		"auto runs in a sandbox":           {Policy{Mode: event.ModeAuto, Sandbox: runtime.SandboxMedium}, command("rm -rf ."), Allow},
		"auto asks without one":            {Policy{Mode: event.ModeAuto, Sandbox: runtime.SandboxNone}, command("ls"), Ask},
		"rules hold there":                 {Policy{Mode: event.ModeAuto, Sandbox: runtime.SandboxNone, Rules: rules}, command("make"), Allow},
		"unless the user has agreed":       {Policy{Mode: event.ModeAuto, Sandbox: runtime.SandboxNone, Unconfined: true}, command("ls"), Allow},
		"unsaved":                          {Policy{Mode: event.ModeAuto, Dirty: []string{"d/a"}}, edit("b", "d/a"), Refuse},
		"unsaved in a directory":           {Policy{Mode: event.ModeAuto, Dirty: []string{"d/a"}}, edit("d"), Refuse},
		"a like name is no directory":      {Policy{Mode: event.ModeAuto, Dirty: []string{"da"}}, edit("d"), Allow},
		"no mode is the strictest but one": {Policy{Sandbox: runtime.SandboxContainer}, command("ls"), Ask},
		"what is undeclared is a command":  {Policy{Mode: event.ModeAsk}, tools.Proposal{}, Ask},
	} {
		if got, why := tt.policy.Judge("bash", tt.call, plainTargets(tt.call)); got != tt.want || (got == Refuse) != (why != "") {
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
		"head -n5 -20 a b/c":       "head *",
		"grep -rn -A3 x src":       "grep *",
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
		// Commands that read outside, or wait.
		"cat /etc/hosts", "cat a ../x", "cat a/../../x", "ls ..", "ls /", "du -s /home", "stat /proc/self/environ", "cat /proc/self/environ", "wc -l /etc/passwd", "cmp a /etc/shadow", "head -c9 /dev/sda",
		"grep -r x /", "grep -f/etc/passwd x", "grep -f list x", "grep --file=list x", "grep --file=/etc/passwd x", "grep -rf../x a", "grep --include=/x y", "grep -R x .", "grep -rR x .", "grep --dereference-recursive x .", "grep --exclude-from=../x y .",
		"wc --files0-from=list", "wc --files0-from=/etc/x", "du --files0-from=list", "du -L .", "du -X list", "ls -LR", "ls -l -H x", "stat -L x", "tail -f log", "tail -5f log", "tail +5f log", "tail -nf log", "tail --follow log", "tail --follow=name log", "tail --foll log", "tail --pid=1 log", "tail -F log", "tail --retry log", "cat -", "cat -- -f",
		"git diff --no-index a b", "git diff --no-ind a b", "git blame --contents=/etc/passwd a", "git show HEAD:../x", "git diff --stat=/x", "git log --since=@x", "go test -C/x", "go list -C=../x", "go list -modfile=x", "go test -vettool=x", "cargo test --manifest-path=x", "cargo build -p file:///x", "pytest --ignore=a,/x",
		// Commands that run, or write to, the files that they name.
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
	test, exact, edits := event.Rule{Tool: "bash", Text: "go test *"}, event.Rule{Tool: "bash", Text: "make all; ls"}, event.Rule{Tool: "write_file", Text: "edit *"}
	for _, tt := range []struct {
		rule event.Rule
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
		{event.Rule{Tool: "bash", Text: "edit *"}, "bash", command("edit *"), false},
		{event.Rule{}, "", tools.Proposal{}, false},
	} {
		if got := allows(tt.rule, tt.tool, tt.call); got != tt.want {
			t.Errorf("%+v, %s %q: %v", tt.rule, tt.tool, tt.call.Command, got)
		}
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
		if got := Visible(in); got != want {
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
		if rule != "" && !allows(event.Rule{Tool: "bash", Text: rule}, "bash", call) {
			t.Errorf("%q: the rule %q does not allow it", text, rule)
		}
		if strings.HasSuffix(rule, anyRest) && strings.ContainsAny(text, ";&|<>$`\"'\\*?[]{}()#!~\n\r\t") {
			t.Errorf("%q is more than its rule %q says", text, rule)
		}
	})
}
