package tasks_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/protect"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
	"github.com/pygent/pygent/tools"
)

// making makes a Runner that writes files and then ends.
func making(files map[string]string) runnerFunc {
	return func(_ context.Context, turn inprocess.Turn) tasks.Outcome {
		for name, content := range files {
			if err := put(turn.Runtime, name, content); err != nil {
				return tasks.Outcome{State: tasks.StateFailed, Err: err}
			}
		}
		return tasks.Outcome{State: tasks.StateFinished}
	}
}

func (f *fixture) collect(t testing.TB, id, path, dest string) tasks.CollectResult {
	t.Helper()
	res, err := f.Collect(t.Context(), tasks.CollectParams{TaskID: id, Path: path, Dest: dest})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestCollectFile(t *testing.T) {
	f := setup(t, false, making(map[string]string{"out/a.txt": "hello\n"}), tasks.Options{})
	id := f.run(t, tasks.StartParams{}).TaskID
	res, err := f.Collect(t.Context(), tasks.CollectParams{TaskID: id, Path: "out/a.txt", Dest: "got/b.txt", Hash: true})
	want := tasks.CollectResult{
		Files:   []tasks.CollectedFile{{Path: "got/b.txt", Bytes: 6, SHA256: "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}},
		Skipped: []tasks.SkippedFile{},
		Text:    "Retrieved got/b.txt",
	}
	if diff := cmp.Diff(want, res); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	wantFile(t, f.parent, "got/b.txt", "hello\n")
	if got := f.collect(t, id, "./out/a.txt", ""); got.Text != "Retrieved out/a.txt" || got.Files[0].SHA256 != "" {
		t.Errorf("%+v", got)
	}
	wantFile(t, f.parent, "out/a.txt", "hello\n")
}

func TestCollectDirectory(t *testing.T) { // the original raised
	f := setup(t, false, making(map[string]string{"out/a": "1", "out/b/c": "2", "else": "3"}), tasks.Options{})
	write(t, f.parent, map[string]string{"out/a": "old", "out/mine": "kept"})
	id := f.run(t, tasks.StartParams{}).TaskID
	if got := f.collect(t, id, "out", ""); len(got.Files) != 2 || len(got.Skipped) != 0 || got.Text != "Retrieved out" {
		t.Errorf("%+v", got)
	}
	wantFile(t, f.parent, "out/a", "1")
	wantFile(t, f.parent, "out/b/c", "2")
	wantFile(t, f.parent, "out/mine", "kept")
	wantFile(t, f.parent, "else", "")
	if got := f.collect(t, id, ".", "all"); len(got.Files) != 3 {
		t.Errorf("the whole workspace: %+v", got)
	}
	wantFile(t, f.parent, "all/else", "3")
}

func TestCollectEmptyDirectoryIsNoFailure(t *testing.T) {
	f := setup(t, false, runnerFunc(func(_ context.Context, turn inprocess.Turn) tasks.Outcome {
		return tasks.Outcome{State: tasks.StateFinished, Err: os.Mkdir(filepath.Join(turn.Runtime.Workspace().Dir(), "empty"), 0o755)}
	}), tasks.Options{})
	id := f.run(t, tasks.StartParams{}).TaskID
	if got := f.call(t, f.env, "collect_file", `{"task_id":"`+id+`","path":"empty"}`); got.IsError || got.Text != "Retrieved empty" {
		t.Errorf("%+v", got)
	}
}

func TestCollectWhileTheTaskRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, false, runnerFunc(func(ctx context.Context, turn inprocess.Turn) tasks.Outcome {
			making(map[string]string{"half": "so far"})(ctx, turn)
			return waiting(ctx, turn)
		}), tasks.Options{})
		id := f.start(t, tasks.StartParams{})
		synctest.Wait()
		f.collect(t, id, "half", "")
		wantFile(t, f.parent, "half", "so far")
	})
}

func TestRefusedCollects(t *testing.T) {
	f := setup(t, false, making(map[string]string{"a.txt": "x"}), tasks.Options{})
	write(t, f.parent, map[string]string{"dir/f": "x"})
	id := f.run(t, tasks.StartParams{}).TaskID
	for name, p := range map[string]struct {
		tasks.CollectParams
		want func(error) bool
	}{
		"missing":           {tasks.CollectParams{Path: "b.txt"}, isInvalid("b.txt")},
		"empty":             {tasks.CollectParams{}, isInvalid("path")},
		"up":                {tasks.CollectParams{Path: "../x"}, isOutside},
		"absolute":          {tasks.CollectParams{Path: "/etc/hostname"}, isOutside},
		"dest up":           {tasks.CollectParams{Path: "a.txt", Dest: "../x"}, isOutside},
		"dest absolute":     {tasks.CollectParams{Path: "a.txt", Dest: "/tmp/x"}, isOutside},
		"dest is directory": {tasks.CollectParams{Path: "a.txt", Dest: "dir"}, isInvalid("dir")},
	} {
		p.TaskID = id
		if _, err := f.Collect(t.Context(), p.CollectParams); err == nil || !p.want(err) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func isOutside(err error) bool { return errors.Is(err, runtime.ErrOutside) }

func isInvalid(name string) func(error) bool {
	return func(err error) bool {
		var invalid *runtime.InvalidError
		return errors.As(err, &invalid) && strings.Contains(err.Error(), name)
	}
}

// A delegated agent's files may be intended to run on the host.
func TestProtectedPathsDoNotComeBack(t *testing.T) {
	evil := map[string]string{
		"out/ok.txt": "fine", "out/.git/hooks/pre-commit": "evil", "out/deep/.GIT/config": "evil", "out/.envrc": "evil",
		"out/.vscode/tasks.json": "evil", ".git/config": "evil", "plain": "evil",
	}
	f := setup(t, false, making(evil), tasks.Options{})
	write(t, f.parent, map[string]string{".git/config": "mine"})
	id := f.run(t, tasks.StartParams{}).TaskID

	res := f.collect(t, id, "out", "")
	if len(res.Files) != 1 || len(res.Skipped) != 4 || !strings.HasPrefix(res.Text, "Retrieved out (4 skipped: ") {
		t.Errorf("%+v", res)
	}
	for _, s := range res.Skipped {
		if !strings.HasPrefix(s.Reason, "protected: ") {
			t.Errorf("skipped %+v", s)
		}
	}
	for name := range evil {
		if strings.HasPrefix(name, "out/") && name != "out/ok.txt" {
			wantFile(t, f.parent, name, "")
		}
	}
	t.Run("naming one is not consent", func(t *testing.T) {
		for _, path := range []string{".git", ".git/config", "out/.envrc"} {
			if res := f.collect(t, id, path, "taken"); len(res.Files) != 0 || len(res.Skipped) != 1 || !strings.HasPrefix(res.Text, "Nothing retrieved (1 skipped: ") {
				t.Errorf("%s: %+v", path, res)
			}
		}
		got := f.call(t, f.env, "collect_file", `{"task_id":"`+id+`","path":".git/config"}`)
		if !got.IsError || len(got.Changes) != 0 {
			t.Errorf("%+v", got)
		}
		wantFile(t, f.parent, "taken", "")
	})
	t.Run("nor is a protected destination", func(t *testing.T) {
		for _, dest := range []string{".git/hooks/pre-commit", ".GIT/hooks/x", "sub/.git/config", ".envrc", ".mcp.json"} {
			if res := f.collect(t, id, "plain", dest); len(res.Files) != 0 || len(res.Skipped) != 1 {
				t.Errorf("%s: %+v", dest, res)
			}
			wantFile(t, f.parent, dest, "")
		}
	})
	wantFile(t, f.parent, ".git/config", "mine")
}

// A link gives a protected path a harmless name.
func TestLinksToProtectedPathsDoNotHelp(t *testing.T) {
	f := setup(t, false, runnerFunc(func(ctx context.Context, turn inprocess.Turn) tasks.Outcome {
		out := making(map[string]string{".git/config": "evil", "plain": "evil", "out/x": "x"})(ctx, turn)
		dir := turn.Runtime.Workspace().Dir()
		return tasks.Outcome{State: out.State, Err: errors.Join(
			os.Symlink(".git", filepath.Join(dir, "innocent")), os.Symlink("../.git", filepath.Join(dir, "out/link")))}
	}), tasks.Options{})
	write(t, f.parent, map[string]string{".git/config": "mine"})
	id := f.run(t, tasks.StartParams{}).TaskID
	for _, path := range []string{"innocent", "innocent/config"} {
		if res := f.collect(t, id, path, "got"); len(res.Files) != 0 || len(res.Skipped) != 1 {
			t.Errorf("%s: %+v", path, res)
		}
	}
	f.collect(t, id, "out", "") // it may copy the link to our own .git
	if res := f.collect(t, id, "plain", "out/link/config"); len(res.Files) != 0 {
		t.Errorf("through the link: %+v", res)
	}
	if res := f.collect(t, id, "plain", "out/link/hooks/pre-commit"); len(res.Files) != 0 {
		t.Errorf("through the link: %+v", res)
	}
	wantFile(t, f.parent, ".git/config", "mine")
	wantFile(t, f.parent, ".git/hooks/pre-commit", "")
}

// proposed returns what collect_file would change.
func (f *fixture) proposed(t testing.TB, arguments string) (tools.Proposal, error) {
	t.Helper()
	return f.registry.Propose(t.Context(), f.env, "collect_file", arguments)
}

// A model that names a protected path needs the user's permission; one that names
// a directory gets the unprotected files.
func TestModelCollectsProtectedPathsWithConsent(t *testing.T) {
	f := setup(t, false, making(map[string]string{
		"out/ok": "1", "out/.vscode/tasks.json": "2", "out/.vscode/deep/.git/config": "3", "out/.envrc": "4",
		"out/srv/HEAD": "5", "out/srv/objects/x": "6", "out/srv/refs/x": "7",
	}), tasks.Options{})
	id := f.run(t, tasks.StartParams{}).TaskID
	arguments := func(path, dest string) string {
		return `{"task_id":"` + id + `","path":"` + path + `","dest":"` + dest + `"}`
	}
	for _, c := range []struct {
		path, dest string
		paths      []string
		protected  int
	}{
		{"out", "out", []string{"out/ok"}, 0},
		{"out/.vscode", "out/.vscode", []string{"out/.vscode/tasks.json"}, 1},
		{"out/.envrc", ".envrc", []string{".envrc"}, 1},
		{"out/.envrc", "plain", []string{"plain"}, 1},
		{"out/ok", ".envrc", []string{".envrc"}, 1},
		{"out/ok", "ok", []string{"ok"}, 0},
	} {
		p, err := f.proposed(t, arguments(c.path, c.dest))
		if diff := cmp.Diff(c.paths, p.Paths); err != nil || diff != "" || len(p.Protected) != c.protected {
			t.Errorf("%s to %s: %+v, %v\n%s", c.path, c.dest, p, err, diff)
		}
		env := f.env
		for range 2 {
			got := f.call(t, env, "collect_file", arguments(c.path, c.dest))
			if refused := c.protected > 0 && env.Allowed == nil; got.IsError != refused {
				t.Errorf("%s to %s, allowed %q: %+v", c.path, c.dest, env.Allowed, got)
			}
			for _, change := range got.Changes {
				if change.Protected != (protect.Named(change.Path) != "") {
					t.Errorf("%+v", change)
				}
			}
			env.Allowed = p.Paths
		}
	}
	wantFile(t, f.parent, "out/.vscode/tasks.json", "2")
	wantFile(t, f.parent, "out/.vscode/deep/.git/config", "")
	wantFile(t, f.parent, "out/srv/HEAD", "")
	wantFile(t, f.parent, "plain", "4")
	for _, path := range []string{"out/srv", "out/srv/HEAD", "out/.vscode/deep/.git", "out/.vscode/deep/.git/config"} {
		if p, err := f.proposed(t, arguments(path, "x")); err == nil || !strings.Contains(err.Error(), "protected: ") {
			t.Errorf("%s: %+v, %v", path, p, err)
		}
		env := f.env
		env.Allowed = []string{"x", path}
		if got := f.call(t, env, "collect_file", arguments(path, "x")); !got.IsError {
			t.Errorf("%s: %+v", path, got)
		}
	}
	wantFile(t, f.parent, "x", "")
	wantFile(t, f.parent, "x/HEAD", "")
}
