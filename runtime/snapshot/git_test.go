//go:build unix

package snapshot

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// covered lists the files that the last scan covers.
func (s *space) covered() []string {
	var list []string
	for dir, entries := range s.last.dirs {
		for _, e := range entries {
			if e.kind == File && e.covered() {
				list = append(list, path.Join(dir, e.name))
			}
		}
	}
	slices.Sort(list)
	return list
}

// git itself says what it would ignore, for random trees and rules.
func TestIgnoresWhatGitIgnores(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	names := []string{"a", "b", "foo", "bar.o", "x.log", "sub", "deep", "a b", "[x]", "#h", "!n", "q?"}
	rule := []string{
		"*.o", "!bar.o", "foo", "/foo", "foo/", "sub/*", "!sub/foo", "**/deep", "deep/**", "a/**/b", "/a/b", `\#h`, `\!n`,
		"a b", `a\ b`, "x.log ", "[ab]", "[!a]", "[a-f]*", "*", "!*/", "q?", `q\?`, "**", "sub/", "!sub/", `\[x]`, "[[:alpha:]]",
		"b*", "*/foo", "#c", "", "/", "foo\r", "[x", "**foo", "s*b/d*p", "[]x]", `x.log\`, "a/", "/*", "!/a",
	}
	s := newSpace(t, Options{})
	s.sh("git init -q")
	for round := range 150 {
		s.clear()
		var dirs []string
		for range 12 {
			dir := "."
			for range r.IntN(4) {
				dir = path.Join(dir, names[r.IntN(len(names))])
			}
			file := path.Join(dir, names[r.IntN(len(names))]+"_")
			if r.IntN(2) == 0 {
				file = strings.TrimSuffix(file, "_")
			}
			if os.MkdirAll(s.path(dir), 0o755) == nil {
				dirs = append(dirs, dir)
				_ = os.WriteFile(s.path(file), []byte(file), 0o644) // it can be a directory
			}
		}
		var text string
		for range 1 + r.IntN(3) {
			dir := "."
			if r.IntN(2) == 0 {
				dir = dirs[r.IntN(len(dirs))]
			}
			var lines []string
			for range 1 + r.IntN(5) {
				lines = append(lines, rule[r.IntN(len(rule))])
			}
			s.write(path.Join(dir, ".gitignore"), strings.Join(lines, "\n"))
			text += fmt.Sprintf("%s: %q\n", dir, lines)
		}
		if round%3 == 0 { // what is tracked is never ignored
			cmd := "git add -f -- $(git ls-files -o | grep -v ' ' | grep foo | head -2)"
			s.sh("set -f; " + cmd + " >/dev/null 2>&1 || :")
		}
		if _, err := s.rescan(t.Context()); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("git", "-c", "core.excludesFile=/dev/null", "ls-files", "-co", "--exclude-standard", "-z")
		cmd.Dir = s.dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		if len(out) > 0 {
			want = strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, s.covered()); diff != "" {
			t.Fatalf("round %d, files (-git +got):\n%s\n%s", round, diff, text)
		}
	}
}

// The contents that git has are not copied until they change, whichever form
// its index and its objects have.
func TestContentsThatGitHas(t *testing.T) {
	for _, form := range []string{
		"git update-index --index-version 2", "git update-index --index-version 4",
		"git gc -q", "git gc -q --aggressive; git update-index --index-version 4",
		"git update-index --chmod=+x big && git update-index --chmod=-x big",
	} {
		t.Run(form, func(t *testing.T) {
			s := newSpace(t, Options{})
			var big strings.Builder
			for i := range 5000 {
				fmt.Fprintf(&big, "line %d\n", i*i)
			}
			s.write("big", big.String())
			s.write("dir/also-big", big.String()+"and more\n")
			s.write("dir/small", "small\n")
			s.sh("git init -q; git add -A; git commit -qm x")
			s.write("big", strings.Replace(big.String(), "line 16\n", "line sixteen\n", 1))
			s.sh("touch -d '1 hour ago' big dir/*; git add -A; git commit -qm y; " + form + "; git status -s; touch -d '1 hour' .git/index")
			before := s.tree()
			out := s.turn(func() {
				if got := s.heldBy(heldGit); len(got) != 3 {
					t.Fatalf("held by git: %v", got)
				}
				s.sh("echo x >> big; rm dir/also-big; chmod 755 dir/small")
			})
			if len(out.Changes) != 3 {
				t.Errorf("changes: %v", told(out.Changes))
			}
			noConflicts(t, s.revert(out.Changes))
			s.wantTree(before)
		})
	}
}

func (s *space) heldBy(h holding) []string {
	var list []string
	for dir, entries := range s.last.dirs {
		for _, e := range entries {
			if e.held == h {
				list = append(list, path.Join(dir, e.name))
			}
		}
	}
	return list
}

// If blob and file can differ, or git has lost an object, no wrong content is
// ever written.
func TestContentsThatGitHasNot(t *testing.T) {
	start := func(t *testing.T, setup string) *space {
		s := newSpace(t, Options{})
		s.write("f", "text\r\n")
		s.sh("git init -q; " + setup + "; git add -A; git commit -qm x; git status -s; touch -d '1 hour' .git/index")
		return s
	}
	for _, setup := range []string{
		"git config core.autocrlf input", "echo '* text=auto' > .gitattributes",
		"mkdir -p .git/info; echo 'f filter=x' > .git/info/attributes", "rm -rf .git; git init -q --object-format=sha256",
	} {
		t.Run(setup, func(t *testing.T) {
			s := start(t, setup)
			before := s.tree()
			out := s.turn(func() {
				if got := s.heldBy(heldGit); len(got) != 0 {
					t.Errorf("held by git: %v", got)
				}
				s.write("f", "other\n")
			})
			noConflicts(t, s.revert(out.Changes))
			s.wantTree(before)
		})
	}
	t.Run("lost", func(t *testing.T) {
		s := start(t, ":")
		out := s.turn(func() {
			s.sh("rm -rf .git/objects/??; echo x > f")
		})
		if got := out.Changes[0].Before.Uncovered; !strings.Contains(got, "git has lost its content") {
			t.Errorf("before: %+v", out.Changes[0].Before)
		}
		r := s.revert(out.Changes)
		if len(r.Conflicts) != 1 || len(r.Changes) != 0 {
			t.Errorf("reverted %+v", r)
		}
	})
	t.Run("damaged", func(t *testing.T) {
		s := start(t, ":")
		s.sh(`id=$(printf 'forgd\n' | git hash-object -w --stdin); to=$(git rev-parse :f)
			chmod -R u+w .git/objects
			cp .git/objects/$(echo $id | sed 's,^..,&/,') .git/objects/$(echo $to | sed 's,^..,&/,')`)
		out := s.turn(func() { s.write("f", "other\n") })
		if got := out.Changes[0].Before.Uncovered; !strings.Contains(got, "damaged") {
			t.Errorf("before: %+v", out.Changes[0].Before)
		}
	})
	t.Run("filtered once", func(t *testing.T) {
		s := start(t, "git config filter.x.clean 'echo pointer'; mkdir -p .git/info; echo 'f filter=x' > .git/info/attributes")
		s.sh("rm .git/info/attributes")
		out := s.turn(func() { s.write("f", "other\n") })
		if got := out.Changes[0].Before.Uncovered; !strings.Contains(got, "git has lost its content") {
			t.Errorf("before: %+v", out.Changes[0].Before)
		}
	})
	t.Run("link to another repository", func(t *testing.T) {
		s := start(t, "git config x.y z")
		s.sh("mv .git ../elsewhere; ln -s ../elsewhere .git")
		if _, err := s.rescan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.heldBy(heldGit); len(got) != 0 {
			t.Errorf("held by git: %v", got)
		}
	})
}
