//go:build unix

package search

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHostileTree: links, special files and odd names neither stop a search nor lead it
// out of the workspace.
func TestHostileTree(t *testing.T) {
	everySystem(t, func(t *testing.T) {
		outside := t.TempDir()
		must(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("needle\n"), 0o600))
		ws := tree(t, map[string]string{"a/f": "needle\n", "new\nline": "needle\n", "bad\xff": "needle\n", "-rf": "needle\n", "a/.pygent-ABCDEFGHIJKLMNOPQRSTUVWXYZ": "needle\n"})
		for name, to := range map[string]string{"loop": "loop", "a/up": "..", "a/self": ".", "out": outside, "outfile": filepath.Join(outside, "secret"), "rel": "../../../etc", ".gitignore": filepath.Join(outside, "rules")} {
			must(t, os.Symlink(to, filepath.Join(ws.Dir(), name)))
		}
		must(t, os.WriteFile(filepath.Join(outside, "rules"), []byte("*\n"), 0o600))
		must(t, unix.Mkfifo(filepath.Join(ws.Dir(), "fifo"), 0o644))
		must(t, unix.Mkfifo(filepath.Join(ws.Dir(), "a/.gitignore"), 0o644))
		deep := ws.Dir()
		for range 60 { // deeper than a path can name
			deep = filepath.Join(deep, strings.Repeat("d", 100))
			if err := os.Mkdir(deep, 0o755); err != nil {
				break
			}
		}
		lines, res := grepped(t, ws, GrepOptions{Pattern: "needle"})
		want := []string{"-rf:1: needle", "a/f:1: needle", "bad\xff:1: needle", "new\nline:1: needle"}
		if !slices.Equal(lines, want) || res.Missed.TimedOut {
			t.Errorf("%q, %+v", lines, res.Missed)
		}
		names := globbed(t, ws, "**", "")
		for _, name := range names {
			if strings.Contains(name, "secret") || strings.Contains(name, "fifo") {
				t.Errorf("%q is found", name)
			}
		}
		if len(names) != 4+7 {
			t.Errorf("%q", names)
		}
		for path, want := range map[string]string{"fifo": "neither a file nor a directory", "outfile": "absolute link", "loop": "levels of symbolic links", "rel": "leads out"} {
			if _, err := Grep(t.Context(), ws, GrepOptions{Pattern: "x", Path: path}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", path, err)
			}
		}
	})
}

// failing is an opener with directories that cannot be opened, whoever runs the test.
type failing struct {
	opener
	err error
}

func (f failing) open(path string) (folder, error) {
	if strings.HasPrefix(filepath.Base(path), "locked") {
		return nil, &os.PathError{Op: "open", Path: path, Err: f.err}
	}
	return f.opener.open(path)
}

func TestUnreadableDirectories(t *testing.T) {
	files := map[string]string{"f": "needle\n"}
	for i := range 8 {
		files[fmt.Sprintf("locked%d/f", i)] = "needle\n"
	}
	ws := tree(t, files)
	for err, want := range map[error]string{syscall.EACCES: "locked0/ locked1/ locked2/ locked3/ locked4/ 3", syscall.ENOENT: "0", syscall.EMFILE: "locked0/ locked1/ locked2/ locked3/ locked4/ 3"} {
		makeOpener = func(root *os.Root) (opener, error) {
			own, err2 := newOpener(root)
			return failing{own, err}, err2
		}
		lines, res := grepped(t, ws, GrepOptions{Pattern: "needle"})
		_, complete, findErr := Find(t.Context(), ws, "f", 0)
		makeOpener = newOpener
		var told []string
		for _, p := range res.Missed.Problems {
			told = append(told, p.Path)
			if !errors.Is(p.Err, err) {
				t.Error(p.Err)
			}
		}
		if got := strings.Join(append(told, fmt.Sprint(res.Missed.More)), " "); got != want || len(lines) != 1 {
			t.Errorf("%v: %s, %q", err, got, lines)
		}
		if findErr != nil || complete != (want == "0") {
			t.Errorf("%v: Find is complete: %v, %v", err, complete, findErr)
		}
	}
}

// TestChangingTree: files and directories that come, go, grow and become links during
// searches are no faults.
func TestChangingTree(t *testing.T) {
	everySystem(t, func(t *testing.T) {
		ws := tree(t, map[string]string{"fixed": "needle\n"})
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		defer all.Wait()
		defer cancel()
		for n := range 2 {
			all.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					dir := filepath.Join(ws.Dir(), fmt.Sprintf("d%d", n), "e")
					_ = os.MkdirAll(dir, 0o755)
					_ = os.WriteFile(filepath.Join(dir, "f"), []byte(strings.Repeat("needle\n", i%1000)), 0o644)
					_ = os.Remove(filepath.Join(dir, "l"))
					_ = os.Symlink([]string{"f", "/etc", ".."}[i%3], filepath.Join(dir, "l"))
					_ = os.RemoveAll(filepath.Dir(dir))
					_ = os.Symlink("/", filepath.Dir(dir))
					_ = os.Remove(filepath.Dir(dir))
				}
			})
		}
		for range 200 {
			res, err := Grep(t.Context(), ws, GrepOptions{Pattern: "needle|root:", FilesOnly: true})
			must(t, err)
			found := false
			for _, f := range res.Files {
				found = found || f.Path == "fixed"
				if strings.Contains(f.Path, "/l") || strings.Contains(f.Path, "etc") {
					t.Fatalf("%q", f.Path)
				}
			}
			if !found || len(res.Missed.Problems) > 0 {
				t.Fatalf("%+v", res)
			}
			_, err = Glob(t.Context(), ws, GlobOptions{Pattern: "**"})
			must(t, err)
		}
	})
}

// slow is an opener whose directories take until the end of the search.
type slow struct {
	opener
	opened chan<- struct{}
	until  <-chan struct{}
}

func (s slow) open(path string) (folder, error) {
	if path == "slow" {
		close(s.opened)
		<-s.until
	}
	return s.opener.open(path)
}

// TestCancel: a search that is cancelled in the middle ends, with ctx's error and no file
// left open.
func TestCancel(t *testing.T) {
	files := map[string]string{}
	for i := range 300 {
		files[fmt.Sprintf("slow/f%d", i)] = "needle\n"
	}
	ws := tree(t, files)
	before := openFiles(t)
	for name, search := range map[string]func(context.Context) error{
		"grep": func(ctx context.Context) error { _, err := Grep(ctx, ws, GrepOptions{Pattern: "needle"}); return err },
		"glob": func(ctx context.Context) error { _, err := Glob(ctx, ws, GlobOptions{Pattern: "**"}); return err },
		"find": func(ctx context.Context) error { _, _, err := Find(ctx, ws, "f", 0); return err },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		opened, until := make(chan struct{}), make(chan struct{})
		makeOpener = func(root *os.Root) (opener, error) {
			own, err := newOpener(root)
			return slow{own, opened, until}, err
		}
		done := make(chan error, 1)
		go func() { done <- search(ctx) }()
		<-opened
		cancel()
		close(until)
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		makeOpener = newOpener
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d files are open, %d were before", after, before)
	}
}

// TestOutOfTime: what was not searched is counted.
func TestOutOfTime(t *testing.T) {
	files := map[string]string{"first": "needle\n"}
	for i := range 300 {
		files[fmt.Sprintf("slow/f%d", i)] = "needle\n"
	}
	ws := tree(t, files)
	opened, until := make(chan struct{}), make(chan struct{})
	makeOpener = func(root *os.Root) (opener, error) {
		own, err := newOpener(root)
		return slow{own, opened, until}, err
	}
	defer func() { makeOpener = newOpener }()
	g, err := newGrep(GrepOptions{Pattern: "needle"})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-opened
		cancel()
		close(until)
	}()
	missed, err := g.walk(ctx, ws, ".")
	must(t, err)
	if !missed.TimedOut || missed.Files != 300 || missed.Dirs != 0 {
		t.Errorf("%+v", missed)
	}
	if found, _ := g.found.result(); len(found) != 1 || found[0].Path != "first" {
		t.Errorf("%+v", found)
	}
}

// endless is a file that grows as fast as it is read.
type endless struct{ size int64 }

func (e endless) Size() int64 { return e.size }
func (endless) Close() error  { return nil }
func (endless) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		p[i] = "line\n"[(off+int64(i))%5]
	}
	return len(p), nil
}

// TestGrowingFile: what is added to a file during its search does not count.
func TestGrowingFile(t *testing.T) {
	for _, size := range []int64{5, 4096, fileBuffer, fileBuffer + 5, 3*fileBuffer + 1} {
		res, err := GrepText(t.Context(), "log", endless{size}, GrepOptions{Pattern: "line"})
		must(t, err)
		if got, want := res.Files[0].Matches, int(size+1)/5; got != want {
			t.Errorf("%d bytes: %d matches, want %d", size, got, want)
		}
	}
}

func TestPanicInAWorker(t *testing.T) {
	ws := tree(t, map[string]string{"d/f": ""})
	defer func() {
		if v := recover(); v != "oh dear" {
			t.Errorf("recovered %v", v)
		}
	}()
	w, err := newWalk(t.Context(), ws)
	must(t, err)
	defer w.close()
	w.visit = func(int, *place, folder, entry) { panic("oh dear") }
	at, err := w.place(ws, ".", false)
	must(t, err)
	w.run(at)
	t.Error("no panic")
}

func openFiles(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(all)
}
