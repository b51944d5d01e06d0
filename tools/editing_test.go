package tools_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tools"
	"github.com/pygent/pygent/tools/files"
)

// newEditor is a caller with all file tools, a memory of what was seen, and files.
func newEditor(t *testing.T, texts map[string]string) *caller {
	t.Helper()
	c := newCaller(t, nil)
	c.env.Files = files.New()
	var err error
	c.reg, err = tools.NewRegistry(tools.Bash(), tools.ReadFile(), tools.EditFile(), tools.ApplyPatch(), tools.WriteFile())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range texts {
		c.put(name, text)
	}
	return c
}

// put writes a file as another program would.
func (c *caller) put(name, text string) {
	c.t.Helper()
	full := filepath.Join(c.env.Runtime.Workspace().Dir(), name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o644)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *caller) get(name string) string {
	c.t.Helper()
	data, err := os.ReadFile(filepath.Join(c.env.Runtime.Workspace().Dir(), name))
	if err != nil {
		return "[none]"
	}
	return string(data)
}

func (c *caller) read(name string) string {
	return c.call("read_file", map[string]any{"path": name}).Text
}

func (c *caller) edit(name, old, fresh string) tools.Result {
	return c.call("edit_file", map[string]any{"path": name, "old_string": old, "new_string": fresh})
}

func TestEditFile(t *testing.T) {
	c := newEditor(t, map[string]string{"a.txt": "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "crlf": "a\r\nb\r\n", "bin": "a\x00b"})
	res := c.edit("./a.txt", "5\n", "five\nfünf\n")
	for _, want := range []string{"Edited a.txt (+2 -1)\n", "\n 4\n", "-5\n+five\n+fünf\n", " 8"} {
		if !strings.Contains(res.Text, want) {
			t.Errorf("%q is not in %q", want, res.Text)
		}
	}
	if strings.Contains(res.Text, "9") || strings.Contains(res.Text, " 1\n") {
		t.Errorf("more than three lines of context: %q", res.Text)
	}
	if diff := cmp.Diff([]runtime.Change{{Path: "a.txt", Change: "modified", Added: 2, Removed: 1}}, res.Changes); diff != "" {
		t.Error(diff)
	}
	if res := c.edit("crlf", "b\n", "c\n"); res.IsError || c.get("crlf") != "a\r\nc\r\n" {
		t.Errorf("%q: %q", res.Text, c.get("crlf"))
	}
	if res := c.edit("new/x", "", "made\n"); res.Text[:strings.IndexByte(res.Text, '\n')] != "Edited new/x (+1 -0)" || c.get("new/x") != "made\n" {
		t.Errorf("%q", res.Text)
	}
	for name, tt := range map[string]struct{ path, old, fresh, want string }{
		"no place":    {"a.txt", "nothing like it", "x", "a.txt: "},
		"no change":   {"a.txt", "1\n", "1\n", "a.txt: "},
		"missing":     {"a.tx", "1", "2", "file a.tx not found; the nearest names: a.txt"},
		"empty old":   {"a.txt", "", "x", "old_string is empty and a.txt exists"},
		"binary":      {"bin", "a", "b", "bin is not text"},
		"directory":   {"new", "a", "b", "is a directory"},
		"leads out":   {"../x", "a", "b", "leads out"},
		"absolute":    {"/etc/passwd", "a", "b", "absolute"},
		"no path":     {"", "a", "b", "is empty"},
		"repository":  {".git/config", "", "x", "protected"},
		"below files": {"a.txt/b", "", "x", "no directory"},
	} {
		res := c.edit(tt.path, tt.old, tt.fresh)
		if !res.IsError || !strings.Contains(res.Text, tt.want) || len(res.Changes) > 0 {
			t.Errorf("%s: %q", name, res.Text)
		}
	}
}

const patchOfFour = `*** Begin Patch
*** Update File: a
@@
 1
-2
+two
*** Update File: b
*** Move to: d/b2
@@
-b
+B
*** Add File: n/new
+x
+y
*** Delete File: gone
*** End Patch`

func TestApplyPatch(t *testing.T) {
	before := map[string]string{"a": "1\n2\n", "b": "b\n", "gone": "g\n"}
	for how, call := range map[string]func(c *caller) tools.Result{
		"tool": func(c *caller) tools.Result { return c.call("apply_patch", map[string]any{"patch": patchOfFour}) },
		"bash": func(c *caller) tools.Result {
			return c.call("bash", map[string]any{"cmd": "apply_patch <<'EOF'\n" + patchOfFour + "\nEOF\n"})
		},
	} {
		c := newEditor(t, before)
		res := call(c)
		want := []runtime.Change{
			{Path: "a", Change: "modified", Added: 1, Removed: 1},
			{Path: "b", Change: "deleted", Removed: 1},
			{Path: "d/b2", Change: "added", Added: 1},
			{Path: "n/new", Change: "added", Added: 2},
			{Path: "gone", Change: "deleted", Removed: 1},
		}
		if diff := cmp.Diff(want, res.Changes); diff != "" {
			t.Errorf("%s: %s\n%s", how, res.Text, diff)
		}
		for _, line := range []string{"Edited a (+1 -1)", "Moved b to d/b2 (+1 -1)", "Added n/new (+2 -0)", "Deleted gone (+0 -1)"} {
			if !strings.Contains(res.Text, line+"\n") && !strings.HasSuffix(res.Text, line) {
				t.Errorf("%s: %q is not in %q", how, line, res.Text)
			}
		}
		for name, text := range map[string]string{"a": "1\ntwo\n", "b": "[none]", "d/b2": "B\n", "n/new": "x\ny\n", "gone": "[none]"} {
			if got := c.get(name); got != text {
				t.Errorf("%s: %s is %q", how, name, got)
			}
		}
		// The same patch again fits nowhere.
		again := call(c)
		if !again.IsError || !strings.HasPrefix(again.Text, "[error] ") || len(again.Changes) > 0 {
			t.Errorf("%s, again: %q", how, again.Text)
		}
	}
}

func TestApplyPatchIsAllOrNothing(t *testing.T) {
	for name, last := range map[string]string{
		"no place":      "*** Update File: b\n@@\n-nothing like it\n+x",
		"missing":       "*** Update File: none\n@@\n-b\n+x",
		"add existing":  "*** Add File: b\n+x",
		"move existing": "*** Update File: b\n*** Move to: gone\n@@\n-b\n+x",
		"twice":         "*** Delete File: a",
		"leads out":     "*** Add File: ../x\n+x",
		"absolute":      "*** Add File: /tmp/x\n+x",
		"repository":    "*** Add File: .git/hooks/x\n+x",
		"protected":     "*** Add File: .envrc\n+x",
	} {
		c := newEditor(t, map[string]string{"a": "1\n2\n", "b": "b\n", "gone": "g\n"})
		patch := "*** Begin Patch\n*** Update File: a\n@@\n-2\n+two\n" + last + "\n*** End Patch"
		res := c.call("apply_patch", map[string]any{"patch": patch})
		if !res.IsError || len(res.Changes) > 0 || c.get("a") != "1\n2\n" || c.get("b") != "b\n" || c.get("gone") != "g\n" {
			t.Errorf("%s: %q; a is %q", name, res.Text, c.get("a"))
		}
	}
}

func TestPatchInADirectory(t *testing.T) {
	c := newEditor(t, map[string]string{"sub/a": "1\n", "a": "1\n"})
	patch := "*** Begin Patch\n*** Update File: a\n@@\n-1\n+one\n*** End Patch"
	res := c.call("bash", map[string]any{"cmd": "cd sub && apply_patch <<'EOF'\n" + patch + "\nEOF"})
	if res.IsError || c.get("sub/a") != "one\n" || c.get("a") != "1\n" {
		t.Errorf("%q: sub/a %q, a %q", res.Text, c.get("sub/a"), c.get("a"))
	}
	res = c.call("bash", map[string]any{"cmd": "cd .. && apply_patch <<'EOF'\n" + patch + "\nEOF"})
	if !res.IsError || c.get("a") != "1\n" {
		t.Errorf("%q", res.Text)
	}
}

func TestStaleFilesAreNotWritten(t *testing.T) {
	write := func(c *caller, content string) tools.Result {
		return c.call("write_file", map[string]any{"path": "a", "content": content})
	}
	patch := func(c *caller) tools.Result {
		return c.call("apply_patch", map[string]any{"patch": "*** Begin Patch\n*** Update File: a\n@@\n-2\n+two\n*** End Patch"})
	}
	for name, do := range map[string]func(c *caller) tools.Result{
		"edit_file":   func(c *caller) tools.Result { return c.edit("a", "2\n", "two\n") },
		"through a":   func(c *caller) tools.Result { return c.edit("d/../a", "2\n", "two\n") },
		"apply_patch": patch,
		"write_file":  func(c *caller) tools.Result { return write(c, "1\ntwo\n3\n") },
	} {
		c := newEditor(t, map[string]string{"a": "1\n2\n"})
		c.read("a")
		c.put("a", "1\n2\n3\n")
		res := do(c)
		if !res.IsError || !strings.Contains(res.Text, "has changed on disk") || !strings.Contains(res.Text, "+3") || c.get("a") != "1\n2\n3\n" {
			t.Errorf("%s: %q, %q", name, res.Text, c.get("a"))
		}
		if res := do(c); res.IsError || c.get("a") != "1\ntwo\n3\n" {
			t.Errorf("%s, again: %q, %q", name, res.Text, c.get("a"))
		}
	}
	c := newEditor(t, map[string]string{"a": "1\n2\n"})
	c.read("a")
	c.put("a", "3\n")
	if res := c.call("apply_patch", map[string]any{"patch": "*** Begin Patch\n*** Delete File: a\n*** End Patch"}); !res.IsError || c.get("a") != "3\n" {
		t.Errorf("deleted: %q", res.Text)
	}
}

// TestSameContentIsNotStale: a new time or another file with the same content is
// no change.
func TestSameContentIsNotStale(t *testing.T) {
	c := newEditor(t, map[string]string{"a": "1\n2\n", "b": "1\n2\n"})
	c.read("a")
	dir := c.env.Runtime.Workspace().Dir()
	if err := os.Rename(filepath.Join(dir, "b"), filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "a"), time.Time{}, time.Unix(1e9, 0)); err != nil {
		t.Fatal(err)
	}
	if res := c.edit("a", "2\n", "two\n"); res.IsError {
		t.Error(res.Text)
	}
	// What the session itself wrote is no change either.
	if res := c.edit("a", "1\n", "one\n"); res.IsError || c.get("a") != "one\ntwo\n" {
		t.Error(res.Text)
	}
}

// command runs a command that makes the given change.
func (c *caller) command(change func()) {
	c.t.Helper()
	fake := runtimetest.NewFake(map[string]runtimetest.Script{
		"format": {Do: func(runtime.Command) error { change(); return nil }},
	}, nil)
	env := c.env
	env.Runtime = runtime.New(c.env.Runtime.Workspace(), fake, runtime.Options{})
	if res := c.reg.Call(c.t.Context(), env, "bash", `{"cmd":"format"}`); res.IsError {
		c.t.Fatal(res.Text)
	}
}

// TestOwnCommandsAreNoStrangers: what a command of the session changed is shown,
// and an edit that still fits exactly is made.
func TestOwnCommandsAreNoStrangers(t *testing.T) {
	c := newEditor(t, map[string]string{"a": "1\n2\n", "b": "1\n2\n"})
	c.read("a")
	c.read("b")
	c.command(func() { c.put("a", "1\n2\n3\n") })
	res := c.edit("a", "2\n", "two\n")
	if res.IsError || !strings.Contains(res.Text, "A command has changed the file") || !strings.Contains(res.Text, "+3") || c.get("a") != "1\ntwo\n3\n" {
		t.Errorf("%q, %q", res.Text, c.get("a"))
	}
	if res := c.edit("a", "two\n", "2\n"); res.IsError || strings.Contains(res.Text, "A command") {
		t.Errorf("said again: %q", res.Text)
	}
	// Two commands, one after the other.
	c.command(func() { c.put("a", "1\n2\n3\n4\n") })
	c.command(func() { c.put("a", "1\n  2\n3\n4\n5\n") })
	if res := c.edit("a", "2\n3\n", "two\n"); !res.IsError && !strings.Contains(res.Text, "A command") || c.get("a") == "" {
		t.Errorf("%q, %q", res.Text, c.get("a"))
	}
	// It no longer fits exactly, so it is shown first.
	c.read("b")
	c.command(func() { c.put("b", "1\n2 \n") })
	res = c.edit("b", "1\n2\n", "x\n")
	if !res.IsError || !strings.Contains(res.Text, "has changed on disk") || c.get("b") != "1\n2 \n" {
		t.Errorf("%q, %q", res.Text, c.get("b"))
	}
}

// TestOthersStayStrangers: a command that runs afterwards does not make a change of
// somebody else the session's own.
func TestOthersStayStrangers(t *testing.T) {
	for name, during := range map[string]func(c *caller) func(){
		"untouched": func(*caller) func() { return func() {} },
		"touched":   func(c *caller) func() { return func() { c.put("a", "1\n2\n3\n4\n") } },
	} {
		c := newEditor(t, map[string]string{"a": "1\n2\n"})
		c.read("a")
		c.put("a", "1\n2\n3\n")
		c.command(during(c))
		if res := c.edit("a", "2\n", "two\n"); !res.IsError || !strings.Contains(res.Text, "has changed on disk") {
			t.Errorf("%s: %q", name, res.Text)
		}
	}
}

func TestWriteFileSaysWhatItReplaced(t *testing.T) {
	c := newEditor(t, map[string]string{"a": "1\n2\n3", "crlf": "a\r\nb\r\n", "empty": "", "bom": "\ufeffx\n"})
	write := func(name, content string) tools.Result {
		return c.call("write_file", map[string]any{"path": name, "content": content})
	}
	if res := write("a", "x\n"); !strings.HasPrefix(res.Text, "Wrote a\n") || !strings.Contains(res.Text, "3 lines of a file that had not been read") {
		t.Errorf("%q", res.Text)
	}
	if res := write("a", "y\n"); res.Text != "Wrote a" || len(res.Changes) != 1 {
		t.Errorf("%+v", res)
	}
	if res := write("a", "y\n"); res.IsError || !strings.HasPrefix(res.Text, "Wrote a: ") || len(res.Changes) != 0 {
		t.Errorf("%+v", res)
	}
	if res := write("empty", "y\n"); res.Text != "Wrote empty" {
		t.Errorf("%+v", res)
	}
	if res := write("crlf", "c\nd\n"); res.IsError || c.get("crlf") != "c\r\nd\r\n" {
		t.Errorf("%q: %q", res.Text, c.get("crlf"))
	}
	if res := write("bom", "y\n"); res.IsError || c.get("bom") != "\ufeffy\n" {
		t.Errorf("%q: %q", res.Text, c.get("bom"))
	}
}

func TestEditsKeepModesAndFollowLinks(t *testing.T) {
	if goruntime.GOOS == "windows" {
		t.Skip("no permission bits, no links")
	}
	c := newEditor(t, map[string]string{"run": "1\n", "dir/x": "1\n"})
	dir := c.env.Runtime.Workspace().Dir()
	for _, err := range []error{
		os.Chmod(filepath.Join(dir, "run"), 0o755), os.Symlink("dir/x", filepath.Join(dir, "in")), os.Symlink("/etc/hostname", filepath.Join(dir, "out")),
		os.Symlink("../../nowhere", filepath.Join(dir, "rel")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if res := c.edit("run", "1", "2"); res.IsError {
		t.Error(res.Text)
	}
	if info, err := os.Stat(filepath.Join(dir, "run")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if res := c.edit("in", "1", "2"); res.IsError || c.get("dir/x") != "2\n" {
		t.Error(res.Text)
	}
	if target, err := os.Readlink(filepath.Join(dir, "in")); err != nil || target != "dir/x" {
		t.Errorf("the link is gone: %q, %v", target, err)
	}
	for _, name := range []string{"out", "rel"} {
		if res := c.edit(name, "a", "b"); !res.IsError {
			t.Errorf("%s: %q", name, res.Text)
		}
		if res := c.call("read_file", map[string]any{"path": name}); !res.IsError {
			t.Errorf("%s: %q", name, res.Text)
		}
	}
}

func TestEditsAreProposedWithTheirDifference(t *testing.T) {
	c := newEditor(t, map[string]string{"a": "1\n2\n", "b": "b\n", "gone": "g\n"})
	propose := func(mode, name, args string) (tools.Proposal, []tools.Patch, error) {
		env := c.env
		env.Mode = mode
		p, err := c.reg.Propose(t.Context(), env, name, args)
		if err != nil || p.Patches == nil {
			return p, nil, err
		}
		patches, err := p.Patches(t.Context())
		return p, patches, err
	}
	args := func(in map[string]any) string { return string(must(json.Marshal(in))) }
	shell := args(map[string]any{"cmd": "apply_patch <<'EOF'\n" + patchOfFour + "\nEOF"})
	for name, tt := range map[string]struct{ tool, args, paths, title string }{
		"edit_file":   {"edit_file", `{"path":"./a","old_string":"2","new_string":"two"}`, "a", "Edit a"},
		"write_file":  {"write_file", `{"path":"a","content":"1\ntwo\n"}`, "a", "Write a"},
		"apply_patch": {"apply_patch", args(map[string]any{"patch": patchOfFour}), "a b d/b2 n/new gone", "Edit a, b, d/b2 and 2 more"},
		"bash":        {"bash", shell, "a b d/b2 n/new gone", "Edit a, b, d/b2 and 2 more"},
	} {
		p, patches, err := propose("ask", tt.tool, tt.args)
		if err != nil || p.Effect != tools.EffectEdit || p.Command != "" || strings.Join(p.Paths, " ") != tt.paths || p.Title != tt.title {
			t.Errorf("%s: %+v, %v", name, p, err)
			continue
		}
		var all string
		for _, patch := range patches {
			all += patch.Path + ":\n" + patch.Patch
		}
		if !strings.Contains(all, "a:\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n 1\n-2\n+two\n") {
			t.Errorf("%s: %s", name, all)
		}
		if len(patches) > 1 && !strings.Contains(all, "d/b2:\n--- a/b\n+++ b/d/b2\n") {
			t.Errorf("%s: %s", name, all)
		}
		if _, err := c.reg.Propose(t.Context(), c.env, tt.tool, tt.args); err != nil || c.get("a") != "1\n2\n" {
			t.Errorf("%s: a proposal changed something: %v", name, err)
		}
	}
	// What cannot be done is refused before anybody is asked.
	if _, _, err := propose("ask", "edit_file", `{"path":"a","old_string":"9","new_string":"x"}`); err == nil {
		t.Error("the user would be asked for an edit that does not fit")
	}
	if _, _, err := propose("ask", "bash", args(map[string]any{"cmd": "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: none\n@@\n-x\n+y\n*** End Patch\nEOF"})); err == nil {
		t.Error("likewise by bash")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
