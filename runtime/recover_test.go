package runtime

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// killed is a workspace in which a process was killed in the middle of an edit.
type killed struct {
	t          *testing.T
	dir, state string
	b          *editBatch
	log        string // the journal's path
}

// newKilled leaves an edit of four files when it is committed, or just before.
func newKilled(t *testing.T, committed bool) *killed {
	t.Helper()
	base := t.TempDir()
	k := &killed{t: t, dir: filepath.Join(base, "ws"), state: filepath.Join(base, "state", "pygent")}
	for name, content := range map[string]string{"a": "old a", "d/b": "old b", "gone": "old", "from": "moved"} {
		k.write(name, content)
	}
	ws, err := OpenWorkspace(k.dir, OpenOptions{State: k.state})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.Close() })
	k.b = &editBatch{ws: ws}
	err = k.b.prepare([]Edit{
		{Path: "a", Content: "new a"},
		{Path: "d/b", Content: "new b"},
		{Path: "n/c", Content: "new c", New: true},
		{Path: "gone", Delete: true},
		{Path: "from", MoveTo: "to", Content: "moved on"},
	})
	if err != nil {
		t.Fatal(err)
	}
	k.b.names()
	if k.b.log, err = k.b.keep(); err != nil {
		t.Fatal(err)
	}
	for _, f := range k.b.files {
		if f.goal().dir != nil {
			if err := k.b.stage(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	if committed {
		if err := k.b.log.commit(); err != nil {
			t.Fatal(err)
		}
	}
	k.log = k.b.log.name
	return k
}

// die ends the process's hold of its journal.
func (k *killed) die() { k.b.close() }

func (k *killed) write(name, content string) {
	k.t.Helper()
	name = filepath.Join(k.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		k.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		k.t.Fatal(err)
	}
}

// start opens the workspace and returns what it says.
func (k *killed) start() string {
	k.t.Helper()
	ws, err := OpenWorkspace(k.dir, OpenOptions{State: k.state})
	if err != nil {
		k.t.Fatal(err)
	}
	defer ws.Close()
	return strings.Join(ws.Recovered(), "\n")
}

// files lists the workspace, with the contents of files.
func (k *killed) files() string {
	k.t.Helper()
	var all []string
	err := filepath.WalkDir(k.dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(k.dir, name)
		all = append(all, filepath.ToSlash(rel)+"="+string(data))
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return strings.Join(all, " ")
}

const (
	allBefore = "a=old a d/b=old b from=moved gone=old"
	allAfter  = "a=new a d/b=new b n/c=new c to=moved on"
)

func (k *killed) want(said, files string) {
	k.t.Helper()
	for range 2 { // a second start finds nothing to do
		got := k.start()
		if said == "" && got != "" || !strings.Contains(got, said) {
			k.t.Errorf("said %q, want %q", got, said)
		}
		if got := k.files(); got != files {
			k.t.Errorf("files %s\nwant  %s", got, files)
		}
		said = ""
	}
	if _, err := os.Lstat(k.log); err == nil {
		k.t.Error("the journal is still there")
	}
}

func TestRecoveryFinishesOrForgets(t *testing.T) {
	for committed, files := range map[bool]string{true: allAfter, false: allBefore} {
		k := newKilled(t, committed)
		if got := k.start(); got != "" || !strings.Contains(k.files(), ".pygent-") {
			t.Errorf("a live edit was touched: %q, %s", got, k.files())
		}
		k.die()
		k.want("", files)
	}
}

func TestRecoveryAfterEachStep(t *testing.T) {
	for n := range 6 {
		k := newKilled(t, true)
		for _, f := range k.b.files[:min(n, 5)] {
			if err := k.b.publish(f); err != nil {
				t.Fatal(err)
			}
		}
		k.die()
		k.want("", allAfter)
	}
}

func TestRecoveryLeavesWhatOthersChanged(t *testing.T) {
	k := newKilled(t, true)
	if err := k.b.publish(k.b.files[0]); err != nil {
		t.Fatal(err)
	}
	k.die()
	k.write("a", "mine")
	k.write("d/b", "mine too")
	k.write("n/c", "and this")
	k.want(`"n/c": it was changed by somebody else`, "a=mine d/b=mine too n/c=and this to=moved on")
}

func TestRecoveryFollowsNoNewLink(t *testing.T) {
	k := newKilled(t, true)
	k.die()
	outside := t.TempDir()
	if err := os.RemoveAll(filepath.Join(k.dir, "d")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(k.dir, "d")); err != nil {
		t.Skip("no links here: ", err)
	}
	if err := os.WriteFile(filepath.Join(outside, "b"), []byte("old b"), 0o644); err != nil {
		t.Fatal(err)
	}
	if said := k.start(); !strings.Contains(said, `"d/b": `) {
		t.Errorf("said %q", said)
	}
	if data, err := os.ReadFile(filepath.Join(outside, "b")); err != nil || string(data) != "old b" {
		t.Errorf("outside: %q, %v", data, err)
	}
}

// TestRecoveryOfACutJournal: a journal without its last line was never carried
// out.
func TestRecoveryOfACutJournal(t *testing.T) {
	whole := newKilled(t, true)
	whole.die()
	info, err := os.Stat(whole.log)
	if err != nil {
		t.Fatal(err)
	}
	for size := range info.Size() {
		if size%37 != 0 && size < info.Size()-100 {
			continue
		}
		k := newKilled(t, true)
		k.die()
		if err := os.Truncate(k.log, size); err != nil {
			t.Fatal(err)
		}
		if got := k.start(); got != "" {
			t.Errorf("%d: said %q", size, got)
		}
		if got := strings.Join(noTemps(strings.Split(k.files(), " ")), " "); got != allBefore {
			t.Errorf("%d: %s", size, got)
		}
	}
}

// noTemps drops staged files: a journal that is cut in its header does not name
// them, so SweepTemp removes them.
func noTemps(files []string) (rest []string) {
	drop := false
	for _, f := range files {
		if strings.Contains(f, "=") {
			drop = strings.Contains(f, tempPrefix)
		}
		if !drop {
			rest = append(rest, f)
		}
	}
	return rest
}

func TestRecoveryOfAHostileJournal(t *testing.T) {
	head := func(file string) string {
		return `{"version":1,"workspace":"DIR","allowed":[".","x",".git"],"files":[` + file + "]}\n"
	}
	evil := sumOf("evil")
	add := func(p string) string { return `{"path":"` + p + `","sum":"` + evil + `","size":4}` }
	for name, tt := range map[string]struct{ head, said string }{
		"garbage":       {"\x00\xff\n\n", "its header"},
		"empty":         {"", "its header"},
		"other version": {`{"version":9}` + "\n", "version 9"},
		"leads out":     {head(add("../x")), "leads out"},
		"absolute":      {head(add("/tmp/x")), "absolute"},
		"git":           {head(add(".git/hooks/pre-commit")), "protected"},
		"temps": {
			head(`{"path":"a","remove":true,"was":"?","temp":"a","backup":"../../x"}`), "changed by somebody else",
		},
		"huge size":     {head(`{"path":"x","size":9000000000000000000}`), ""},
		"negative size": {head(`{"path":"x","size":-1}`), ""},
		"other dir":     {strings.ReplaceAll(head(add("x")), "DIR", "/elsewhere"), "/elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKilled(t, false)
			k.die()
			text := strings.ReplaceAll(tt.head, "DIR", k.dir)
			if strings.Contains(text, evil) {
				text += "evil"
			}
			text += sumOf(text) + "\n" + editLogCommit
			if err := os.WriteFile(k.log, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := k.start(); tt.said == "" && got != "" || !strings.Contains(got, tt.said) {
				t.Errorf("said %q", got)
			}
			if got := strings.Join(noTemps(strings.Split(k.files(), " ")), " "); got != allBefore {
				t.Errorf("files %s", got)
			}
		})
	}
	t.Run("changed contents", func(t *testing.T) {
		k := newKilled(t, true)
		if err := k.b.publish(k.b.files[0]); err != nil {
			t.Fatal(err)
		}
		k.die()
		text, err := os.ReadFile(k.log)
		if err != nil {
			t.Fatal(err)
		}
		text = []byte(strings.Replace(string(text), "new b", "NEW b", 1))
		if err := os.WriteFile(k.log, text, 0o600); err != nil {
			t.Fatal(err)
		}
		k.want(`"a" is as it was to become, "d/b" is as it was before`, strings.Replace(allBefore, "old a", "new a", 1))
	})
	t.Run("link", func(t *testing.T) {
		k := newKilled(t, true)
		k.die()
		if err := os.Rename(k.log, k.log+"x"); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(k.log+"x", k.log); err != nil {
			t.Skip("no links here: ", err)
		}
		if got := k.start(); !strings.Contains(got, "is not a file of yours") {
			t.Errorf("said %q", got)
		}
	})
}
