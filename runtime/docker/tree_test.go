package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

// listing is a directory tree: a name with its type and bits, to its content.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(full string, d fs.DirEntry, err error) error {
		if err != nil || full == dir {
			return err
		}
		name, _ := filepath.Rel(dir, full)
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case info.IsDir():
			all[name+"/"] = ""
		case info.Mode()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(full)
			all[name] = "-> " + target
		default:
			text, err := os.ReadFile(full)
			if err != nil {
				return err
			}
			all[name] = fmt.Sprintf("%o %s", info.Mode().Perm(), text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// copied makes an executor whose files are copied.
func copied(t *testing.T) (*Executor, string) {
	t.Helper()
	ws := workspace(t)
	return executor(t, ws, Options{NoMount: true}), ws.Dir()
}

func put(t *testing.T, dir, name, text string, mode fs.FileMode) {
	t.Helper()
	full := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), mode), os.Chmod(full, mode)); err != nil {
		t.Fatal(err)
	}
}

func TestTreeGoesBothWays(t *testing.T) {
	e, dir := copied(t)
	put(t, dir, "a/script", "#!/bin/sh\necho ran\n", 0o755)
	put(t, dir, "a/private", "p", 0o600)
	put(t, dir, "with space\nand -newline", "x", 0o644)
	put(t, dir, "-rf", "x", 0o644)
	if err := errors.Join(os.Symlink("a/script", filepath.Join(dir, "link")), os.MkdirAll(filepath.Join(dir, "empty"), 0o755)); err != nil {
		t.Fatal(err)
	}
	out, _ := sh(t, e, `./a/script; ./link; cat a/private; ls -d empty; find . -type f | grep -c .`)
	if out != "ran\nran\npempty\n5\n" {
		t.Errorf("there: %q", out)
	}
	sh(t, e, `mkdir -p b/c && echo new >b/c/new && chmod 750 b/c/new && ln -s c/new b/l && ln b/c/new b/hard
		echo q >a/private; rm -rf empty ./-rf; rm link; mkdir link; echo in >link/in; : >b/empty`)
	want := map[string]string{
		"a/": "", "a/script": "755 #!/bin/sh\necho ran\n", "a/private": "600 q\n", "with space\nand -newline": "644 x",
		"link/": "", "link/in": "644 in\n", "b/": "", "b/c/": "", "b/c/new": "750 new\n", "b/hard": "750 new\n", "b/l": "-> c/new", "b/empty": "644 ",
	}
	if diff := cmp.Diff(want, listing(t, dir)); diff != "" {
		t.Error(diff)
	}
	// The same size within the same second.
	sh(t, e, "printf 1111 >f")
	sh(t, e, "printf 2222 >f")
	if got := listing(t, dir)["f"]; got != "644 2222" {
		t.Errorf("a change of the same size: %q", got)
	}
	put(t, dir, "f", "3333", 0o644)
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, "b")), os.RemoveAll(filepath.Join(dir, "link")), os.WriteFile(filepath.Join(dir, "link"), []byte("file"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if out, _ := sh(t, e, "cat f link; echo *"); out != "3333filea f link with space\nand -newline\n" {
		t.Errorf("after changes here: %q", out)
	}
}

// TestTreeKeepsWhatMustNotCome: skipped files are reported once and stay in the
// container. It runs without a supervisor, which prevents set-user-ID files.
func TestTreeKeepsWhatMustNotCome(t *testing.T) {
	ws := workspace(t)
	e, dir := executor(t, ws, Options{NoMount: true, NoSupervisor: true}), ws.Dir()
	script := `ln -s /etc/passwd abs; ln -s ../../x up; mkfifo pipe; echo s >suid; chmod 4755 suid; mkdir d; ln -s ../abs d/ok; echo plain >plain`
	out, _ := sh(t, e, script)
	for _, name := range []string{"abs", "up", "pipe", "suid"} {
		if !strings.Contains(out, fmt.Sprintf("[not copied back from the container: %q: ", name)) {
			t.Errorf("%s is not told of: %q", name, out)
		}
	}
	if diff := cmp.Diff(map[string]string{"plain": "644 plain\n", "d/": "", "d/ok": "-> ../abs"}, listing(t, dir)); diff != "" {
		t.Error(diff)
	}
	if out, _ := sh(t, e, "readlink abs; readlink up; ls pipe suid"); out != "/etc/passwd\n../../x\npipe\nsuid\n" {
		t.Errorf("the next command: %q", out)
	}
	many, _ := sh(t, e, "i=0; while [ $i -lt 30 ]; do ln -s / out$i; i=$((i+1)); done")
	if n := strings.Count(many, "not copied back"); n != maxTold || !strings.Contains(many, "[and 20 more]") {
		t.Errorf("%d of 30 told: %q", n, many)
	}
}

// TestTreeThroughLinks tries to write a file through a link that leads out.
func TestTreeThroughLinks(t *testing.T) {
	e, dir := copied(t)
	outside := t.TempDir()
	put(t, outside, "victim", "old", 0o644)
	if err := os.Symlink(outside, filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	// In the workspace, out is a link that leads out; in the container it
	// becomes a directory.
	sh(t, e, "rm out; mkdir out; echo evil >out/victim; echo evil >out/new")
	if diff := cmp.Diff(map[string]string{"victim": "644 old"}, listing(t, outside)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"out/": "", "out/victim": "644 evil\n", "out/new": "644 evil\n"}, listing(t, dir)); diff != "" {
		t.Error(diff)
	}
	// A link appears in the workspace while the command runs.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var text bytes.Buffer
	_, err := e.Exec(ctx, runtime.Command{Script: "echo; mkdir late; sleep 1; echo evil >late/victim"}, onStart(&text, func() {
		_ = os.Symlink(outside, filepath.Join(dir, "late"))
	}))
	t.Log(err)
	if diff := cmp.Diff(map[string]string{"victim": "644 old"}, listing(t, outside)); diff != "" {
		t.Error(diff)
	}
}

func onStart(out *bytes.Buffer, do func()) writerFunc {
	return func(p []byte) (int, error) {
		if out.Len() == 0 {
			do()
		}
		return out.Write(p)
	}
}

func TestTreeIsBounded(t *testing.T) {
	e, dir := copied(t)
	sh(t, e, "true")
	e.current.tree.limit.files = 50
	var out bytes.Buffer
	_, err := e.Exec(t.Context(), runtime.Command{Script: "i=0; while [ $i -lt 51 ]; do : >f$i; i=$((i+1)); done"}, &out)
	if !errors.Is(err, runtime.ErrUnavailable) || !errors.Is(err, runtime.ErrTooLarge) {
		t.Errorf("too many files: %v", err)
	}
	if out, _ := sh(t, e, "rm f*; ls"); out != "" {
		t.Errorf("after that: %q", out)
	}
	big := filepath.Join(dir, "big")
	if err := errors.Join(os.WriteFile(big, nil, 0o644), os.Truncate(big, maxTreeBytes+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Exec(t.Context(), runtime.Command{Script: "true"}, &out); !errors.Is(err, runtime.ErrTooLarge) {
		t.Errorf("too many bytes: %v", err)
	}
}

// TestTreeShowsALongCommandsFiles while it runs.
func TestTreeShowsALongCommandsFiles(t *testing.T) {
	e, dir := copied(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := e.Exec(ctx, runtime.Command{Script: "echo early >early; sleep 600"}, &bytes.Buffer{})
		ended <- err
	}()
	eventually(t, "the file is here", 20*time.Second, func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "early"))
		return string(text) == "early\n"
	})
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestTreeSendsWhatKeepsItsTime changes a file so that its size and time stay
// the same.
func TestTreeSendsWhatKeepsItsTime(t *testing.T) {
	e, dir := copied(t)
	put(t, dir, "f", "old", 0o644)
	sh(t, e, "true")
	name := filepath.Join(dir, "f")
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "f", "new", 0o644)
	if err := os.Chtimes(name, time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if stampOf(info) == (stamp{}) {
		t.Skip("this system tells nothing else")
	}
	if out, _ := sh(t, e, "cat f"); out != "new" {
		t.Errorf("there: %q", out)
	}
}

// TestTreeSendsNothingTwice checks what a transfer would send after transfers
// in both directions.
func TestTreeSendsNothingTwice(t *testing.T) {
	e, dir := copied(t)
	put(t, dir, "a/f", "x", 0o644)
	if err := os.Symlink("f", filepath.Join(dir, "a", "link")); err != nil {
		t.Fatal(err)
	}
	sh(t, e, "echo y >a/f; echo z >g; mkdir d; ln -s g l; ln g hard")
	sh(t, e, "true")
	root, done, err := e.current.tree.begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	changed, removed, err := e.current.tree.compare(root)
	if err != nil || len(changed)+len(removed) > 0 {
		t.Errorf("would send %q and remove %q, %v", changed, removed, err)
	}
}
