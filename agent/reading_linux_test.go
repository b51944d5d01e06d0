package agent_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// sandboxed makes a runtime with a read-only view, over a repository with a few
// files whose configuration names a program for diffs.
func sandboxed(t *testing.T) *runtime.Runtime {
	t.Helper()
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	mark := filepath.Join(ws.Dir(), "ran.sh")
	for name, text := range map[string]string{
		"a.go": "package a\n\nfunc main() {}\n", "b.txt": "two\none\n", ".gitattributes": "*.txt diff=x\n",
		"ran.sh": "#!/bin/sh\necho ran >" + ws.Dir() + "/mark\n",
	} {
		if err := os.WriteFile(filepath.Join(ws.Dir(), name), []byte(text), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "-q"},
		{"add", "."},
		{"-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "first"},
		{"config", "diff.x.textconv", mark},
		{"config", "core.fsmonitor", mark},
	} {
		if out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", ws.Dir()}, args...)...).CombinedOutput(); err != nil { //nolint:gosec // fixed words
			t.Fatalf("git %q: %v: %s", args, err, out)
		}
	}
	opts := local.Options{Level: runtime.SandboxStrong, StateDir: t.TempDir()}
	view := opts
	view.ReadOnly = true
	rt := runtime.New(ws, local.New(ws, opts), runtime.Options{View: local.New(ws, view)})
	if res := rt.Bash(t.Context(), "true", runtime.BashOptions{}); res.Err != nil {
		runtimetest.Missing(t, res.Err)
	}
	return rt
}

// lookAround runs commands in mode ask, as calls of a session, and returns the
// approvals and the results.
func lookAround(t *testing.T, rt *runtime.Runtime, decide event.Choice, commands ...string) ([]event.Approval, []string) {
	t.Helper()
	var script []any
	for _, command := range commands {
		script = append(script, agenttest.Bash("a", command))
	}
	rec := &agenttest.Recorder{Decide: func(context.Context, event.Approval) (event.Decision, error) {
		return event.Decision{Decision: decide}, nil
	}}
	a := agent.New(agenttest.Script(append(script, agenttest.Text("Done."))...), agenttest.Registry(t), rt, agent.Options{
		Client: rec, Permissions: approval.Permissions{Mode: event.ModeAsk},
	})
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	a.Run(t.Context(), "go", agent.Turn{})
	return rec.Approvals(), agenttest.Results(a.History())
}

// TestLookingAroundAsksNothing: ten commands of a session of looking around, in the
// real sandbox.
func TestLookingAroundAsksNothing(t *testing.T) {
	asked, results := lookAround(t, sandboxed(t), event.DecisionDeny,
		"ls -la", "git status --short", "git log --oneline -5 | cat", "cat a.go | head -2", `grep -rn "func main" --include=*.go . | wc -l`,
		"find . -name '*.go' -not -path './.git/*' | sort", "sed -n 1,2p a.go", "wc -l $(git ls-files '*.go')", "for f in *.txt; do echo \"== $f\"; head -1 \"$f\"; done", "git diff HEAD --stat 2>/dev/null || echo none",
	)
	if len(asked) != 0 || len(results) != 10 {
		t.Errorf("%d results; asked %+v", len(results), asked)
	}
	for i, res := range results {
		if strings.Contains(res, "not run") || strings.HasPrefix(res, "[error]") {
			t.Errorf("result %d: %s", i, res)
		}
	}
}

// TestReadersCannotWrite: what slips through the table of readers, or runs another
// program, changes nothing that the user has not allowed.
func TestReadersCannotWrite(t *testing.T) {
	for _, command := range []string{
		"sed -n 'w mark' b.txt", "sed '1e ./ran.sh' b.txt", "git diff HEAD", "git status", "git show HEAD", "git log -p",
		"sort b.txt -o'mark'", "uniq b.txt mark", "find . -name b.txt -fprintf mark x", "x='-o mark'; sort $x b.txt", "f='-i s/o/x/'; sed $f b.txt", `x='$(./ran.sh)'; echo "${x@P}"`,
		"file -C -m b.txt", "xxd b.txt mark", "cat b.txt; sed '1e git config core.pager ./ran.sh' b.txt",
	} {
		rt := sandboxed(t)
		dir := rt.Workspace().Dir()
		before, err := os.ReadFile(filepath.Join(dir, ".git", "config"))
		if err != nil {
			t.Fatal(err)
		}
		_, results := lookAround(t, rt, event.DecisionDeny, command)
		if len(results) != 1 {
			t.Errorf("%q: %q", command, results)
		}
		if _, err := os.Lstat(filepath.Join(dir, "mark")); err == nil {
			t.Errorf("%q has written: %s", command, results)
		}
		if after, err := os.ReadFile(filepath.Join(dir, ".git", "config")); err != nil || string(after) != string(before) {
			t.Errorf("%q has changed git's configuration: %s, %v", command, after, err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "b.txt")); err != nil || string(b) != "two\none\n" {
			t.Errorf("%q has changed a file: %q, %v", command, b, err)
		}
	}
}

// TestAReaderThatWritesRunsForReal: once the user has allowed it.
func TestAReaderThatWritesRunsForReal(t *testing.T) {
	for decide, want := range map[event.Choice]string{event.DecisionAllow: "two\n", event.DecisionDeny: ""} {
		rt := sandboxed(t)
		asked, results := lookAround(t, rt, decide, "sed -n '1w mark' b.txt")
		if len(asked) != 1 || !strings.Contains(asked[0].Title, "read-only view") || len(results) != 1 {
			t.Errorf("%s: %+v, %q", decide, asked, results)
		}
		text, err := os.ReadFile(filepath.Join(rt.Workspace().Dir(), "mark"))
		if string(text) != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", decide, text, err)
		}
	}
}
