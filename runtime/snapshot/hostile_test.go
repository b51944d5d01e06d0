//go:build unix

package snapshot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Names that break tools, special files, and files that nobody can hold.
func TestHostileTree(t *testing.T) {
	s := newSpace(t, Options{})
	deep := strings.Repeat("d/", maxDepth+20) + "f"
	s.write("new\nline", "1")
	s.write("-rf", "2")
	s.write("bad\xff\xfe", "3")
	s.write(deep, "too deep")
	s.write(".pygent-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "somebody's write")
	s.sh("mkfifo fifo; truncate -s 10G sparse; ln -s / outside; ln -s loop loop; mkdir node_modules")
	before := s.tree()
	out := s.turn(func() {
		s.write("new\nline", "changed")
		s.write("bad\xff\xfe", "changed")
		s.sh("rm -- -rf; mkfifo other; truncate -s 11G sparse; rm outside; ln -s /etc outside")
	})
	reasons := map[string]string{}
	for _, l := range out.Left {
		reasons[string(l.Path)] = l.Reason
	}
	for name, want := range map[string]string{
		"fifo": "not a file", "sparse": "larger than", "node_modules": "left out",
		strings.Repeat("d/", maxDepth) + "d": "deeper than",
	} {
		if !strings.Contains(reasons[name], want) {
			t.Errorf("left out %.40q: %q, want %q", name, reasons[name], want)
		}
	}
	r := s.revert(out.Changes)
	if len(r.Conflicts) != 2 || r.Conflicts[0].Path != "other" || r.Conflicts[1].Path != "sparse" {
		t.Errorf("conflicts %+v", r.Conflicts)
	}
	s.sh("rm other; truncate -s 10G sparse")
	s.wantTree(before)
}

// Scanned files can be replaced by links to elsewhere before a revert.
func TestRevertFollowsNoLink(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("f", "old\n")
	s.write("dir/g", "old\n")
	s.write("gone/h", "old\n")
	s.sh("mkdir -p ../victim; echo new > ../victim/f; echo new > ../victim/g")
	out := s.turn(func() { s.sh("echo new > f; echo new > dir/g; rm -r gone") })
	s.sh("rm -r f dir; ln -s ../victim/f f; ln -s ../victim dir; ln -s ../victim gone")
	r := s.revert(out.Changes)
	if len(r.Changes) != 0 || len(r.Conflicts) != 4 {
		t.Errorf("reverted %+v", r)
	}
	s.sh(`test "$(cat ../victim/*)" = "new
new" && test $(ls -A ../victim | wc -l) = 2`)
}

// A hard link to a file outside is replaced; the file outside is not written.
func TestRevertCutsHardLinks(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("f", "old\n")
	out := s.turn(func() { s.sh("echo new > f") })
	s.sh("ln f ../outside")
	noConflicts(t, s.revert(out.Changes))
	s.sh(`test "$(cat ../outside) $(cat f)" = "new old"`)
}

func TestReadOnlyDirectory(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("ro/f", "old\n")
	s.sh("chmod 555 ro")
	before := s.tree()
	out := s.turn(func() { s.sh("echo new > ro/f") })
	asUser(t, s, func() {
		noConflicts(t, s.revert(out.Changes))
		s.wantTree(before)
	})
	s.sh("chmod 755 ro")
}

// asUser runs do without root's rights, when there are any.
func asUser(t *testing.T, s *space, do func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		const nobody = 65534
		for dir := filepath.Dir(s.dir); strings.Count(dir, "/") > 1; dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		s.sh("chown -R 65534 .. ; chmod 755 ..")
		if err := syscall.Seteuid(nobody); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := syscall.Seteuid(0); err != nil {
				panic(err)
			}
		}()
	}
	do()
}

func TestUnreadableAsOrdinaryUser(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("secret", "x")
	s.write("closed/f", "x")
	s.sh("chmod 000 secret closed")
	asUser(t, s, func() {
		out := s.turn(func() { s.write("new", "x") })
		if len(out.Left) != 2 || len(out.Changes) != 1 {
			t.Errorf("outcome %+v", out)
		}
		noConflicts(t, s.revert(out.Changes))
	})
	s.sh("chmod 700 closed")
}

func TestCaps(t *testing.T) {
	s := newSpace(t, Options{MaxFiles: 3})
	for _, name := range []string{"a", "b", "c", "d"} {
		s.write(name, name)
	}
	u := s.Begin(t.Context(), "", "t")
	if err := u.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "more than 3 files") {
		t.Errorf("ready: %v", err)
	}
	if err := u.PreImage("a"); err != nil { // without a scan nothing else is known
		t.Fatal(err)
	}
	s.write("a", "changed")
	out, err := u.End(t.Context())
	if err == nil || len(out.Changes) != 1 {
		t.Errorf("end: %+v, %v", out, err)
	}
	noConflicts(t, s.revert(out.Changes))
	if _, err := Open(s.dir, s.path("inside"), Options{}); err == nil {
		t.Error("a store in the workspace was opened")
	}
	if _, err := os.Stat(s.path("inside")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("and made: %v", err)
	}
}

// Tools can write before the first scan is done, and to paths that it leaves
// out.
func TestPreImages(t *testing.T) {
	s := newSpace(t, Options{})
	s.sh("git init -q; echo .env > .gitignore; echo old > .env; ln -s real link; echo old > real")
	before := s.tree()
	u := &Turn{t: s.Tracker, ready: make(chan struct{}), pre: map[string]State{}, wrote: map[string]bool{}}
	for _, name := range []string{"link", "new/dir/f", "../x", "/etc/passwd"} {
		if err := u.PreImage(name); err != nil {
			t.Fatal(err)
		}
	}
	s.sh("echo new > link; mkdir -p new/dir; echo f > new/dir/f")
	u.before, u.err = s.rescan(t.Context())
	close(u.ready)
	if err := u.PreImage(".env"); err != nil {
		t.Fatal(err)
	}
	s.sh("echo new > .env")
	out, err := u.End(t.Context())
	if err != nil || len(out.Changes) != 5 {
		t.Fatalf("%v, %v", told(out.Changes), err)
	}
	noConflicts(t, s.revert(out.Changes))
	s.wantTree(before)
}

// A revert does not change files inside repositories and makes no repository;
// other protected files are reverted, because the user asks for it.
func TestRevertAndRepositories(t *testing.T) {
	s := newSpace(t, Options{})
	for _, name := range []string{".envrc", ".hg/hgrc", "srv.git/HEAD", "srv.git/objects/x", "srv.git/refs/x", "srv.git/config", "parts/HEAD", "parts/objects/x", "parts/refs/x"} {
		s.write(name, "old\n")
	}
	out := s.turn(func() {
		s.sh("echo new > .envrc; echo new > .hg/hgrc; echo new > srv.git/config; rm -r parts; mkdir -p bare/objects bare/refs; echo x > bare/HEAD")
	})
	r := s.revert(out.Changes)
	var done, left []string
	for _, c := range r.Changes {
		done = append(done, string(c.Path))
	}
	for _, c := range r.Conflicts {
		if !strings.HasPrefix(c.Reason, "protected: ") {
			t.Errorf("%+v", c)
		}
		left = append(left, string(c.Path))
	}
	want := []string{".envrc", "parts", "parts/HEAD", "parts/objects", "parts/objects/x"}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("reverted (-want +got):\n%s", diff)
	}
	want = []string{".hg/hgrc", "bare", "bare/HEAD", "bare/objects", "bare/refs", "parts/refs", "parts/refs/x", "srv.git/config"}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}
