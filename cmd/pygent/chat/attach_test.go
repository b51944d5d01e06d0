package chat

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/runtime"
)

const (
	aPNG = "\x89PNG\r\n\x1a\nrest"
	aGIF = "GIF89a rest"
)

// write makes files below dir.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAttach(t *testing.T) {
	root, mine := t.TempDir(), t.TempDir()
	write(t, root, map[string]string{"src/a.go": "package a", "shot.png": aPNG})
	write(t, mine, map[string]string{"note one.txt": "words", "b.gif": aGIF, "program": "\x7fELF\x00", "big.txt": strings.Repeat("x", maxText+1), "big.png": aPNG + strings.Repeat("x", maxImage)})
	uri := func(name string) string { return rpc.URIOfPath(filepath.Join(mine, name)) }
	for _, tt := range []struct {
		path string
		want contextItem
		err  string
	}{
		{"src/a.go", contextItem{Path: "src/a.go"}, ""},
		{"./src/../shot.png", contextItem{Path: "shot.png"}, ""},
		{filepath.Join(root, "shot.png"), contextItem{Path: "shot.png"}, ""},
		{filepath.Join(mine, "note one.txt"), contextItem{URI: uri("note one.txt"), Text: new("words")}, ""},
		{"'" + filepath.Join(mine, "note one.txt") + "'", contextItem{URI: uri("note one.txt"), Text: new("words")}, ""},
		{filepath.Join(mine, "b.gif"), contextItem{URI: uri("b.gif"), MIMEType: "image/gif", Data: base64.StdEncoding.EncodeToString([]byte(aGIF))}, ""},
		{filepath.Join(mine, "program"), contextItem{}, "neither text nor"},
		{filepath.Join(mine, "big.txt"), contextItem{}, "has more than 1048576 bytes"},
		{filepath.Join(mine, "big.png"), contextItem{}, "has more than 5000000 bytes"},
		{"src", contextItem{}, "not a regular file"},
		{"missing", contextItem{}, "missing"},
	} {
		tk := &talk{root: root}
		_, err := attach(t.Context(), tk, tt.path)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) || len(tk.attached) > 0 {
				t.Errorf("%s: %v, want %q", tt.path, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		if diff := cmp.Diff(tt.want, tk.takeAttached()[0].item); diff != "" {
			t.Errorf("%s: -want +got\n%s", tt.path, diff)
		}
	}
}

func TestAttachedFilesAreListedAndTakenBack(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{"a": "1"})
	tk := &talk{root: root}
	for range mostAttached {
		if _, err := attach(t.Context(), tk, "a"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := attach(t.Context(), tk, "a"); err == nil || !strings.Contains(err.Error(), "20 files are attached") {
		t.Errorf("one more: %v", err)
	}
	if out, _ := attach(t.Context(), tk, ""); strings.Count(out.text, "\na") != mostAttached {
		t.Errorf("listed: %q", out.text)
	}
	if _, err := attach(t.Context(), tk, "none"); err != nil || len(tk.attached) > 0 {
		t.Errorf("%d are left, %v", len(tk.attached), err)
	}
}

func TestMentionedFiles(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{"a.go": "", "src/b.go": "", "a file.txt": "", "x": ""})
	write(t, filepath.Dir(root), map[string]string{"outside.txt": ""})
	if err := os.Symlink("../outside.txt", filepath.Join(root, "link.txt")); err != nil {
		t.Log("no links here:", err)
	}
	for text, want := range map[string][]string{
		"look at @a.go and @src/b.go.":                 {"a.go", "src/b.go"},
		"(@a.go is no mention) @a.go, @./a.go again":   {"a.go"},
		`@"a file.txt": what is it?`:                   {"a file.txt"},
		"@missing.go @src @../outside.txt @link.txt":   nil,
		"mail me at me@x and @ @@x @/etc/passwd":       nil,
		"@x\n@a.go)":                                   {"x", "a.go"},
		"@" + strings.Repeat("a", 100_000) + "\x00 @x": {"x"},
	} {
		var got []string
		for _, item := range mentioned(root, text) {
			got = append(got, item.Path)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%.60q: %q, want %q", text, got, want)
		}
	}
}

func TestWordsOfAMessage(t *testing.T) {
	for message, want := range map[string]struct {
		own   string
		names []string
	}{
		"hello": {"hello", nil},
		"look\n\n<context path=\"a.go\">\npackage a\n</context>\n\n<context_ uri=\"file:///b\">\nx\n</context_>": {"look", []string{"a.go", "file:///b"}},
		"<context path=\"shot.png\">\n[image 1 of this message]\n</context>":                                     {"", []string{"shot.png"}},
		"a <context> in a line": {"a <context> in a line", nil},
	} {
		if own, names := words(message); own != want.own || !slices.Equal(names, want.names) {
			t.Errorf("%q: %q and %q", message, own, names)
		}
	}
}

func TestAPathIsCompleted(t *testing.T) {
	m := offline(t)
	m.talk.about.Methods = append(m.talk.about.Methods, rpc.MethodFindFiles)
	m.write("see @par")
	if !m.finding {
		t.Fatal("nothing is looked for")
	}
	m.Update(found{query: "p", files: []foundFile{{"other", "file"}}}) // of an earlier key: it looks again
	if strings.Contains(m.shows(), "other") || !m.finding {
		t.Errorf("an old answer is shown:\n%s", m.shows())
	}
	m.Update(found{query: "par", files: []foundFile{{"src/parse.go", "file"}, {"parts", "dir"}}})
	contains(t, "screen", m.shows(), "Tab: src/parse.go parts")
	m.press("tab")
	if got := m.input.Value(); got != "see @src/parse.go " {
		t.Errorf("the input is %q", got)
	}
	m.input.SetValue("@pa")
	m.Update(found{query: "pa", files: []foundFile{{"parts", "dir"}}})
	m.press("tab")
	if got := m.input.Value(); got != "@parts/" {
		t.Errorf("the input is %q", got)
	}
	m.input.SetValue("@a f")
	if _, ok := m.query(); ok {
		t.Error("a path without quotes has a space")
	}
	m.input.SetValue(`@"a f`)
	m.Update(found{query: "a f", files: []foundFile{{"a file.txt", "file"}}})
	m.press("tab")
	if got := m.input.Value(); got != `@"a file.txt" ` {
		t.Errorf("the input is %q", got)
	}
}

func TestTurnsToGoBackTo(t *testing.T) {
	said := func(turn, text string) event.Event {
		return event.Event{TurnID: turn, Kind: event.KindMessage, Role: event.RoleUser, Text: text}
	}
	ended := func(turn string, n int) event.Event {
		return event.Event{TurnID: turn, Kind: event.KindTurnFinished, Changes: make([]runtime.Change, n)}
	}
	back := func(id, to string) event.Event {
		return event.Event{TurnID: id, Kind: event.KindRewound, ToTurnID: to}
	}
	first := []event.Event{
		{TurnID: "t1", Kind: event.KindTurnStarted},
		said("t1", "one\n\n<context path=\"a\">\nx\n</context>"), said("t1", "steered"), ended("t1", 2),
		said("t2", "two"), ended("t2", 0),
		{TurnID: "t2", TaskID: "task_1", Kind: event.KindMessage, Role: event.RoleUser, Text: "a task's"},
		said("t3", "three"), ended("t3", 1),
	}
	for name, tt := range map[string]struct {
		more []event.Event
		want string
	}{
		"all":                     {nil, "t1 one 2, t2 two 0, t3 three 1"},
		"a rewind":                {[]event.Event{back("r1", "t2")}, "t1 one 2"},
		"another turn":            {[]event.Event{back("r1", "t2"), said("t4", "four")}, "t1 one 2, t4 four 0"},
		"a rewind that is undone": {[]event.Event{back("r1", "t2"), back("r2", "r1")}, "t1 one 2, t2 two 0, t3 three 1"},
		"an unknown turn":         {[]event.Event{back("r1", "t9")}, ""},
	} {
		var got []string
		for _, p := range pastOf(append(slices.Clone(first), tt.more...)) {
			got = append(got, fmt.Sprintf("%s %s %d", p.id, p.words, p.files))
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
