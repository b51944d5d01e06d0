package agent_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// placed runs an agent that writes x to the paths, one after the other, in a
// workspace with links.
func placed(t *testing.T, opts agent.Options, paths ...string) (*agent.Agent, string) {
	t.Helper()
	var script []any
	for _, p := range paths {
		script = append(script, agenttest.Calling("c"+p, "write_file", map[string]any{"path": p, "content": "x\n"}))
	}
	a := agenttest.NewAgent(t, agenttest.Script(append(script, agenttest.Text("Done."))...), opts)
	dir := a.Runtime().Workspace().Dir()
	for name, text := range map[string]string{".git/config": "mine", "d/real.txt": "old\n"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"link.txt": "d/real.txt", "linked": "d", "repo": ".git", "env": ".envrc", "out": "/etc"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return a, dir
}

func TestProtectedPathsAskInEveryMode(t *testing.T) {
	rule := event.Rule{Tool: "write_file", Text: "edit *"}
	for name, c := range map[string]struct {
		may    approval.Permissions
		decide event.Choice // "" is a client that cannot ask
		path   string
		want   string // begin of the result
		asked  int
	}{
		"auto asks":                 {approval.Permissions{Mode: event.ModeAuto, Unconfined: true}, event.DecisionAllow, ".envrc", "Wrote .envrc", 1},
		"through a link":            {approval.Permissions{Mode: event.ModeAuto, Unconfined: true}, event.DecisionAllow, "env", "Wrote env", 1},
		"a no is one":               {approval.Permissions{Mode: event.ModeAuto, Unconfined: true}, event.DecisionDeny, ".envrc", "[error] not run: denied", 1},
		"nobody is there":           {approval.Permissions{Mode: event.ModeAuto, Unconfined: true}, "", ".envrc", "[error] not run: denied: nobody is there to ask", 0},
		"no rule covers it":         {approval.Permissions{Mode: event.ModeAsk, Rules: []event.Rule{rule}}, event.DecisionAllow, ".vscode/tasks.json", "Wrote .vscode/tasks.json", 1},
		"it covers others":          {approval.Permissions{Mode: event.ModeAsk, Rules: []event.Rule{rule}}, event.DecisionAllow, "a.txt", "Wrote a.txt", 0},
		"plan refuses":              {approval.Permissions{Mode: event.ModePlan}, event.DecisionAllow, ".envrc", "[error] not run: mode plan", 0},
		"repositories never":        {approval.Permissions{Mode: event.ModeAuto, Unconfined: true}, event.DecisionAllow, ".git/config", `[error] not run: ".git/config" is protected: git runs`, 0},
		"repositories by a link":    {approval.Permissions{Mode: event.ModeAuto, Unconfined: true}, event.DecisionAllow, "repo/hooks/pre-commit", `[error] not run: ".git/hooks/pre-commit" is protected: git runs`, 0},
		"repositories never in ask": {approval.Permissions{Mode: event.ModeAsk}, event.DecisionAllow, "sub/.git", `[error] not run: "sub/.git" is protected`, 0},
		"outside is no question":    {approval.Permissions{Mode: event.ModeAsk}, event.DecisionAllow, "out/x", "[error] ", 0},
	} {
		t.Run(name, func(t *testing.T) {
			rec := agenttest.Deciding(event.Decision{Decision: c.decide})
			opts := agent.Options{Client: rec, Permissions: c.may}
			if c.decide == "" {
				opts.Client = nil
			}
			a, dir := placed(t, opts, c.path)
			out := a.Run(t.Context(), "go", agent.Turn{})
			if got := agenttest.Results(a.History()); len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
				t.Errorf("results %q, want %q", got, c.want)
			}
			if n := len(rec.Approvals()); n != c.asked {
				t.Errorf("asked %d times, want %d", n, c.asked)
			}
			if text, err := os.ReadFile(filepath.Join(dir, ".git/config")); err != nil || string(text) != "mine" {
				t.Errorf("%q, %v", text, err)
			}
			for _, change := range out.Changes {
				if change.Protected != (c.path != "a.txt") {
					t.Errorf("%+v", change)
				}
			}
			for _, ask := range rec.Approvals() {
				if !strings.Contains(ask.Title, "is protected: ") || ask.Rule != "" || slices.Contains(ask.Options, event.DecisionAllowForSession) || !ask.Changes[0].Protected {
					t.Errorf("%+v", ask)
				}
			}
		})
	}
}

// "For the session" from a client allows only one call.
func TestProtectedPathsAskEachTime(t *testing.T) {
	always := event.Decision{Decision: event.DecisionAllowForSession}
	rec := agenttest.Deciding(always, always, always)
	a, _ := placed(t, agent.Options{Client: rec, Permissions: agenttest.Asks}, ".envrc", ".envrc", "a.txt")
	a.Run(t.Context(), "go", agent.Turn{})
	if n := len(rec.Approvals()); n != 3 {
		t.Errorf("asked %d times", n)
	}
}

func TestApprovalShowsWhereLinksLead(t *testing.T) {
	allow := event.Decision{Decision: event.DecisionAllow}
	rec := agenttest.Deciding(allow, allow, allow)
	a, dir := placed(t, agent.Options{Client: rec, Permissions: agenttest.Asks}, "link.txt", "linked/new.txt", "d/real.txt")
	a.Run(t.Context(), "go", agent.Turn{})
	var got []string
	for _, ask := range rec.Approvals() {
		got = append(got, ask.Title, ask.Changes[0].Path)
	}
	want := []string{
		"Write link.txt (link.txt leads to d/real.txt)", "d/real.txt",
		"Write linked/new.txt (linked/new.txt leads to d/new.txt)", "d/new.txt",
		"Write d/real.txt", "d/real.txt",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// Another target makes it another change.
	rec = &agenttest.Recorder{}
	a, dir = placed(t, agent.Options{Client: rec, Permissions: agenttest.Asks}, "link.txt")
	rec.Decide = func(context.Context, event.Approval) (event.Decision, error) {
		if err := os.WriteFile(filepath.Join(dir, "other.txt"), []byte("old\n"), 0o600); err != nil {
			t.Error(err)
		}
		return allow, os.WriteFile(filepath.Join(dir, "unused"), nil, 0o600)
	}
	swap := rec.Decide
	rec.Decide = func(ctx context.Context, ask event.Approval) (event.Decision, error) {
		d, err := swap(ctx, ask)
		if err := os.Remove(filepath.Join(dir, "link.txt")); err != nil {
			t.Error(err)
		}
		if err := os.Symlink("other.txt", filepath.Join(dir, "link.txt")); err != nil {
			t.Error(err)
		}
		return d, err
	}
	a.Run(t.Context(), "go", agent.Turn{})
	if got := agenttest.Results(a.History())[0]; !strings.Contains(got, "was changed while the user looked") {
		t.Errorf("result %q", got)
	}
}

// A permission covers the targets that were shown, not the new target of a link
// that changes after they were compared.
func TestYesIsToWhatWasShown(t *testing.T) {
	shown := 0
	var env tools.Env
	swapping := tools.New("swapping", "Write.", func(_ context.Context, e tools.Env, _ struct{}) (tools.Result, error) {
		env = e
		_, err := e.Runtime.Workspace().WriteFile("link.txt", []byte("x"), e.Allowed...)
		return tools.Text("done"), err
	}, func(_ context.Context, e tools.Env, _ struct{}) (tools.Proposal, error) {
		dir := e.Runtime.Workspace().Dir()
		p := tools.Proposal{Effect: tools.EffectEdit, Title: "Write", Paths: []string{"link.txt"}}
		p.Patches = func(context.Context) ([]tools.Patch, error) {
			if shown++; shown == 2 { // the targets for the comparison are known already
				err := errors.Join(os.Remove(filepath.Join(dir, "link.txt")), os.Symlink(".envrc", filepath.Join(dir, "link.txt")))
				return []tools.Patch{{Path: "link.txt"}}, err
			}
			return []tools.Patch{{Path: "link.txt"}}, nil
		}
		return p, nil
	})
	rec := agenttest.Deciding(event.Decision{Decision: event.DecisionAllow})
	model := agenttest.Script(agenttest.Calls("", agenttest.Call("a", "swapping", `{}`)), agenttest.Text("Done."))
	a := agenttest.NewAgent(t, model, agent.Options{Client: rec, Permissions: agenttest.Asks}, swapping)
	dir := a.Runtime().Workspace().Dir()
	if err := os.Symlink("a.txt", filepath.Join(dir, "link.txt")); err != nil {
		t.Fatal(err)
	}
	a.Run(t.Context(), "go", agent.Turn{})
	if shown != 2 || len(env.Allowed) != 0 {
		t.Errorf("shown %d times, allowed %q", shown, env.Allowed)
	}
	if got := agenttest.Results(a.History()); len(got) != 1 || !strings.Contains(got[0], "protected") {
		t.Errorf("%q", got)
	}
	if _, err := os.Lstat(filepath.Join(dir, ".envrc")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was written: %v", err)
	}
}

func TestUnsavedFilesAreKnownByTheirLinks(t *testing.T) {
	for _, c := range []struct {
		dirty, path string
		refused     bool
	}{
		{"d/real.txt", "link.txt", true},
		{"link.txt", "d/real.txt", true},
		{"link.txt", "linked/real.txt", true},
		{"linked/real.txt", "link.txt", true},
		{"linked/new.txt", "d/new.txt", true},
		{"link.txt", "link.txt", true},
		{"d/real.txt", "d/other.txt", false},
		{"out/passwd", "d/other.txt", false},
	} {
		a, _ := placed(t, agent.Options{}, c.path)
		a.Run(t.Context(), "go", agent.Turn{Dirty: []string{c.dirty}})
		if got := agenttest.Results(a.History())[0]; strings.HasPrefix(got, "[error] not run: conflict: ") != c.refused {
			t.Errorf("%s with %s unsaved: %q", c.path, c.dirty, got)
		}
	}
}

// Where names that differ in case are equal, one file has two names. Two links to
// a file are the closest that other file systems have.
func TestUnsavedFilesAreKnownInAnyLetterCase(t *testing.T) {
	for path, refused := range map[string]bool{"D/REAL.txt": true, "d/Real.TXT": true, "d/other.txt": false} {
		a, dir := placed(t, agent.Options{}, path)
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(filepath.Join(dir, "d/real.txt"), filepath.Join(dir, path)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
		a.Run(t.Context(), "go", agent.Turn{Dirty: []string{"d/real.txt"}})
		if got := agenttest.Results(a.History())[0]; strings.HasPrefix(got, "[error] not run: conflict: ") != refused {
			t.Errorf("%s: %q", path, got)
		}
	}
}

// A rule does not cover a command that follows a link out of the workspace.
func TestRulesEndAtLinksThatLeadOut(t *testing.T) {
	deny := event.Decision{Decision: event.DecisionDeny}
	may := approval.Permissions{Mode: event.ModeAsk, Rules: []event.Rule{{Tool: "bash", Text: "cat *"}, {Tool: "bash", Text: "go test *"}}}
	for command, asked := range map[string]int{
		"cat link.txt": 0, "cat linked/real.txt": 0, "cat missing": 0, "cat d/real.txt -n": 0,
		"cat out/hostname": 1, "cat out": 1, "cat -n d/real.txt out/passwd": 1, "go test ./out": 1, "go test -run=out x": 1, "cat ~/.ssh/id_rsa": 1, "cat /proc/self/environ": 1,
	} {
		rec := agenttest.Deciding(deny)
		a := agenttest.NewAgent(t, agenttest.Script(agenttest.Bash("a", command), agenttest.Text("Done.")), agent.Options{Client: rec, Permissions: may})
		dir := a.Runtime().Workspace().Dir()
		for name, target := range map[string]string{"out": "/etc", "link.txt": "d/real.txt", "linked": "d"} {
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		a.Run(t.Context(), "go", agent.Turn{})
		if n := len(rec.Approvals()); n != asked {
			t.Errorf("%q: asked %d times, want %d", command, n, asked)
		}
	}
}
