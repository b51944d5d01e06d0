package approval

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

func approvalOf(call tools.Proposal) event.Approval {
	a := event.Approval{Kind: string(call.Effect), Command: call.Command, Rule: ruleFor(call)}
	for _, p := range call.Paths {
		a.Changes = append(a.Changes, tools.Patch{Path: p})
	}
	return a
}

func TestRulesOfTheUser(t *testing.T) {
	for _, tt := range []struct {
		call    tools.Proposal
		rule    string
		covers  []tools.Proposal
		refuses []tools.Proposal
	}{
		{command("go test ./a"), "go test ./a", []tools.Proposal{command("go test ./a")}, []tools.Proposal{command("go test ./b")}},
		{command("go test ./a -v"), "go test ./a *", []tools.Proposal{command("go test ./a -run X")}, []tools.Proposal{command("go test ./b"), command("go test ./a -exec x"), command("go test ./a; x"), command("go test ./a ../b")}},
		{command("npm run lint"), "npm run *", []tools.Proposal{command("npm run build --silent")}, []tools.Proposal{command("npm publish"), command("npm run a && rm b"), command("npm run /x"), command("npm runx")}},
		{command("git push origin main"), "git push *", []tools.Proposal{command("git push origin x")}, []tools.Proposal{command("git pull"), command("git push $X")}},
		{command("git push origin main"), "git *", []tools.Proposal{command("git pull"), command("git status")}, []tools.Proposal{command("git -C/x pull"), command("gitk")}},
		{command("python manage.py test"), "python manage.py *", []tools.Proposal{command("python manage.py migrate")}, []tools.Proposal{command("python x.py"), command("python -c x")}},
		{command("make all; ls"), "make all; ls", []tools.Proposal{command("make all; ls")}, []tools.Proposal{command("make all")}},
		{edit("docs/a.md"), "edit docs/**", []tools.Proposal{edit("docs/x/y"), edit("docs/a", "docs/b")}, []tools.Proposal{edit("src/a"), edit("docs/a", "src/a"), edit("docsx"), command("edit docs/a")}},
		{edit("a.md"), "edit *.md", []tools.Proposal{edit("b.md")}, []tools.Proposal{edit("x/b.md"), edit("b.go")}},
		{edit("a.md"), "edit **", []tools.Proposal{edit("x/b.go")}, nil},
		{edit("a.md"), "edit a.md", []tools.Proposal{edit("a.md")}, []tools.Proposal{edit("b.md")}},
	} {
		if err := CheckRule(approvalOf(tt.call), tt.rule); err != nil {
			t.Errorf("%q: %v", tt.rule, err)
		}
		r := event.Rule{Tool: "bash", Text: tt.rule}
		for _, call := range tt.covers {
			if !allows(r, "bash", call, call.Paths) {
				t.Errorf("%q does not cover %q %q", tt.rule, call.Command, call.Paths)
			}
		}
		for _, call := range tt.refuses {
			if allows(r, "bash", call, call.Paths) {
				t.Errorf("%q covers %q %q", tt.rule, call.Command, call.Paths)
			}
		}
	}
}

func TestRulesThatCannotBeMade(t *testing.T) {
	for _, tt := range []struct {
		call tools.Proposal
		rule string
		want string
	}{
		{command("make all"), "*", "neither"},
		{command("make all"), " *", "neither"},
		{command("make all"), "make", "neither"},
		{command("make all"), "rm *", "does not cover"},
		{command("make all"), "make clean *", "does not cover"},
		{command("make all; rm x"), "make *", "does not cover"},
		{command("make all > x"), "make *", "does not cover"},
		{command("make -C /x"), "make *", "does not cover"},
		{command("go test -exec rm ./..."), "go test *", "does not cover"},
		{command("sh x.sh"), "sh *", "would allow everything"},
		{command("/bin/bash -c ls"), "/bin/bash -c *", "would allow everything"},
		{command("sudo ls"), "sudo *", "would allow everything"},
		{command("python -m x"), "python -m *", "would allow everything"},
		{command("make all"), "make \u202e*", "cannot be seen"},
		{command("make all"), "make\n*", "cannot be seen"},
		{command("make all"), strings.Repeat("make ", 200) + "*", "more than"},
		{command("make all"), "edit *", "does not cover"},
		{command("ls *"), "ls *", "asks each time"},
		{edit("src/a"), "edit docs/**", "does not cover"},
		{edit("src/a"), "edit [", "no rule for edits"},
		{edit("src/a"), "edit ../**", "no rule for edits"},
		{edit("src/a"), "edit /**", "no rule for edits"},
		{edit("src/a"), "src/**", "no rule for edits"},
		{edit("src/a"), "go test *", "no rule for edits"},
	} {
		if err := CheckRule(approvalOf(tt.call), tt.rule); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q %q, rule %q: %v, want %q", tt.call.Command, tt.call.Paths, tt.rule, err, tt.want)
		}
	}
}
